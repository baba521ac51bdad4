from tests.app.accounts.kit import app_on_simulator, office, running_simulator, sim

__all__ = ["app_on_simulator", "office", "running_simulator", "sim"]
