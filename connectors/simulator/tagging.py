"""Tags of a WeChat account on the page of drills: made by a person, as in the platform's own console, to try mass sends."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from connectors.simulator.forms import account_of, own_origin
from connectors.simulator.state import Doc, State
from connectors.simulator.things import Impossible
from connectors.simulator.wechat import tags
from connectors.simulator.wechat.errors import WeChatError

_WHY = {
    45157: "没有新建标签。名称为空或已经有了。请换一个名称。",
    45158: f"没有新建标签。名称超过 {tags.LONGEST_NAME} 个字。请缩短。",
    45056: f"没有新建标签。一个公众号最多 {tags.MOST_TAGS} 个。",
}


def of(state: State, owner: str) -> list[Doc]:
    """{id, name, count} of every tag of the account."""
    return tags.listed(state, owner)


def add_tag(state: State, request: Request) -> Response:
    """A new tag, put on everybody who follows now if `people` is "all"."""
    account = account_of(state, request)
    if account.platform != "wechat":
        raise Impossible("只有微信公众号有粉丝标签。")
    try:
        with state.transaction():
            number = tags.add(state, account.owner, request.form.get("name", "").strip())
            if request.form.get("people") == "all":
                tags.put_on_followers(state, account.owner, number)
    except WeChatError as error:
        raise Impossible(_WHY[error.code]) from error
    return redirect(f"/drill?said=tagged#{account.platform}-{account.external_id}", 303, Response)


ROUTES: dict[tuple[str, str], Callable[..., Response]] = {("POST", r"/drill/tags"): own_origin(add_tag)}
