"""A .zip with one document and its pictures. Nothing of it is ever written under the names that stand in it."""

from __future__ import annotations

import io
import posixpath
import stat
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.errors import Invalid, TooLarge
from app.media.zipped import FAULTS, read_part

DOCUMENTS = (".docx", ".md", ".markdown", ".html", ".htm", ".txt", ".doc", ".wps")
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp")
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
_MAX_UNPACKED = 200 * 1024 * 1024
_MAX_PARTS = 1000
# What systems and programs put in beside what people packed.
_CLUTTER = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")
# Folders in which a browser or Word keeps the parts of a saved page; the page itself lies beside them.
_PARTS_OF_PAGES = (".files", "_files", ".fld")
_UTF8_NAMES, _ENCRYPTED = 0x800, 0x1


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """The one document, the folder in which it lies, and the pictures by their paths in the archive."""

    name: str
    content: bytes
    folder: str
    pictures: dict[str, bytes]
    notes: list[str] = field(default_factory=list)


def looks_zipped(name: str, content: bytes) -> bool:
    return name.lower().endswith(".zip") and content.startswith(b"PK")


def unpack(name: str, content: bytes) -> Unpacked:
    """Raises Invalid or TooLarge, saying what is wrong with the archive and how to pack it anew."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = _wanted(name, archive.infolist())
            path, document = _document(name, parts)
            pictures = {at: part for at, part in parts.items() if at.lower().endswith(PICTURES)}
            return Unpacked(
                name=posixpath.basename(path),
                content=read_part(archive, document),
                folder=posixpath.dirname(path),
                pictures={at: read_part(archive, part) for at, part in pictures.items()},
                notes=_left_out(at for at in parts if at != path and at not in pictures and not _of_a_page(at)),
            )
    except FAULTS:
        raise _refused(name, "文件已损坏，或用了少见的压缩方式", "请用系统自带的“压缩为 zip”重新打包后导入") from None


def _wanted(name: str, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The files by their true paths, without clutter."""
    if len(infos) > _MAX_PARTS:
        raise TooLarge(
            f"“{name}”没有导入。里面有 {len(infos)} 个文件，上限为 {_MAX_PARTS} 个。请只打包一个文稿和它的配图。"
        )
    if sum(info.file_size for info in infos) > _MAX_UNPACKED:
        raise TooLarge(f"“{name}”没有导入。解压后超过 200 MB。请压缩其中的图片后重新打包。")
    parts: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        path = _path(info)
        if path.startswith("/") or ":" in path.split("/", 1)[0] or ".." in path.split("/"):
            raise _refused(
                name, f"里面的“{path}”指向压缩包之外，可能是有人做了手脚", "请勿再用这个文件，向提供者核实后重新打包"
            )
        if path.endswith("/") or _is_clutter(path) or stat.S_ISLNK(info.external_attr >> 16):
            continue
        if info.flag_bits & _ENCRYPTED:
            raise _refused(name, "压缩包加了密码", "请去掉密码重新打包后导入")
        if path.lower().endswith(_ARCHIVES):
            raise _refused(name, f"里面还有一个压缩包“{path}”", "请先解开里面的压缩包，再把文稿和配图打成一个 zip")
        parts[posixpath.normpath(path)] = info
    return parts


def _document(name: str, parts: dict[str, zipfile.ZipInfo]) -> tuple[str, zipfile.ZipInfo]:
    found = [path for path in parts if path.lower().endswith(DOCUMENTS) and not _of_a_page(path)]
    if not found:
        raise _refused(name, "里面没有文稿", "请放入一个 .docx、.md、.html 或 .txt 文稿，连同配图重新打包")
    if len(found) > 1:
        shown = "、".join(f"“{path}”" for path in found[:5]) + ("等" if len(found) > 5 else "")
        raise _refused(
            name,
            f"里面有 {len(found)} 个文稿（{shown}），无法确定导入哪一个",
            "请只留一个文稿和它的配图，重新打包后导入",
        )
    return found[0], parts[found[0]]


def _path(info: zipfile.ZipInfo) -> str:
    """The path as it was packed: UTF-8 where the archive says so or it can be nothing else, otherwise GBK (Windows)."""
    if info.flag_bits & _UTF8_NAMES:
        return info.orig_filename.replace("\\", "/")
    raw = info.orig_filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding).replace("\\", "/")
        except UnicodeDecodeError:
            continue
    return info.filename.replace("\\", "/")


def _is_clutter(path: str) -> bool:
    pieces = path.lower().split("/")
    return any(piece in _CLUTTER for piece in pieces) or pieces[-1].startswith(("._", "~$"))


def _of_a_page(path: str) -> bool:
    return any(folder.lower().endswith(_PARTS_OF_PAGES) for folder in path.split("/")[:-1])


def _left_out(paths: Iterable[str]) -> list[str]:
    left = sorted(paths)
    if not left:
        return []
    shown = "、".join(left[:5]) + ("等" if len(left) > 5 else "")
    return [f"压缩包里另有 {len(left)} 个文件没有导入：{shown}。只导入文稿和它的配图；附件请在“附件”处上传。"]


def _refused(name: str, cause: str, remedy: str) -> Invalid:
    return Invalid(f"“{name}”没有导入。{cause}。{remedy}。", errors={"file": [f"{cause}。"]})
