from tests.app.accounts.kit import app_on_simulator, office, running_simulator, sim
from tests.app.accounts.people import people

__all__ = ["app_on_simulator", "office", "people", "running_simulator", "sim"]
