"""Addresses: find out where a receiver is, and refuse what is not the open internet.

Every address that a name has is looked at, and the one that was looked at is called: a name that
answers otherwise the next moment gains nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from schemas.errors import Transient
from schemas.web_address import Target, UnsafeAddress, leads_inward

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

PORTS = frozenset({80, 443, 8000, 8080, 8443})
OWN_FRESH_S = 60.0

# IANA's registries of special purposes; `ipaddress.is_global` alone is wrong on many of these.
_REFUSED_4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
# Of IPv6 only what is given out for the open internet, less what has a special purpose in it:
# so loopback, unique local, link-local, multicast, NAT64 and segment routing fall by themselves.
_OPEN_6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_6 = tuple(
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


class Unresolved(Transient):
    """Say that a name has no address now."""


def is_open(address: Address) -> bool:
    """Say whether an address lies on the open internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _REFUSED_4)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return is_open(address.ipv4_mapped)
    return address in _OPEN_6 and not any(address in network for network in _REFUSED_6)


@dataclass(frozen=True, slots=True)
class Rules:
    """Say what may be called.

    `allow` are networks of our own that may be called nevertheless, at any port but those of
    `own`: hosts and ports of the services that we live on.
    """

    http: bool = False
    ports: frozenset[int] = PORTS
    allow: tuple[Network, ...] = ()
    own: frozenset[tuple[str, int]] = frozenset()


@dataclass(slots=True)
class _Own:
    places: frozenset[tuple[Address, int]] = frozenset()
    hosts: frozenset[Address] = frozenset()
    fresh_until: float = 0.0


async def resolved(host: str, port: int) -> Sequence[str]:
    """Ask the system for every address of a name; Unresolved where it has none."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as wrong:
        raise Unresolved("the receiver's name has no address") from wrong
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Guard:
    """Give the addresses at which a target may be called."""

    rules: Rules
    resolve: Resolve = resolved
    _own: _Own = field(default_factory=_Own)

    async def addresses(self, target: Target) -> Sequence[str]:
        """Resolve and check; UnsafeAddress where one of the addresses must not be called."""
        if target.scheme != "https" and not self.rules.http:
            raise UnsafeAddress("http without TLS is not allowed")
        found = await self._found(target)
        allowed = all(self._is_allowed(address) for address in found)
        if leads_inward(target.host) and not allowed:
            raise UnsafeAddress("a name of the inner network")
        if target.port not in self.rules.ports and not allowed:
            raise UnsafeAddress(f"port {target.port} is not among those allowed")
        own = await self._ours()
        for address in found:
            if (address, target.port) in own.places:
                raise UnsafeAddress("a service that Tocsin lives on")
            if not self._is_allowed(address) and (not is_open(address) or address in own.hosts):
                raise UnsafeAddress("not an address of the open internet")
        return [str(address) for address in found]

    async def _found(self, target: Target) -> list[Address]:
        texts = [target.host] if target.is_literal else await self.resolve(target.host, target.port)
        try:
            found = [_plain(text) for text in texts]
        except ValueError as wrong:
            raise UnsafeAddress("not an IP address") from wrong
        if not found:
            raise Unresolved("the receiver's name has no address")
        return found

    def _is_allowed(self, address: Address) -> bool:
        return any(
            address.version == network.version and address in network
            for network in self.rules.allow
        )

    async def _ours(self) -> _Own:
        now = asyncio.get_running_loop().time()
        if self._own.fresh_until <= now:
            self._own.fresh_until = now + OWN_FRESH_S
            places: set[tuple[Address, int]] = set()
            for host, port in self.rules.own:
                try:
                    texts = await self.resolve(host, port)
                except Unresolved:
                    continue
                places |= {(_plain(text), port) for text in texts}
            self._own.places = frozenset(places)
            self._own.hosts = frozenset(address for address, _ in places)
        return self._own


def _plain(text: str) -> Address:
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks as `10.1.0.0/16`; ValueError for what is none."""
    return tuple(ipaddress.ip_network(text) for text in texts)
