from flask import Blueprint

bp = Blueprint("system", __name__)
