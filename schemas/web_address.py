"""Web addresses that deliveries may be posted to: read strictly, so that nobody reads them
otherwise.

Pure: what a name resolves to is not asked here.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from schemas.errors import Invalid
from schemas.reasons import Reason

LONGEST = 2048
DEFAULT_PORTS = {"https": 443, "http": 80}
# No userinfo, no backslash, no blank, no zone of an IPv6 address: each is read in several ways.
_FORM = re.compile(
    r"(https?)://([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?"
    r"([/?][!-\[\]-~]*)?",
    re.ASCII,
)
_QUAD = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}", re.ASCII)
_NUMBER = re.compile(r"\d+|0[xX][0-9A-Fa-f]*", re.ASCII)
# Names that lead into the house, or to a cloud's metadata, whatever they resolve to.
_INWARD = ("localhost", "localdomain", "internal", "local")


class UnsafeAddress(Invalid):
    """Say that an address must not be called, without saying it."""

    reason = Reason.UNSAFE_ADDRESS


@dataclass(frozen=True, slots=True)
class Target:
    """Say where a request goes; `host` is lower case, `is_literal` where it is an IP address."""

    scheme: str
    host: str
    port: int
    path: str
    is_literal: bool = False

    @property
    def authority(self) -> str:
        """Give host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@lru_cache(maxsize=8192)
def target(url: str) -> Target:
    """Read an http or https address; UnsafeAddress says what is wrong with any other."""
    if len(url) > LONGEST:
        raise UnsafeAddress(f"longer than {LONGEST} characters")
    url = url.partition("#")[0]
    read = _FORM.fullmatch(url if not url[:5].isupper() else url[:5].lower() + url[5:])
    if read is None:
        raise UnsafeAddress("no plain http or https address: no userinfo, blanks or backslashes")
    scheme, host, port, path = read.groups()
    if path is None or path.startswith("?"):
        path = "/" + (path or "")
    number = int(port) if port else DEFAULT_PORTS[scheme]
    if not 0 < number < 65_536:
        raise UnsafeAddress("no such port")
    name, is_literal = _host(host.lower())
    return Target(scheme, name, number, path, is_literal)


def _host(host: str) -> tuple[str, bool]:
    if host.startswith("["):
        return host[1:-1], True
    if _QUAD.fullmatch(host):
        return host, True
    name = host.removesuffix(".")
    labels = name.split(".")
    if not all(0 < len(label) < 64 for label in labels) or len(name) > 253:
        raise UnsafeAddress("no name of a host")
    # 127.1, 0x7f000001, 0: some readers take them for addresses.
    if _NUMBER.fullmatch(labels[-1]):
        raise UnsafeAddress("a number that is no plain IPv4 address")
    return name, False


def leads_inward(name: str) -> bool:
    """Say whether a host's name means the machine itself or its neighbourhood."""
    return name.rpartition(".")[2] in _INWARD
