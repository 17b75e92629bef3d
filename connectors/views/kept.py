"""Keep what compacted topics hold: the last word under each key, and its removal."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.stores.queries.kept import Table
from schemas import keys
from schemas.errors import Undecodable
from schemas.notification import NotificationType, Preference, Recipient, Template
from schemas.records import Record

Row = dict[str, Any]

_TABLES: dict[str, Table] = {
    Template.__name__: Table.TEMPLATES,
    Preference.__name__: Table.PREFERENCES,
    Recipient.__name__: Table.RECIPIENTS,
    NotificationType.__name__: Table.TYPES,
}


class Removed(Record, frozen=True, kw_only=True, gc=False):
    """State that nothing stands under a key any more; `kind` names the record that did."""

    kind: str
    id: str
    tenant: str


KEPT = (Template, Preference, Recipient, NotificationType, Removed)


@dataclass(frozen=True, slots=True)
class LastWords:
    """Hold what a batch leaves of one table: rows to keep, and keys to remove."""

    table: Table
    rows: list[Row] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)


def removal(kind: type[Record], key: bytes) -> Removed | None:
    """Read a tombstone; None where this kind has none, Undecodable where the key is not ours."""
    if kind.__name__ not in _TABLES:
        return None
    try:
        tenant, subject = keys.split(key)
    except ValueError as wrong:
        raise Undecodable(f"a tombstone under a foreign key: {wrong}") from wrong
    return Removed(kind=kind.__name__, id=subject, tenant=tenant)


def last_words(records: Iterable[Record]) -> list[LastWords]:
    """Give, for each table, what the records leave, the later one counting under each key."""
    last: dict[tuple[str, str, str], Row | None] = {}
    for record in records:
        row = msgspec.structs.asdict(record)
        kind = row["kind"] if isinstance(record, Removed) else type(record).__name__
        last[kind, row["tenant"], row["id"]] = None if isinstance(record, Removed) else row
    out: dict[str, LastWords] = {}
    for (kind, tenant, ident), found in last.items():
        words = out.setdefault(kind, LastWords(_TABLES[kind]))
        if found is None:
            words.gone.append({"tenant": tenant, "id": ident})
        else:
            words.rows.append(found)
    return list(out.values())
