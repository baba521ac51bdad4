"""WeChat beside publishing and answering: comments picked out and deleted, followers with remark and tags, allowances.

Sources: 留言管理 (markelect, delete, reply/delete, open, close), 用户管理 (user/info, updateremark, tags), openapi 管理
(quota/get, clear_quota, rid/get), 客服消息 (typing), 根据标签进行群发 (speed).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from connectors.desk import Act, DayFigures, Desk, Person, QuotaReading, Tag
from connectors.errors import ConnectorError, ContentRefused, NotEntitled, Refused, Unavailable
from connectors.masking import mask
from connectors.values import Capabilities, InboundMedia, Json, MediaFile, Receipt
from connectors.wechat import dayfigures, payloads
from connectors.wechat.api import Api
from connectors.wechat.capabilities import SPEEDS
from connectors.wechat.inbound_media import fetch
from connectors.wechat.inbox import ANONYMOUS, NO_ID, place_of

_ACTS = {
    "elect": "/cgi-bin/comment/markelect",
    "unelect": "/cgi-bin/comment/unmarkelect",
    "delete": "/cgi-bin/comment/delete",
    "delete_reply": "/cgi-bin/comment/reply/delete",
}
# What is wanted gone and is gone already has been done.
_GONE = {"delete": ("88004", "88008"), "delete_reply": ("88008", "88009")}
NEEDS_VERIFICATION = "未认证的公众号没有这项接口。请登录公众平台操作，认证后可在这里操作。"
NEEDS_COMMENTS = "请先在公众平台开通留言，再在账号设置中打开。"
# updateremark: fewer than 30 bytes; a Chinese character takes three.
REMARK_BYTES = 29
TAG_NAME, MOST_BLOCKED = 30, 20
# Somebody waits meanwhile.
MOST_PAGES = 20
# 0 and 1 are the retired default group and blacklist, 2 is 星标组: none of them is ours to change.
_SYSTEM_TAGS = frozenset({"0", "1", "2"})


class WeChatDesk(Desk):
    """For a connector that has an `api`. What its account is not offered is refused before the platform is asked."""

    api: Api

    @abstractmethod
    def capabilities(self) -> Capabilities: ...

    def _need(self, offer: str, what: str, remedy: str = NEEDS_VERIFICATION) -> None:
        """Raises NotEntitled."""
        if offer not in self.capabilities().offers:
            raise not_offered(what, remedy)

    # Comments.

    def moderate(self, target: Mapping[str, str], act: Act, *, reply_id: str = "") -> None:
        """Raises Refused (88003: too many picked out; 88008: the comment is gone), NotEntitled (88000)."""
        if act not in self.capabilities().acts.get("article_comment", ()):
            raise not_offered("处置留言", NEEDS_COMMENTS)
        body = {**place_of(target), "user_comment_id": int(target["user_comment_id"])}
        try:
            self.api.post(_ACTS[act], body)
        except ConnectorError as error:
            if error.code not in _GONE.get(act, ()):
                raise

    def switch_comments(self, post: Receipt, *, open_: bool) -> None:
        self._need("switch_comments", "开关留言", NEEDS_COMMENTS)
        if not post.details.get("msg_data_id"):
            raise NotEntitled("这篇文章不能在这里开关留言。", remedy=NO_ID, who="回复人", code="no_msg_data_id")
        self.api.post("/cgi-bin/comment/open" if open_ else "/cgi-bin/comment/close", place_of(post.details))

    # Private conversations.

    def typing(self, target: Mapping[str, str]) -> bool:
        """Only within 30 seconds of the person's last act (45080), and not twice (45081): neither matters."""
        if "typing" not in self.capabilities().offers:
            return False
        try:
            self.api.post("/cgi-bin/message/custom/typing", {"touser": target["openid"], "command": "Typing"})
        except (ConnectorError, KeyError):
            return False
        return True

    def fetch_media(self, reference: InboundMedia) -> MediaFile:
        return fetch(self.api, reference)

    # Followers.

    def person(self, sender_id: str) -> Person:
        """Names and pictures are not told since the end of 2021; who has left tells nothing but that."""
        self._need("people", "查看用户标签")
        _known(sender_id)
        told = self.api.get("/cgi-bin/user/info", {"openid": sender_id, "lang": "zh_CN"})
        if not payloads.switch(told.get("subscribe")):
            return Person(sender_id=sender_id, following=False)
        ids = [payloads.text_of(number) for number in payloads.listed(told.get("tagid_list"))]
        known = {tag.id: tag for tag in self.tags()} if ids else {}
        return Person(
            sender_id=sender_id,
            following=True,
            remark=payloads.text_of(told.get("remark")),
            tags=tuple(known.get(number) or Tag(id=number, name=f"#{number}") for number in ids),
        )

    def rename(self, sender_id: str, remark: str) -> None:
        self._need("people", "修改用户备注名")
        _known(sender_id)
        if len(remark.encode()) > REMARK_BYTES:
            raise _too_long(f"备注名超过微信的上限（{REMARK_BYTES} 字节，约 9 个汉字）。", "请缩短备注名。")
        self.api.post("/cgi-bin/user/info/updateremark", {"openid": sender_id, "remark": remark})

    def tags(self) -> tuple[Tag, ...]:
        self._need("tags", "查看用户标签")
        rows = payloads.rows_of(self.api.get("/cgi-bin/tags/get"), "tags")
        return tuple(_tag(row) for row in rows if payloads.text_of(row.get("id")))

    def make_tag(self, name: str) -> Tag:
        self._need("tags", "新建用户标签")
        if not 1 <= len(name) <= TAG_NAME:
            raise _too_long(f"标签名是空的，或超过 {TAG_NAME} 个字符。", "请修改标签名。")
        tag = self.api.post("/cgi-bin/tags/create", {"tag": {"name": name}}).get("tag")
        if not isinstance(tag, Mapping) or not payloads.text_of(tag.get("id")):
            raise Unavailable("平台没有给出新标签的编号。", remedy="请刷新后查看标签是否已建好。", who="系统")
        return _tag(tag)

    def tag(self, sender_id: str, tag_ids: Sequence[str], *, add: bool) -> None:
        """One call for each tag, one after the other: 45169 forbids two at a time for one person."""
        self._need("tags", "设置用户标签")
        _known(sender_id)
        path = "/cgi-bin/tags/members/batchtagging" if add else "/cgi-bin/tags/members/batchuntagging"
        for tag_id in tag_ids:
            self.api.post(path, {"openid_list": [sender_id], "tagid": int(tag_id)})

    def block(self, sender_ids: Sequence[str], *, blocked: bool) -> None:
        """Twenty people at most in one call."""
        self._need("block", "拉黑用户")
        path = "/cgi-bin/tags/members/batchblacklist" if blocked else "/cgi-bin/tags/members/batchunblacklist"
        people = list(dict.fromkeys(sender_ids))
        for sender_id in people:
            _known(sender_id)
        for start in range(0, len(people), MOST_BLOCKED):
            self.api.post(path, {"openid_list": people[start : start + MOST_BLOCKED]})

    def blocked(self, sender_id: str) -> bool:
        """A thousand people in one page, the last one without data."""
        _known(sender_id)
        begin = ""
        for _page in range(MOST_PAGES):
            told = self.api.post("/cgi-bin/tags/members/getblacklist", {"begin_openid": begin})
            data = told.get("data")
            openids = payloads.listed(data.get("openid")) if isinstance(data, Mapping) else []
            if sender_id in openids:
                return True
            begin = payloads.text_of(told.get("next_openid"))
            if not openids or not begin:
                return False
        raise Unavailable("黑名单太长，没有查完。", remedy="请登录公众平台，在黑名单里查看。", who="回复人")

    # The account.

    def read_quota(self, call: str) -> QuotaReading:
        answer = self.api.post("/cgi-bin/openapi/quota/get", {"cgi_path": cgi_path(call)})
        quota = answer.get("quota")
        told = quota if isinstance(quota, Mapping) else {}
        limit, used, remain = (_count(told.get(name)) for name in ("daily_limit", "used", "remain"))
        return QuotaReading(call=call, limit=limit, used=used, remain=remain)

    def clear_quota(self) -> None:
        """All calls of the day are counted anew; ten times a month (48006)."""
        self.api.post("/cgi-bin/clear_quota", {"appid": self.api.app_id}, write=True)

    def explain(self, rid: str) -> Json:
        """Kept by the platform for seven days, and told to the account alone that made the call (76001-76004)."""
        request = self.api.post("/cgi-bin/openapi/rid/get", {"rid": rid}).get("request")
        if not isinstance(request, Mapping):
            raise Unavailable("平台没有给出这次请求的记录。", remedy="请稍后再查。", who="系统")
        at = payloads.moment_of(request.get("invoke_time"))
        return {
            "asked_at": at.isoformat() if at else "",
            "milliseconds": _count(request.get("cost_in_ms")),
            "url": mask(payloads.text_of(request.get("request_url"))),
            "request": mask(payloads.text_of(request.get("request_body"))),
            "answer": mask(payloads.text_of(request.get("response_body"))),
            "client_ip": payloads.text_of(request.get("client_ip")),
        }

    def day_figures(self, first: date, last: date) -> tuple[DayFigures, ...]:
        self._need("day_figures", "读取每日数据")
        return dayfigures.read(self.api, first, last)

    def speed(self) -> tuple[int, int | None]:
        self._need("speed", "查看群发速度")
        answer = self.api.post("/cgi-bin/message/mass/speed/get", {})
        level = _count(answer.get("speed"))
        if level is None:
            raise Unavailable("平台没有给出群发速度。", remedy="请稍后再查。", who="系统")
        return level, _count(answer.get("realspeed"))

    def set_speed(self, level: int) -> None:
        self._need("speed", "设置群发速度")
        if level not in SPEEDS:
            raise Refused("没有这一档群发速度。", remedy="请从列出的档位中选择。", who="账号管理员")
        self.api.post("/cgi-bin/message/mass/speed/set", {"speed": level})


def not_offered(what: str, remedy: str) -> NotEntitled:
    return NotEntitled(f"这个账号没有“{what}”的接口权限。", remedy=remedy, who="账号运营者", code="not_offered")


def _known(sender_id: str) -> None:
    """Comments of people without a WeChat identity carry no openid."""
    if sender_id.startswith(ANONYMOUS):
        raise Refused("对方没有微信身份，平台没有给出编号。", remedy="无法在这里操作。", who="回复人", code="anonymous")


def cgi_path(call: str) -> str:
    """ "draft/add" as openapi/quota/get wants it: with its leading part and slash (76021 otherwise)."""
    return f"/{call}" if call.startswith(("datacube/", "customservice/")) else f"/cgi-bin/{call}"


def _tag(row: Mapping[str, Any]) -> Tag:
    number = payloads.text_of(row.get("id"))
    name = payloads.text_of(row.get("name"))
    return Tag(id=number, name=name, people=_count(row.get("count")), system=number in _SYSTEM_TAGS)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _too_long(cause: str, remedy: str) -> ContentRefused:
    error = ContentRefused(cause, remedy=remedy, who="回复人")
    error.field = "text"
    return error
