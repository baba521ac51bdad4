"""What a text repeats only to deny it: the sentences that tell it and the one that takes it back stay together. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_TOLD = re.compile(
    r"网传|网上(?:流传|传)|流传|盛传|疯传|传言|传闻|谣传|有网[民友](?!反映|咨询|询问|建议)|网[民友](?:称|发布|发帖|爆料)|有人(?:称|说|在网)|据传|听说"
    r"|(?:微信群|朋友圈|短视频|抖音|贴吧|论坛|网络平台|社交平台|自媒体)[^。]{0,30}(?:发布|出现|称|传播|散布|转发)"
    r"|的说法|说法称|声称|(?:截图|帖文|帖子|视频|消息|信息)(?:显示|称)"
)
_BEGINS = re.compile(r"^\s*[❌✗✘]|^[^：:。]{0,6}(?:谣言|传言|流言|网传|误区)[^：:。]{0,6}[：:]")
_DENIED = re.compile(
    r"不实|不属实|失实|谣言|虚假|误传|误解|误读|并非|纯属|假的|假消息|不存在|无此|没有此|不符|伪造|编造|捏造|杜撰|子虚乌有|无中生有|辟谣"
    r"|真相|事实是|事实[：:]|实为|旧闻|旧视频|移花接木|断章取义|摆拍|从未|未发布过|没有发布|未接到|未发生|没有发生|并未|并没有|查无|澄清|恶意剪辑"
    r"|不是真的|[✅✔]|人为(?:修改|编辑)|篡改|(?:截图|视频|图片|照片|通知)(?:实?为|系|是|均为|拍摄于|拍于)[^，。]{0,6}\d{4}年"
)
_WARNED = re.compile(r"(?:不要?|勿|切莫|莫)(?:轻信|相信|信|传|转发|散布|听)")
QUOTED = re.compile(r"“[^”]*”|「[^」]*」|\"[^\"]*\"")
# How far behind the denial may stand; where none is known, so many sentences behind are taken for it.
_FAR, _UNKNOWN = 6, 2


def groups(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(first, last) of sentences that go together, rising: what is told, up to what denies it."""
    opened = -1
    for at, text in enumerate(texts):
        own = QUOTED.sub("", text)
        denies = _DENIED.search(own) is not None
        if _BEGINS.match(text) or (not denies and _TOLD.search(text) and not _WARNED.search(own)):
            opened = opened if opened >= 0 else at
        elif opened >= 0 and denies:
            yield opened, at
            opened = -1
        elif opened >= 0 and at - opened >= _FAR:
            yield opened, opened + _UNKNOWN
            opened = -1
    if opened >= 0:
        yield opened, min(opened + _UNKNOWN, len(texts) - 1)
