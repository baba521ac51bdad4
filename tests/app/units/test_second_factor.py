"""Two-step verification: set up, asked for, used once, guessed in vain, lost, reset, required."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.audit.models import Event
from app.audit.services import verify
from app.db import db
from app.errors import Conflict, Forbidden, Invalid, NotFound, TandemError, Unauthenticated
from app.notices.models import Notice
from app.units import second_factor
from app.units.access import Actor, actor_for
from app.units.factors import kinds_of, recovery_codes_left
from app.units.models import User
from app.units.people import change_password
from app.units.sign_in import authenticate, finish, prove_by_code, prove_by_password
from tests.app.units.conftest import PASSWORD, Town
from tests.app.units.trusted import code_at, give_authenticator, wrong_code

Acts = Callable[[User], Actor]
HALF_MINUTE = timedelta(seconds=30)


def enter(user: User, code: str, now: datetime) -> str:
    """How the second step was taken; after the right password."""
    found = authenticate(user.email, PASSWORD, origin="203.0.113.7", now=now).user
    return finish(found.id, found.session_epoch, code, origin="203.0.113.7", now=now).how


def refused(user: User, code: str, now: datetime) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        enter(user, code, now)
    return refusal.value.message


def actions(user: User) -> list[str]:
    query = select(Event.action).where(Event.object_id == user.id).order_by(Event.seq)
    return list(db.session.scalars(query))


def test_set_up_with_a_first_code_and_then_asked_for(town: Town, acts: Acts, now: datetime) -> None:
    actor = acts(town.author)
    second_factor.begin(actor, now=now)
    shared = second_factor.pending(actor, now=now)
    assert shared is not None
    assert second_factor.pending(actor, now=now + timedelta(minutes=16)) is None
    secret, address = shared
    assert address.startswith("otpauth://totp/Tandem")
    with pytest.raises(Invalid):
        second_factor.confirm(actor, wrong_code(secret, now), now=now)
    assert authenticate(town.author.email, PASSWORD, origin="", now=now).user.last_sign_in_at == now
    codes = second_factor.confirm(actor, code_at(secret, now), now=now)
    assert (len(set(codes)), recovery_codes_left(actor.user_id)) == (10, 10)
    assert second_factor.pending(actor, now=now) is None
    with pytest.raises(Conflict):
        second_factor.begin(actor, now=now)

    later = now + timedelta(minutes=5)
    assert authenticate(town.author.email, PASSWORD, origin="", now=later).user.last_sign_in_at == now, (
        "not signed in yet"
    )
    assert enter(town.author, code_at(secret, later), later) == "totp"
    assert db.session.get_one(User, actor.user_id).last_sign_in_at == later
    stored = db.session.execute(text("SELECT secret FROM second_factors")).scalar_one()
    assert secret not in stored
    assert not any(
        code.replace("-", "") in str(db.session.execute(text("SELECT * FROM recovery_codes")).all()) for code in codes
    )
    halves = ["user.half_sign_in"] * 2
    begun = ["user.second_factor_begin", "user.sign_in", "user.second_factor_on"]
    assert actions(town.author)[-6:] == [*begun, *halves, "user.sign_in"]
    assert verify() == []


def test_a_code_is_used_once_and_so_are_all_before_it(town: Town, acts: Acts, now: datetime) -> None:
    secret, _codes = give_authenticator(acts(town.author), now)
    words = {refused(town.author, code_at(secret, now), now)}
    later = now + 4 * HALF_MINUTE
    code = code_at(secret, later)
    assert enter(town.author, f" {code[:3]} {code[3:]} ", later) == "totp"
    words.add(refused(town.author, code, later))
    words.add(refused(town.author, code_at(secret, later, -1), later))
    words.add(refused(town.author, wrong_code(secret, later), later))
    with pytest.raises(Unauthenticated) as refusal:
        prove_by_code(acts(town.author), code, now=later)
    assert words == {refusal.value.message}, "one sentence, whatever was wrong"
    ahead = later + HALF_MINUTE
    prove_by_code(acts(town.author), code_at(secret, ahead), now=ahead)


def test_of_two_browsers_with_one_code_at_once_only_one_gets_in(
    town: Town, acts: Acts, app: Flask, now: datetime
) -> None:
    secret, codes = give_authenticator(acts(town.author), now)
    later = now + timedelta(minutes=1)
    user_id, epoch = town.author.id, town.author.session_epoch
    db.session.rollback()
    for code in (code_at(secret, later), codes[0]):
        together, entered = threading.Barrier(2), []

        def go(code: str = code, together: threading.Barrier = together, entered: list[str] = entered) -> None:
            with app.app_context():
                together.wait()
                with contextlib.suppress(Unauthenticated):
                    entered.append(finish(user_id, epoch, code, origin="", now=later).how)
                db.session.remove()

        both = [threading.Thread(target=go) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert len(entered) == 1


def test_two_first_set_ups_at_once_come_one_after_the_other(town: Town, acts: Acts, app: Flask, now: datetime) -> None:
    actor, together, wrong = acts(town.author), threading.Barrier(2), list[Exception]()
    db.session.rollback()

    def go() -> None:
        with app.app_context():
            together.wait()
            try:
                second_factor.begin(actor, now=now)
            except Exception as fault:  # noqa: BLE001
                wrong.append(fault)
            db.session.remove()

    both = [threading.Thread(target=go) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert wrong == []
    assert second_factor.pending(actor, now=now) is not None


def test_codes_far_from_now_are_wrong(town: Town, acts: Acts, now: datetime) -> None:
    secret, _codes = give_authenticator(acts(town.author), now)
    later = now + timedelta(hours=1)
    for steps in (-2, 2):
        refused(town.author, code_at(secret, later, steps), later)
    assert enter(town.author, code_at(secret, later, 1), later) == "totp"


@pytest.mark.parametrize("rubbish", ["", "１２３", "٠٠٠٠٠٠", "x" * 5000, "AAAA-BBBB-CCCC-DDDD", "😀"])
def test_rubbish_is_a_wrong_code(town: Town, acts: Acts, now: datetime, rubbish: str) -> None:
    give_authenticator(acts(town.author), now)
    refused(town.author, rubbish, now)


def test_guessing_codes_locks_and_the_right_password_between_does_not_help(
    town: Town, acts: Acts, now: datetime
) -> None:
    secret, codes = give_authenticator(acts(town.author), now)
    later = now + timedelta(minutes=1)
    words = {refused(town.author, wrong_code(secret, later), later) for _ in range(4)}
    found = authenticate(town.author.email, PASSWORD, origin="", now=later).user
    half = (found.id, found.session_epoch)
    words.add(refused(town.author, wrong_code(secret, later), later))
    for code in (code_at(secret, later), codes[0]):
        with pytest.raises(Unauthenticated) as refusal:
            finish(*half, code, origin="", now=later)
        words.add(refusal.value.message)
    assert len(words) == 1
    assert "user.locked" in actions(town.author)
    assert refused(town.author, code_at(secret, later), later) in words, "nor from the beginning"
    after = later + timedelta(minutes=15)
    assert enter(town.author, codes[0], after) == "recovery"


def test_wrong_passwords_and_wrong_codes_are_counted_apart(town: Town, acts: Acts, now: datetime) -> None:
    """Any stranger can type wrong passwords: they hold up no second step."""
    secret, _codes = give_authenticator(acts(town.author), now)
    later = now + timedelta(minutes=1)
    half = authenticate(town.author.email, PASSWORD, origin="", now=later)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            authenticate(town.author.email, "wrong", origin="", now=later)
    until = later + timedelta(minutes=15)
    assert db.session.get_one(User, town.author.id).locked_until == until
    for _ in range(4):
        with pytest.raises(Unauthenticated):
            finish(town.author.id, half.epoch, wrong_code(secret, later), origin="", now=later)
    assert finish(town.author.id, half.epoch, code_at(secret, later), origin="", now=later).how == "totp"
    user = db.session.get_one(User, town.author.id)
    assert (user.failed_codes, user.locked_until) == (0, until), "the strangers stay locked out"
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            prove_by_code(acts(town.author), "000000", now=later)
    assert db.session.get_one(User, town.author.id).codes_locked_until == until
    with pytest.raises(Unauthenticated):
        prove_by_code(acts(town.author), code_at(secret, later, 1), now=later)


def test_guessing_the_password_at_an_open_screen_locks(town: Town, acts: Acts, now: datetime) -> None:
    actor = acts(town.author)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            prove_by_password(actor, "wrong", now=now)
    with pytest.raises(Unauthenticated):
        prove_by_password(actor, PASSWORD, now=now)
    prove_by_password(actor, PASSWORD, now=now + timedelta(minutes=15))
    assert actions(town.author)[-2:] == ["user.locked", "user.prove"]


def test_each_recovery_code_works_once_and_a_new_batch_voids_the_old(town: Town, acts: Acts, now: datetime) -> None:
    actor = acts(town.author)
    _secret, codes = give_authenticator(actor, now)
    assert enter(town.author, codes[0].lower().replace("-", " "), now) == "recovery"
    refused(town.author, codes[0], now)
    assert recovery_codes_left(actor.user_id) == 9
    fresh = second_factor.renew_recovery_codes(actor, now=now)
    refused(town.author, codes[1], now)
    assert enter(town.author, fresh[1], now) == "recovery"
    with pytest.raises(Conflict):
        second_factor.renew_recovery_codes(acts(town.admin), now=now)


def test_one_persons_codes_are_nothing_to_another(town: Town, acts: Acts, now: datetime) -> None:
    secret, codes = give_authenticator(acts(town.author), now)
    give_authenticator(acts(town.admin), now)
    later = now + timedelta(minutes=1)
    refused(town.admin, codes[0], later)
    refused(town.admin, code_at(secret, later), later)


def test_off_again_only_with_password_and_code(town: Town, acts: Acts, now: datetime) -> None:
    actor = acts(town.author)
    secret, codes = give_authenticator(actor, now)
    later = now + timedelta(minutes=1)
    with pytest.raises(Unauthenticated):
        second_factor.turn_off(actor, password="wrong", code=code_at(secret, later), now=later)
    with pytest.raises(Unauthenticated):
        second_factor.turn_off(actor, password=PASSWORD, code=wrong_code(secret, later), now=later)
    assert kinds_of(actor.user_id)
    second_factor.turn_off(actor, password=PASSWORD, code=code_at(secret, later), now=later)
    assert (kinds_of(actor.user_id), recovery_codes_left(actor.user_id)) == (frozenset(), 0)
    assert authenticate(town.author.email, PASSWORD, origin="", now=later).user.last_sign_in_at == later
    with pytest.raises(Unauthenticated):
        prove_by_code(actor, codes[0], now=later)
    assert "user.second_factor_off" in actions(town.author)


def test_an_administrator_resets_it_and_the_person_is_told(town: Town, acts: Acts, now: datetime) -> None:
    give_authenticator(acts(town.author), now)
    epoch = town.author.session_epoch
    for actor, error in ((acts(town.author), Forbidden), (acts(town.auditor), Forbidden)):
        with pytest.raises(error):
            second_factor.reset_second_factor(actor, town.author.id, now=now)
    with pytest.raises(NotFound):
        second_factor.reset_second_factor(acts(town.bureau_admin), town.auditor.id, now=now)
    second_factor.reset_second_factor(acts(town.bureau_admin), town.author.id, now=now)
    user = db.session.get_one(User, town.author.id)
    assert (kinds_of(user.id), user.session_epoch) == (frozenset(), epoch + 1)
    own, told = db.session.scalars(select(Notice).where(Notice.user_id == user.id).order_by(Notice.id))
    assert "启用验证器" in own.title
    assert "周岚" in told.body
    event = db.session.scalars(select(Event).where(Event.action == "user.second_factor_reset")).one()
    assert (event.actor_id, event.before) == (town.bureau_admin.id, {"by": ["totp"]})
    with pytest.raises(TandemError):
        second_factor.reset_second_factor(acts(town.bureau_admin), town.author.id, now=now)


def test_a_password_changed_after_the_first_step_voids_it(town: Town, acts: Acts, now: datetime) -> None:
    secret, _codes = give_authenticator(acts(town.author), now)
    later = now + timedelta(minutes=1)
    found = authenticate(town.author.email, PASSWORD, origin="", now=later).user
    with pytest.raises(Unauthenticated):
        finish(found.id, found.session_epoch - 1, code_at(secret, later), origin="", now=later)


def test_a_unit_asks_it_of_those_who_can_send_out_or_manage(town: Town, acts: Acts, now: datetime) -> None:
    admin = acts(town.admin)
    with pytest.raises(Conflict, match="您自己还没有启用"):
        second_factor.require_second_factor(admin, town.bureau.id, True, now=now)
    give_authenticator(admin, now)
    second_factor.require_second_factor(admin, town.bureau.id, True, now=now)
    assert second_factor.requires_second_factor(town.bureau)
    asked = {
        user.name: second_factor.asked_of(actor_for(user))
        for user in (town.admin, town.bureau_admin, town.author, town.auditor)
    }
    # The city's administrator holds nothing in the bureau or below; the auditor only reads.
    assert asked == {"王敏": False, "周岚": True, "李晓": True, "赵越": False}
    assert {user.name for user in second_factor.lacking(town.bureau)} == {"周岚", "李晓"}
    with pytest.raises(Forbidden):
        second_factor.require_second_factor(acts(town.author), town.bureau.id, False, now=now)
    secret, _codes = give_authenticator(acts(town.author), now)
    later = now + timedelta(minutes=1)
    with pytest.raises(Forbidden, match="单位规定"):
        second_factor.turn_off(acts(town.author), password=PASSWORD, code=code_at(secret, later), now=later)
    second_factor.require_second_factor(admin, town.bureau.id, False, now=now)
    second_factor.turn_off(acts(town.author), password=PASSWORD, code=code_at(secret, later), now=later)


def test_the_right_password_between_forgets_no_wrong_code(town: Town, acts: Acts, now: datetime) -> None:
    """Neither by changing the password to and fro nor by turning the authenticator off."""
    actor = acts(town.author)
    give_authenticator(actor, now)
    later, password = now + timedelta(minutes=1), PASSWORD
    for turn in range(4):
        with pytest.raises(Unauthenticated):
            prove_by_code(actor, "AAAA", now=later)
        fresh = f"a better passphrase {turn}"
        change_password(actor, user_id=actor.user_id, old=password, new=fresh, now=later)
        password = fresh
    assert db.session.get_one(User, actor.user_id).failed_codes == 4
    with pytest.raises(Unauthenticated):
        second_factor.turn_off(actor, password=password, code="AAAA", now=later)
    assert db.session.get_one(User, actor.user_id).codes_locked_until == later + timedelta(minutes=15)
