from flask import Blueprint

bp = Blueprint("workbench", __name__)
