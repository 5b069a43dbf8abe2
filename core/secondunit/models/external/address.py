"""Where footage may go: to an engine on this machine, and further only if its description says so.

Nothing on the open internet is ever spoken to.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from secondunit_contract.problem import BadValue, EngineAway

_PORTS = {"http": 80, "https": 443}
_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Address:
    """An engine's address, as it was written. `home` says that it is this machine's own."""

    scheme: str
    host: str
    port: int
    path: str
    home: bool

    @classmethod
    def written(cls, text: str, may_leave: bool, where: str) -> Address:
        """The address a description gives. Raises BadValue for one that is none, and for another
        machine's where footage may not leave this one.
        """
        try:
            told = urlsplit(text.strip())
            port = told.port or _PORTS.get(told.scheme, 0)
        except ValueError:
            told, port = urlsplit(""), 0
        if not told.hostname or not port or told.username or told.query or told.fragment:
            raise BadValue(
                f"{text!r:.80} is no address of an engine",
                where,
                "Write it as in http://127.0.0.1:8188",
            )
        address = cls(told.scheme, told.hostname, port, told.path.rstrip("/"), _home(told.hostname))
        if not address.home and not may_leave:
            raise BadValue(
                f"{told.hostname} is not this machine, and footage may not leave it",
                where,
                "Use an engine on this machine, or write footage_may_leave = true",
            )
        return address

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    def refuse_open(self) -> None:
        """Raise BadValue where the address leads to the open internet, or a name said to be this
        machine's leads elsewhere; EngineAway where nobody knows the name.
        """
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise EngineAway(
                f"Nobody knows where {self.host} is",
                self.url,
                "Correct the address in the engine's description",
            ) from error
        there = [_plain(str(each[4][0]).partition("%")[0]) for each in found]
        outside = [ip for ip in there if (not ip.is_loopback if self.home else ip.is_global)]
        if outside:
            raise BadValue(
                f"{self.host} is {outside[0]}, which is not on a network of yours",
                self.url,
                "Engines are spoken to on this machine and on the local network only",
            )


def _home(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return _plain(host).is_loopback
    except ValueError:
        return False


def _plain(text: str) -> _Ip:
    """An address, of the older kind where a newer one only wraps it."""
    ip = ipaddress.ip_address(text)
    return getattr(ip, "ipv4_mapped", None) or ip
