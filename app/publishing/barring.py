"""What keeps a publication from going out now, whatever its partners do: a stop, a black-out, an account that is switched off
or for which nobody can speak, an approval that stands no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from app.accounts.sealed import CredentialsSealed, sealed_among
from app.posts.reaching import reaches, why_not
from app.publishing import blackouts, scopes, stops
from app.publishing.models import Publication
from app.review.finding import approved_among
from app.words import N_

UNAPPROVED = N_("审核结论已不成立，没有发出。这个版本在补审中被退回，或审核已作废。请取消，修改后重新送审。")


def why_barred(publication: Publication, now: datetime) -> str:
    """Why it may not be sent now, in Chinese; "" when it may."""
    account = publication.account
    stop = stops.standing(account)
    if stop is not None:
        return f"发布已暂停（{scopes.name_of(stop)}）：{stop.reason}"
    if not account.active:
        return f"账号“{account.name}”已停用，没有发出。请管理员启用它后放行，或取消。"
    if sealed_among([publication.account_id]):
        return str(CredentialsSealed(account.name))
    blackout = blackouts.standing(account, now, urgent=publication.post.urgent)
    return blackouts.words(blackout) if blackout is not None else ""


def why_unapproved(publication: Publication) -> str:
    """Why its review keeps it from going, in Chinese; "" while the approval of its revision stands, and reaches the account: a
    post may be older than that rule, or a unit have moved in the tree."""
    return _why_unapproved(publication, approved_among([publication.schedule.revision_id]))


def why_not_now(publication: Publication, now: datetime) -> str:
    """Whatever keeps it from being sent this moment, in Chinese; "" for nothing."""
    return Bars(now).why(publication)


def _why_unapproved(publication: Publication, approved: Collection[str]) -> str:
    return UNAPPROVED if publication.schedule.revision_id not in approved else why_unreached(publication)


def why_unreached(publication: Publication) -> str:
    """Why its account is none that the post's unit may send to, in Chinese; "" when it is."""
    if publication.post.unit_id == publication.account.unit_id:
        return ""
    unit, account = publication.post.unit, publication.account
    return "" if reaches(unit, account) else why_not(unit, account)


class Bars:
    """why_not_now() of many publications at one moment, each account and each approval asked once; mostly nothing stands
    anywhere."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._asked, self._approved = set[str](), set[str]()
        self._quiet = not (stops.any_standing() or blackouts.any_standing(now))
        self._known: dict[tuple[str, bool], str] = {}

    def learn(self, revision_ids: Iterable[str]) -> None:
        """Ask for many approvals by one question."""
        new = set(revision_ids) - self._asked
        if new:
            self._approved |= approved_among(new)
            self._asked |= new

    def why(self, publication: Publication) -> str:
        self.learn([publication.schedule.revision_id])
        return self._why_barred(publication) or _why_unapproved(publication, self._approved)

    def _why_barred(self, publication: Publication) -> str:
        if self._quiet and publication.account.active and not sealed_among([publication.account_id]):
            return ""
        key = (publication.account_id, publication.post.urgent)
        if key not in self._known:
            self._known[key] = why_barred(publication, self._now)
        return self._known[key]


def remedy(publication: Publication, now: datetime) -> str:
    """What must happen before it may go, in one sentence; "" when nothing is in its way that ends by a person or a time."""
    if stops.standing(publication.account) is not None:
        return "请先恢复发布，再放行。"
    if blackouts.standing(publication.account, now, urgent=publication.post.urgent) is not None:
        return "请等静默期结束后放行、改期，或请管理员提前结束它。"
    return ""
