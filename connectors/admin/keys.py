"""Make, list and revoke the keys of the API and the tokens of sources."""

import argparse
import hmac
import os
from pathlib import Path
from uuid import uuid4

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connectors.stores import credentials
from connectors.stores.credentials import Scope, new_token, token_hash
from connectors.stores.postgres import SyncConnection, connect
from connectors.stores.queries import keys
from schemas.errors import ConfigurationError
from schemas.keys import TENANT


def scopes_of(given: str) -> list[str]:
    """Read a list of scopes, or `all`; ConfigurationError names one that does not exist."""
    if given.strip() == "all":
        return sorted(Scope)
    known = {str(scope) for scope in Scope}
    words = [word.strip() for word in given.split(",") if word.strip()]
    for word in words:
        if word not in known:
            raise ConfigurationError(
                f"--scope: {word!r} is none of {', '.join(sorted(known))} (or all)"
            )
    if not words:
        raise ConfigurationError("--scope: name at least one")
    return sorted(set(words))


def key(options: argparse.Namespace, console: Console) -> int:
    """Make a key and show its token this once, or write it to a file."""
    if not TENANT.fullmatch(options.tenant):
        raise ConfigurationError(f"--tenant: {options.tenant!r} is not {TENANT.pattern}")
    scopes = scopes_of(options.scope)
    file = Path(options.token_file) if options.token_file else None
    kept = file.read_text().strip() if file and file.exists() else ""
    token = kept or new_token()
    if kept and not kept.startswith(credentials.PREFIX):
        raise ConfigurationError(f"{file} holds no token of ours; remove it to get a new one")
    with connect(url=options.database_url, schema=options.schema) as connection:
        if not _keep(connection, options, scopes, token):
            console.print(f"key {options.name!r} is there already")
            return 0
    if file is None:
        console.print(token, soft_wrap=True, highlight=False, markup=False)
    elif not kept:
        write_private(file, token)
        console.print(f"key {options.name!r} made; its token lies in {file}")
    else:
        console.print(f"key {options.name!r} made from the token in {file}")
    return 0


def _keep(
    connection: SyncConnection, options: argparse.Namespace, scopes: list[str], token: str
) -> bool:
    held = keys.find_named(connection, tenant=options.tenant, name=options.name)
    if held is not None:
        same = hmac.compare_digest(bytes(held["token_hash"]), token_hash(token))
        if same and sorted(held["scopes"]) == scopes and held["source"] == options.source:
            return False
        if not options.rotate and not (same or options.token_file):
            raise ConfigurationError(
                f"tenant {options.tenant!r} has a key {options.name!r} already; "
                "use --rotate to replace it, or another name"
            )
        keys.revoke(connection, tenant=options.tenant, name_or_id=held["id"])
        if same:
            keys.forget_hash(connection, key_id=held["id"])
    keys.insert(
        connection,
        key_id=str(uuid4()),
        token_hash=token_hash(token),
        tenant=options.tenant,
        name=options.name,
        scopes=scopes,
        source=options.source,
        signing_secret=os.environ.get(options.secret_env, "") if options.secret_env else "",
    )
    return True


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    draft.replace(file)


def listed(options: argparse.Namespace, console: Console) -> int:
    """List every key without its token."""
    with connect(url=options.database_url, schema=options.schema) as connection:
        rows = keys.listed(connection)
    table = Table("id", "tenant", "name", "scopes", "source", "signed", "created", "revoked")
    for row in rows:
        table.add_row(
            row["id"],
            row["tenant"],
            escape(row["name"]),
            ", ".join(sorted(row["scopes"])),
            escape(row["source"]),
            "yes" if row["signed"] else "",
            f"{row['created_at']:%Y-%m-%d %H:%M}",
            f"{row['revoked_at']:%Y-%m-%d %H:%M}" if row["revoked_at"] else "",
        )
    console.print(table)
    return 0


def revoke(options: argparse.Namespace, console: Console) -> int:
    """Refuse a key from now on; 1 where there is none of this name."""
    with connect(url=options.database_url, schema=options.schema) as connection:
        count = keys.revoke(connection, tenant=options.tenant, name_or_id=options.name)
    if not count:
        console.print(f"no live key {options.name!r} in tenant {options.tenant!r}")
        return 1
    console.print(f"revoked; processes that know it refuse it within {credentials.FRESH_S:g} s")
    return 0
