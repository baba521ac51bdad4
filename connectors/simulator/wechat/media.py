"""Pictures and other materials: in-article pictures, permanent and temporary media."""

from __future__ import annotations

import json
import secrets
from typing import Any

from werkzeug.wrappers import Response

from connectors.simulator.call import Call
from connectors.simulator.pictures import Picture, look
from connectors.simulator.state import Doc, State
from connectors.simulator.wechat.api import OK, endpoint, integer
from connectors.simulator.wechat.errors import WeChatError

MB = 1024 * 1024
TEMPORARY_LIFE = 3 * 86400
LIMITS = {"image": 10 * MB, "voice": 2 * MB, "video": 10 * MB, "thumb": 64 * 1024}
TOO_LARGE = {"image": 40009, "voice": 40010, "video": 40011, "thumb": 40012}
LARGEST_SIDE, LARGEST_AREA = 16_384, 100_000_000
PERMANENT = {"image": 100_000, "thumb": 100_000, "voice": 1000, "video": 1000}
FILMS = ("video", "shortvideo")
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "audio/amr": "amr", "audio/mpeg": "mp3"}


def uploaded(call: Call) -> tuple[str, bytes]:
    """The part called media: a plain ASCII file name with an extension, and bytes. Else 41005."""
    parts = call.files("media")
    name = (parts[0].filename or "") if parts else ""
    stem, dot, extension = name.rpartition(".")
    if len(parts) != 1 or not name.isascii() or not (stem and dot and extension):
        raise WeChatError(41005)
    data = parts[0].read()
    if not data:
        raise WeChatError(44001, "empty media data")
    return name, data


def picture(data: bytes, kinds: tuple[str, ...]) -> Picture:
    """What the bytes show; 40005 when it is none of these kinds, 40137 at absurd sizes."""
    seen = look(data)
    if seen is None or seen.kind not in kinds:
        raise WeChatError(40005)
    if max(seen.width, seen.height) > LARGEST_SIDE or seen.width * seen.height > LARGEST_AREA:
        raise WeChatError(40137)
    return seen


def keep_picture(state: State, data: bytes, seen: Picture) -> str:
    """Store the bytes; the address is the platform's own, the page for people maps it to ``/mmbiz/{id}``."""
    number = secrets.token_urlsafe(24)
    sha = state.keep_blob(data, seen.content_type)
    state.put("mmbiz", "", number, {"sha256": sha, "kind": seen.kind})
    return f"http://mmbiz.qpic.cn/mmbiz_{seen.kind}/{number}/0?wx_fmt={seen.kind}"


@endpoint("/cgi-bin/media/uploadimg")
def uploadimg(call: Call) -> Doc:
    """In-article pictures: jpg and png under 1 MB."""
    _, data = uploaded(call)
    seen = look(data)
    if seen is None or seen.kind not in ("jpeg", "png"):
        raise WeChatError(40005)
    if len(data) >= MB:
        raise WeChatError(40009)
    return {"url": keep_picture(call.state, data, picture(data, ("jpeg", "png"))), **OK}


@endpoint("/cgi-bin/material/add_material")
def add_material(call: Call) -> Doc:
    kind = call.params.get("type", "")
    name, data = _checked(call, kind)
    owner, media_id = call.me.owner, secrets.token_urlsafe(48)
    if sum(each["type"] == kind for each in call.state.all("material", owner)) >= PERMANENT[kind]:
        raise WeChatError(45001)
    body: Doc = {"type": kind, "name": name, "sha256": call.state.keep_blob(data, _content_type(kind, data))}
    if kind in ("image", "thumb"):
        body["url"] = keep_picture(call.state, data, picture(data, ("jpeg", "png", "gif", "bmp")))
    if kind == "video":
        body["description"] = _description(call)
    call.state.put("material", owner, media_id, body)
    return {"media_id": media_id, **({"url": body["url"]} if kind == "image" else {})}


def _checked(call: Call, kind: str) -> tuple[str, bytes]:
    if kind not in LIMITS:
        raise WeChatError(40004)
    name, data = uploaded(call)
    if len(data) > LIMITS[kind]:
        raise WeChatError(TOO_LARGE[kind])
    if kind == "image":
        picture(data, ("bmp", "png", "jpeg", "gif"))
    if kind == "thumb":
        picture(data, ("jpeg",))
    return name, data


def _content_type(kind: str, data: bytes) -> str:
    seen = look(data)
    return seen.content_type if seen else {"voice": "audio/amr", "video": "video/mp4"}.get(kind, "image/jpeg")


