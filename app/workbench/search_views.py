"""The search of the top bar and its page: more routes of the blueprint of app.workbench.views."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.errors import Invalid
from app.units.permissions import SIGNED_IN, current_actor, requires
from app.workbench import searching
from app.workbench.views import bp as bp

_FEW, _SUGGESTED, _PAGE = 5, 4, 20


@bp.get("/search")
@requires(SIGNED_IN)
def search() -> ResponseReturnValue:
    """Some of each kind, or one kind page by page."""
    actor, refusal, groups, wanted = current_actor(), None, [], _wanted()
    try:
        wanted = _wanted(days=True)
        limit = _PAGE if wanted.kind else _FEW
        cursor = request.args.get("cursor") if wanted.kind else None
        groups = searching.find(actor, wanted, cursor=cursor, limit=limit)
    except Invalid as error:
        refusal = error.message
    html = render_template(
        "workbench/search.html",
        wanted=wanted,
        groups=groups,
        refusal=refusal,
        kinds=searching.kinds_for(actor),
        words=searching.KINDS,
        accounts=searching.accounts_for(actor),
        continued=bool(request.args.get("cursor")),
    )
    return html, 422 if refusal else 200


@bp.get("/search/suggest")
@requires(SIGNED_IN)
def suggest() -> ResponseReturnValue:
    """What stands below the box while one types: the first of each kind."""
    refusal, groups, wanted = None, [], searching.Wanted(q=_q())
    try:
        groups = searching.find(current_actor(), wanted, limit=_SUGGESTED, brief=True)
    except Invalid as error:
        refusal = error.message
    return render_template(
        "workbench/_suggest.html", wanted=wanted, groups=groups, refusal=refusal, words=searching.KINDS
    )


def _q() -> str:
    return request.args.get("q", "").strip()


def _wanted(*, days: bool = False) -> searching.Wanted:
    """As the address has it; `days`: with its dates. Raises Invalid."""
    kind = request.args.get("kind", "")
    return searching.Wanted(
        q=_q(),
        kind=kind if kind in searching.KINDS else "",
        account_id=request.args.get("account_id", ""),
        since=searching.day(request.args.get("since", "")) if days else None,
        until=searching.day(request.args.get("until", "")) if days else None,
    )
