"""What an account's settings put around every text of its own goes out with it, so it is checked like the text. What is
found there is for the account's administrator to mend: the author cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.checks.plaintext import plain_text
from app.checks.services import check, check_html
from app.checks.words import Matcher
from app.posts.models import Variant
from connectors.values import Problem

FRAME = ("head_text", "foot_text", "head_html", "foot_html", "default_author")


def frames_of(account: Account) -> Iterator[tuple[str, str, str]]:
    """(name of the setting, its label, what it says) of each that has words."""
    platform = PLATFORMS[account.platform]
    labels = {setting.name: setting.label for setting in platform.settings}
    for name in FRAME:
        said = account.settings.get(name)
        if name in labels and isinstance(said, str) and said.strip():
            yield name, labels[name], said


def frame_problems(variant: Variant, words: Sequence[Matcher]) -> list[Problem]:
    """What must not go out of the settings' words that stand in this variant's payload: numbers of people, severe words."""
    account = variant.account
    found: dict[str, Problem] = {}
    for name, label, said in frames_of(account):
        text = plain_text(said) if name.endswith("_html") else said
        for problem in check_html(said, name, words) if name.endswith("_html") else check(said, name, words):
            if problem.severity == "block" and goes_out(variant, text, problem.start, problem.end):
                message = (
                    f"{PLATFORMS[account.platform].label}账号“{account.name}”的设置“{label}”有问题，它会随每篇稿件发出。{problem.message}"
                    "请账号管理员在账号的设置中改正，再保存稿件。"
                )
                found[message] = replace(
                    problem,
                    rule=f"account.{name}",
                    field="account_ids",
                    start=None,
                    end=None,
                    suggestion="",
                    message=message,
                )
    return list(found.values())


def goes_out(variant: Variant, text: str, start: int | None, end: int | None) -> bool:
    """Whether the words `start` to `end` of a setting's `text` stand in the variant's payload: an author may have written the
    whole part by hand, or a microblog had no room for what the setting says. None: no words stand for it."""
    if start is None or end is None:
        return "content_html" not in variant.overrides
    quoted = _bare(text[start:end])
    return any(quoted in _bare(plain_text(part)) for part in variant.payload.values() if isinstance(part, str))


def _bare(text: str) -> str:
    return "".join(text.split())