def _description(call: Call) -> Any:
    """A video's title and introduction come as JSON in a form field beside the file."""
    try:
        read = json.loads(call.request.form["description"])
    except (KeyError, ValueError) as error:
        raise WeChatError(41005) from error
    if not isinstance(read, dict) or not read.get("title"):
        raise WeChatError(40097)
    return {name: str(read.get(name, "")) for name in ("title", "introduction")}


@endpoint("/cgi-bin/material/get_material")
def get_material(call: Call) -> Response | Doc:
    held = _material(call)
    if held["type"] == "video":
        return {**held["description"], "down_url": "http://mp.weixin.qq.com/video"}
    return _bytes(call, held)


@endpoint("/cgi-bin/material/del_material")
def del_material(call: Call) -> Doc:
    """Not what the menu sends: 48005."""
    held = _material(call)
    menu = call.state.get("menu", call.me.owner, "menu")
    if menu and held["key"] in json.dumps(menu["button"]):
        raise WeChatError(48005)
    call.state.delete("material", call.me.owner, held["key"])
    return OK


def _material(call: Call) -> Doc:
    held = call.state.get("material", call.me.owner, str(call.json.get("media_id", "")))
    if held is None:
        raise WeChatError(40007)
    return held


def _bytes(call: Call, held: Doc) -> Response:
    blob = call.state.blob(held["sha256"])
    if blob is None:
        raise WeChatError(40007)
    answer = Response(blob[1], content_type=blob[0])
    name = f"{held['key'][:24]}.{ENDINGS.get(blob[0], 'bin')}"
    answer.headers["Content-disposition"] = f'attachment; filename="{name}"'
    return answer


@endpoint("/cgi-bin/material/get_materialcount", "GET")
def get_materialcount(call: Call) -> Doc:
    held = [each["type"] for each in call.state.all("material", call.me.owner)]
    return {f"{kind}_count": held.count(kind) for kind in ("voice", "video", "image")} | {"news_count": 0}


@endpoint("/cgi-bin/material/batchget_material")
def batchget_material(call: Call) -> Doc:
    kind, offset, count = call.json.get("type"), integer(call, "offset", 0), integer(call, "count", 20)
    if kind not in ("image", "video", "voice", "news") or not 1 <= count <= 20:
        raise WeChatError(40004 if kind not in ("image", "video", "voice", "news") else 40097)
    held = [each for each in call.state.all("material", call.me.owner) if each["type"] == kind]
    page = held[offset : offset + count]
    items = [
        {"media_id": each["key"], "name": each["name"], "update_time": int(each["at"]), "url": each.get("url", "")}
        for each in page
    ]
    return {"total_count": len(held), "item_count": len(items), "item": items}


@endpoint("/cgi-bin/media/upload")
def upload(call: Call) -> Doc:
    """Temporary media: lives three days, and is no cover."""
    kind = call.params.get("type", "")
    _, data = _checked(call, kind)
    media_id = secrets.token_urlsafe(48)
    sha = call.state.keep_blob(data, _content_type(kind, data))
    call.state.put("temporary", call.me.owner, media_id, {"type": kind, "sha256": sha})
    return {**OK, "type": kind, "media_id": media_id, "created_at": int(call.now)}


@endpoint("/cgi-bin/media/get", "GET")
def get(call: Call) -> Response | Doc:
    """The bytes; of a film only an address; of what is older than three days a JSON refusal, HTTP 200 too."""
    held = temporary(call, call.params.get("media_id", ""))
    if held is None:
        raise WeChatError(40007)
    if held["type"] in FILMS:
        return {"video_url": f"http://vweixinp.tc.qq.com/{held['key']}.f10.mp4"}
    return _bytes(call, held)


@endpoint("/cgi-bin/media/get/jssdk", "GET", right="verified")
def get_speex(call: Call) -> Response:
    """A voice in the better quality (speex); nothing but voices."""
    held = temporary(call, call.params.get("media_id", ""))
    if held is None or held["type"] != "voice":
        raise WeChatError(40007)
    answer = _bytes(call, held)
    answer.headers["Content-Type"] = "voice/speex"
    return answer


def temporary(call: Call, media_id: str) -> Doc | None:
    """A temporary medium that still lives."""
    held = call.state.get("temporary", call.me.owner, media_id)
    return held if held and call.now - held["at"] < TEMPORARY_LIFE else None
