"""What units offer to the rooms above: the tree, people and their roles, signing in, tokens."""

from app.units.granting import grant, revoke
from app.units.managing import get_user
from app.units.people import (
    change_password,
    create_user,
    deactivate_user,
    people_of,
    reactivate_user,
    reset_password,
    set_locale,
)
from app.units.second_factor import reset_second_factor
from app.units.sign_in import authenticate, find_user, user_of_session
from app.units.sites import own_site_domains, set_site_domains, site_domains
from app.units.tokens import actor_by_token, issue_token, revoke_token, tokens_of
from app.units.tree import LEVEL_WORDS, create_unit, find_unit, get_unit, unit_tree, units_of

__all__ = [
    "LEVEL_WORDS",
    "actor_by_token",
    "authenticate",
    "change_password",
    "create_unit",
    "create_user",
    "deactivate_user",
    "find_unit",
    "find_user",
    "get_unit",
    "get_user",
    "grant",
    "issue_token",
    "own_site_domains",
    "people_of",
    "reactivate_user",
    "reset_password",
    "reset_second_factor",
    "revoke",
    "revoke_token",
    "set_locale",
    "set_site_domains",
    "site_domains",
    "tokens_of",
    "unit_tree",
    "units_of",
    "user_of_session",
]
