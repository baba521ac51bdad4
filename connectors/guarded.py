"""Connections that ask the guard: the address that was allowed is the address that is asked, the name stays for TLS."""

from __future__ import annotations

import socket
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from connectors.errors import Refused
from connectors.guard import Allows, LookUp, barred, look_up


class Guarded(HTTPConnection):
    """Looks the name up once, refuses it when any of its addresses is not allowed, connects to the first that answers."""

    allows: Allows | None = None
    look_up: LookUp = staticmethod(look_up)

    def _new_conn(self) -> socket.socket:
        allows, name = type(self).allows, self._dns_host
        if allows is None:
            return super()._new_conn()
        try:
            found = type(self).look_up(name, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(name, self, error) from None
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, str(error)) from None
        if not found or barred(found, allows):
            raise Refused(
                f"{name} 指向本机或内部网络的地址，没有访问。",
                remedy="为防止内部系统被人利用，这里只访问允许的地址。请核对网址。",
                who="系统管理员",
                code="barred",
            )
        return self._first_of(found, name)

    def _first_of(self, found: Any, name: str) -> socket.socket:
        failed: NewConnectionError = NewConnectionError(self, "no address")
        for address in found:
            self._dns_host = address
            try:
                return super()._new_conn()
            except NewConnectionError as error:
                failed = error
            finally:
                self._dns_host = name
        raise failed
