"""The orders for a whole post: release all that waits, take back all that is out. More routes of app.publishing.views.bp."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.publishing import services
from app.publishing.views import bp as bp
from app.publishing.views import do_and_say
from app.units.permissions import current_actor, proven, requires
from app.web import _


@bp.post("/posts/<post_id>/release")
@requires("post.read")
@proven
def release_all(post_id: str) -> ResponseReturnValue:
    """一起放行: every held or missed one, in step."""

    def act() -> str:
        reason = request.form.get("reason", "")
        found = services.release_all(current_actor(), post_id, reason=reason, now=utcnow())
        return _("已放行 %(n)d 条，将一起发出。", n=len(found))

    return do_and_say(act, f"/posts/{post_id}")


@bp.post("/posts/<post_id>/recall")
@requires("post.read")
@proven
def recall_all(post_id: str) -> ResponseReturnValue:
    """全部撤回: every public one that the platforms let us take back."""

    def act() -> str:
        reason = request.form.get("reason", "")
        found = services.recall_all(current_actor(), post_id, reason=reason, now=utcnow())
        return _("已向平台申请撤回 %(n)d 条，结果稍后显示在这里。", n=len(found))

    return do_and_say(act, f"/posts/{post_id}")
