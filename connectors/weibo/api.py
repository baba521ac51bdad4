"""Weibo's endpoints as thin methods: one call each, body read before the HTTP status, errors by the code table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.base import Meter, TokenStore
from connectors.errors import CredentialsRefused
from connectors.http import Answer, File, Http
from connectors.masking import mask
from connectors.values import MediaFile, Token
from connectors.weibo import codes, limits
from connectors.weibo.answers import interpret, media_file
from connectors.weibo.ids import id_of
from connectors.weibo.times import beijing_words

OPEN = "https://api.weibo.com"
UPLOAD = "https://upload.api.weibo.com"
REMIND = "https://rm.api.weibo.com"
FANS = "https://m.api.weibo.com"
BUSINESS = "https://c.api.weibo.com"

Fields = Mapping[str, str]
_WHOLE = {"isGetLongText": "1"}


def meter_key(url: str) -> str:
    """ "statuses/share" of https://api.weibo.com/2/statuses/share.json."""
    path = urlsplit(url).path.lstrip("/")
    return path.removeprefix("2/").removesuffix(".json")


class Api:
    """The calls of one account. Every method raises the tree of connectors.errors."""

    def __init__(
        self, *, http: Http, tokens: TokenStore, meter: Meter, clock: Callable[[], datetime], uid: str
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._meter = meter
        # What the platform was last asked, as the meter names it; a refusal is about that.
        self.last_call = ""
        self._clock = clock
        self._uid = uid
        # The token that the platform itself called alive: the end that somebody typed is then wrong.
        self._vouched = ""

    def _spend(self, call: str) -> None:
        self.last_call = call
        self._meter.spend(call)

    def token(self) -> str:
        """The account's token. Raises CredentialsRefused when there is none or its time is known to be over."""
        token = self._held()
        over = token.expires_at is not None and token.expires_at <= self._clock() and token.value != self._vouched
        if over and token.expires_at is not None:
            raise CredentialsRefused(
                f"微博授权已于 {beijing_words(token.expires_at)} 过期。",
                remedy="请在账号页重新连接该微博账号。",
                who=codes.OPERATOR,
                code="21327",
            )
        return token.value

    def _held(self) -> Token:
        token = self._tokens.current()
        if token is None or not token.value:
            raise CredentialsRefused("账号还没有微博授权。", remedy="请在账号页连接该微博账号。", who=codes.OPERATOR)
        return token

    # Publishing

    def publish(self, url: str, form: Fields, *, picture: File | None, send_before: datetime) -> Mapping[str, Any]:
        """One of the calls that cannot be taken back. The answer is a status, or the slow success without an id."""
        return _an_object(self._post(url, form, files=(picture,) if picture else (), send_before=send_before))

    def try_publishing(self, url: str) -> None:
        """Asks for a status of no words, of which nothing can come: a refusal for the app's level (10014, at Weibo's door)
        shows that the call is not open to it. Raises that and every other refusal; none of them says that it is open.

        Counted under a name of its own: no post that is due may wait because somebody tested the account.
        """
        self._post(url, {"status": ""}, write=False, counted=f"try/{meter_key(url)}")

    def upload_picture(self, picture: File, *, business: bool) -> Mapping[str, Any]:
        """statuses/upload_pic: {pic_id, thumbnail_pic, bmiddle_pic, original_pic} of a picture that no status shows yet,
        so failing is harmless."""
        url = f"{BUSINESS}/2/statuses/upload_pic/biz.json" if business else f"{OPEN}/2/statuses/upload_pic.json"
        answer = self._post(url, {}, files=(picture,), write=False)
        return _an_object(answer)

    def article(self, form: Fields, *, send_before: datetime) -> Mapping[str, Any]:
        """proxy/article/publish: multipart without a file, as the platform's own demo sends it; two envelopes."""
        url = f"{OPEN}/proxy/article/publish.json"
        fields = {"access_token": self.token(), **form}
        self._spend(meter_key(url))
        answer = self._http.call("POST", url, write=True, form=fields, multipart=True, send_before=send_before)
        return _an_object(interpret(answer, write=True, until=self._until, article=True))

    def destroy(self, status_id: str) -> None:
        self._post(f"{OPEN}/2/statuses/destroy.json", {"id": status_id})

    # Reading

    def user_timeline(self, *, business: bool = False, count: int = 5) -> list[Mapping[str, Any]]:
        """The account's newest statuses; an ordinary app gets five of them whatever it asks for."""
        url = f"{BUSINESS}/2/statuses/user_timeline/biz.json" if business else f"{OPEN}/2/statuses/user_timeline.json"
        return _items(self._get(url, {"uid": self._uid, "count": str(count)}), "statuses")

    def status(self, status_id: str) -> Mapping[str, Any]:
        """statuses/show: one status with the whole of a long text."""
        fields = {"id": status_id, **_WHOLE}
        return _an_object(self._get(f"{OPEN}/2/statuses/show.json", fields), read=True)

    def status_of_batch(self, status_id: str) -> Mapping[str, Any]:
        """The same of the commercial interface; {} when its list, which must be there, has none such."""
        answer = self._get(f"{BUSINESS}/2/statuses/show_batch/biz.json", {"ids": status_id, **_WHOLE})
        found = _items(answer.get("statuses") if isinstance(answer, dict) else None, "")
        return next((status for status in found if id_of(status) == status_id), {})

    def counts(self, ids: list[str]) -> list[Mapping[str, Any]]:
        """statuses/count: at most 100 ids; its values are strings."""
        return _items(self._get(f"{OPEN}/2/statuses/count.json", {"ids": ",".join(ids)}), "")

    def unread(self) -> Mapping[str, Any]:
        return _an_object(self._get(f"{REMIND}/2/remind/unread_count.json", {"uid": self._uid}), read=True)

    def listing(self, call: str, key: str, fields: Fields, *, business: bool = False) -> list[Mapping[str, Any]]:
        """A list of comments or statuses: `call` such as "comments/to_me", `key` where the list stands."""
        url = f"{BUSINESS}/2/{call}/biz.json" if business else f"{OPEN}/2/{call}.json"
        return _items(self._get(url, fields), key)

    def token_info(self, token: str = "") -> Mapping[str, Any]:
        """oauth2/get_token_info: POST only; the key is `expire_in`. `token`: another than the account's own.

        Asked also when the token is held for dead: only the platform knows, and a mistyped end must come to light.
        """
        asked = token or self._held().value
        answer = self._send(
            "POST", f"{OPEN}/oauth2/get_token_info", write=False, form={"access_token": asked}, bare=True
        )
        info = _an_object(answer, read=True)
        self._vouched = asked
        return info

    def exchange(self, form: Fields) -> Mapping[str, Any]:
        """oauth2/access_token: a code is good for one call. No call of the account's own day, so not counted."""
        answer = self._http.call("POST", f"{OPEN}/oauth2/access_token", write=True, form=form)
        return _an_object(interpret(answer, write=True, until=self._until))

    def private_media(self, tovfid: str) -> MediaFile:
        """mss/msget: the bytes of a picture or voice sent to the account, by the receiver's file id; errors are JSON."""
        url = f"{UPLOAD}/2/mss/msget"
        headers = {"Authorization": f"OAuth2 {self.token()}"}
        self._spend(meter_key(url))
        answer = self._http.call("GET", url, write=False, params={"fid": tovfid}, headers=headers)
        return media_file(answer, self._until)

    # Answering

    def reply_to_comment(self, form: Fields, *, business: bool, send_before: datetime) -> Mapping[str, Any]:
        """comments/reply: needs the ids of both the comment (`cid`) and the status (`id`). Whom only the commercial
        interface shows, only that one can answer."""
        url = f"{BUSINESS}/2/comments/reply/biz.json" if business else f"{OPEN}/2/comments/reply.json"
        return _an_object(self._post(url, form, send_before=send_before))

    def destroy_comment(self, comment_id: str) -> None:
        """comments/destroy: one of our own. Asking twice does no harm."""
        self._post(f"{OPEN}/2/comments/destroy.json", {"cid": comment_id})

    def comment(self, form: Fields, *, send_before: datetime) -> Mapping[str, Any]:
        return _an_object(self._post(f"{OPEN}/2/comments/create.json", form, send_before=send_before))

    def message(self, receiver_id: str, text: str, *, business: bool, send_before: datetime) -> Mapping[str, Any]:
        """messages/reply: `data` is JSON, form-encoded once."""
        form = {
            "access_token": self.token(),
            "type": "text",
            "data": json.dumps({"text": text}, ensure_ascii=False),
            "receiver_id": receiver_id,
            "save_sender_box": "1",
        }
        url = f"{BUSINESS}/2/messages/reply/biz.json" if business else f"{FANS}/2/messages/reply.json"
        return _an_object(self._send("POST", url, write=True, form=form, send_before=send_before, bare=True))

    # How

    def _get(self, url: str, fields: Fields) -> Any:
        return self._send("GET", url, write=False, params=fields)

    def _post(
        self,
        url: str,
        form: Fields,
        *,
        files: tuple[File, ...] = (),
        send_before: datetime | None = None,
        write: bool = True,
        counted: str = "",
    ) -> Any:
        return self._send("POST", url, write=write, form=form, files=files, send_before=send_before, counted=counted)

    def _send(
        self,
        method: str,
        url: str,
        *,
        write: bool,
        params: Fields | None = None,
        form: Fields | None = None,
        files: tuple[File, ...] = (),
        send_before: datetime | None = None,
        bare: bool = False,
        counted: str = "",
    ) -> Any:
        # The scheme word is OAuth2: Bearer is refused as if there were no token (10006).
        headers = {} if bare else {"Authorization": f"OAuth2 {self.token()}"}
        self._spend(counted or meter_key(url))
        answer = self._http.call(
            method, url, write=write, params=params, form=form, files=files, headers=headers, send_before=send_before
        )
        return interpret(answer, write=write, until=self._until)

    def _until(self, code: str) -> datetime:
        return limits.until(code, self._clock(), self._rate_limit_status)

    def _rate_limit_status(self) -> Answer:
        """account/rate_limit_status, which is itself not counted: so the meter is not asked."""
        headers = {"Authorization": f"OAuth2 {self.token()}"}
        return self._http.call("GET", f"{OPEN}/2/account/rate_limit_status.json", write=False, headers=headers)


def _an_object(answer: Any, *, read: bool = False) -> Mapping[str, Any]:
    if isinstance(answer, dict):
        return answer
    row = codes.UNKNOWN_READ if read else codes.UNKNOWN_WRITE
    raise row.error(row.cause, remedy=row.remedy, who=row.who, raw=mask(str(answer)[:2000]))


def _items(answer: Any, key: str) -> list[Mapping[str, Any]]:
    """The objects of a list answer; an empty page may come as {} or [] instead of {key: []}."""
    found = answer.get(key, []) if isinstance(answer, dict) else answer
    if not isinstance(found, list):
        row = codes.UNKNOWN_READ
        raise row.error(row.cause, remedy=row.remedy, who=row.who, raw=mask(str(answer)[:2000]))
    return [item for item in found if isinstance(item, dict)]
