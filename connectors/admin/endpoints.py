"""Tend the endpoints that webhooks are posted to: secrets, headers, order, on and off."""

import argparse
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connectors.stores.endpoints import OVERLAP_MS, check_headers, new_secret
from connectors.stores.postgres import connect
from connectors.stores.queries import endpoints
from schemas.errors import ConfigurationError, Invalid
from schemas.keys import TENANT
from schemas.web_address import UnsafeAddress, target

Secrets = Sequence[Mapping[str, Any]]


def rotated(secrets: Secrets, fresh: str, *, now: int) -> list[dict[str, Any]]:
    """Put a secret before those that live; each of these lives for a day more at most."""
    kept = [
        {"secret": each["secret"], "until": min(each["until"] or ends, ends)}
        for ends in (now + OVERLAP_MS,)
        for each in secrets
        if not each["until"] or now < each["until"]
    ]
    return [{"secret": fresh, "until": 0}, *kept]


def add(options: argparse.Namespace, console: Console) -> int:
    """Register an endpoint and show its secret this once."""
    _check(options)
    headers = _headers(options.header)
    fresh = new_secret()
    with connect(url=options.database_url, schema=options.schema) as connection:
        is_new = endpoints.register(
            connection,
            tenant=options.tenant,
            url=options.url,
            secrets=[{"secret": fresh, "until": 0}],
            headers=headers,
            ordered=options.ordered,
            at=_now(),
        )
    if not is_new:
        raise ConfigurationError("this endpoint is registered already; `rotate` gives a new secret")
    return _show(console, fresh)


def rotate(options: argparse.Namespace, console: Console) -> int:
    """Give an endpoint a new secret, shown this once; the old one signs too for a day."""
    fresh = new_secret()
    with connect(url=options.database_url, schema=options.schema) as connection:
        held = endpoints.secrets_of(connection, tenant=options.tenant, url=options.url)
        if held is None:
            return _unknown(console)
        endpoints.set_secrets(
            connection,
            tenant=options.tenant,
            url=options.url,
            secrets=rotated(held, fresh, now=_now()),
        )
    return _show(console, fresh)


def enable(options: argparse.Namespace, console: Console) -> int:
    """Post to an endpoint again, and forget its failures."""
    return _switch(options, console, off_at=0)


def disable(options: argparse.Namespace, console: Console) -> int:
    """Post no more to an endpoint; what comes for it is suppressed."""
    return _switch(options, console, off_at=_now())


def listed(options: argparse.Namespace, console: Console) -> int:
    """List every endpoint without its secrets."""
    with connect(url=options.database_url, schema=options.schema) as connection:
        rows = endpoints.listed(connection)
    table = Table("tenant", "url", "secrets", "ordered", "off since", "why", "fails since", "last")
    for row in rows:
        table.add_row(
            row["tenant"],
            escape(row["url"]),
            str(row["secrets"] or "default"),
            "yes" if row["ordered"] else "",
            _moment(row["disabled_at"]),
            row["disabled_reason"],
            _moment(row["first_failure_at"]),
            _moment(row["last_success_at"]),
        )
    console.print(table)
    return 0


def _switch(options: argparse.Namespace, console: Console, *, off_at: int) -> int:
    with connect(url=options.database_url, schema=options.schema) as connection:
        known = endpoints.switch(connection, tenant=options.tenant, url=options.url, off_at=off_at)
    if not known:
        return _unknown(console)
    console.print(f"switched {'off' if off_at else 'on'}; sinks know it within ten seconds")
    return 0


def _check(options: argparse.Namespace) -> None:
    if not TENANT.fullmatch(options.tenant):
        raise ConfigurationError(f"--tenant: {options.tenant!r} is not {TENANT.pattern}")
    try:
        target(options.url)
    except UnsafeAddress as wrong:
        raise ConfigurationError(f"the address cannot be posted to: {wrong}") from wrong


def _headers(given: Sequence[str]) -> dict[str, str]:
    headers = {}
    for each in given:
        name, colon, value = each.partition(":")
        if not colon:
            raise ConfigurationError("--header: say 'Name: value'")
        headers[name.strip()] = value.strip()
    try:
        check_headers(headers)
    except Invalid as wrong:
        raise ConfigurationError(f"--header: {wrong}") from wrong
    return headers


def _show(console: Console, secret: str) -> int:
    console.print(secret, soft_wrap=True, highlight=False, markup=False)
    return 0


def _unknown(console: Console) -> int:
    console.print("no such endpoint; `endpoint list` shows those that are known")
    return 1


def _moment(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(at / 1000)) if at else ""


def _now() -> int:
    return time.time_ns() // 1_000_000
