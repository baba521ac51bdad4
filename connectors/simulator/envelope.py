"""How the platforms sign and wrap what they push: WeChat's XML, plain or AES, and Weibo's signed query."""

from __future__ import annotations

import base64
import os
import re
import struct
from collections.abc import Mapping
from hashlib import sha1
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32  # WeChat pads to 32 bytes although the cipher's block is 16
CDATA_END = "]]]]><![CDATA[>"  # how "]]>" is written inside CDATA
FIELD = re.compile(r"<(\w+)>\s*(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))\s*</\1>", re.S)


def signature(*parts: str) -> str:
    """sha1 of the parts sorted and joined: WeChat's signature and msg_signature, and Weibo's signature."""
    return sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def xml(fields: Mapping[str, Any]) -> str:
    """``<xml>`` of the fields in order: text in CDATA, numbers bare, mappings nested, lists repeated."""
    return f"<xml>{_elements(fields)}</xml>"


def _elements(fields: Mapping[str, Any]) -> str:
    written = []
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            written.append(f"<{name}>{_content(each)}</{name}>")
    return "".join(written)


def _content(value: Any) -> str:
    if isinstance(value, Mapping):
        return _elements(value)
    if isinstance(value, (int, float)):
        return str(value)
    return f"<![CDATA[{str(value).replace(']]>', CDATA_END)}]]>"


def read_fields(text: str) -> dict[str, str]:
    """The innermost elements of a flat XML answer; enough to read a passive reply."""
    found = FIELD.findall(text.replace(CDATA_END, "\0"))
    return {name: (cdata or bare.strip()).replace("\0", "]]>") for name, cdata, bare in found}


def encrypt(text: str, encoding_aes_key: str, app_id: str) -> str:
    """AES-256-CBC of random(16) + length(4, big endian) + text + appid, IV = the key's first half."""
    key = base64.b64decode(encoding_aes_key + "=")
    raw = text.encode()
    plain = os.urandom(16) + struct.pack(">I", len(raw)) + raw + app_id.encode()
    padding = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()).decode()


def decrypt(sealed: str, encoding_aes_key: str, app_id: str) -> str:
    """The text of a sealed answer. Raises ValueError when it is not sealed for this app."""
    key = base64.b64decode(encoding_aes_key + "=")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(base64.b64decode(sealed)) + decryptor.finalize()
    plain = plain[16 : -plain[-1]] if plain else plain
    if len(plain) < 4:
        raise ValueError("too short")
    length = struct.unpack(">I", plain[:4])[0]
    if plain[4 + length :].decode() != app_id:
        raise ValueError("sealed for another app")
    return plain[4 : 4 + length].decode()
