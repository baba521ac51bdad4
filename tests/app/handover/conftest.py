from tests.app.review.conftest import call, enter, world

__all__ = ["call", "enter", "world"]
