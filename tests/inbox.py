"""Write records as the streams do, and look at what the views made of them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from connectors import parts as shared
from connectors.api.app import routes
from connectors.settings import Settings
from connectors.stores.postgres import Database, connect, fetch_all
from connectors.stores.queries import views
from connectors.views.rows import Taken
from connectors.views.writing import write
from schemas import keys
from schemas.codec import encode
from schemas.deliveries import DeliveryEvent
from schemas.notification import NotificationType, Preference, Recipient, Template
from schemas.reasons import Outcome, Reason, Stage, SubjectKind
from schemas.records import AlertChange, DeadLetter, Decision, Record
from schemas.topics import (
    ALERTS_CHANGES,
    CONTROL_PREFERENCES,
    CONTROL_RECIPIENTS,
    CONTROL_TEMPLATES,
    CONTROL_TYPES,
    DEAD_LETTERS,
    DECISIONS,
    DELIVERIES_EVENTS,
    Names,
    Topic,
)
from tests import topics
from tests.builders import HOUR, NOON
from tests.gateway import House

Rows = Callable[..., Awaitable[None]]

TOPICS: dict[type[Record], Topic] = {
    AlertChange: ALERTS_CHANGES,
    Decision: DECISIONS,
    DeadLetter: DEAD_LETTERS,
    DeliveryEvent: DELIVERIES_EVENTS,
    Template: CONTROL_TEMPLATES,
    Preference: CONTROL_PREFERENCES,
    Recipient: CONTROL_RECIPIENTS,
    NotificationType: CONTROL_TYPES,
}
# What the key of a record is made of, where it is not the fingerprint.
SUBJECTS: dict[type[Record], str] = {
    Decision: "subject_id",
    DeliveryEvent: "intent_id",
    Template: "id",
    Preference: "id",
    Recipient: "id",
    NotificationType: "id",
}


def change(name: str, seq: int = 1, **fields: Any) -> AlertChange:
    """Build the change of an open alert that was told `seq` times; the first has content."""
    given: dict[str, Any] = {
        "alert_id": f"alert-{name}",
        "seq": seq,
        "fingerprint": f"print-{name}",
        "kind": "fired" if seq == 1 else "repeated",
        "count": seq,
        "first_seen_at": NOON,
        "last_seen_at": NOON + seq,
        "occurred_at": NOON + seq,
        "window_ends_at": NOON + HOUR,
        "opened_partition": 0,
        "opened_offset": 0,
    }
    if seq == 1 or fields.get("has_content"):
        given |= {
            "has_content": True,
            "source": "slack",
            "title": f"Disk full on {name}",
            "body": "91 %",
            "labels": {"host": name},
            "links": ["https://runbooks.example.org/disk"],
        }
    return AlertChange(**(given | fields))


def publish(house: House, records: Iterable[Record]) -> None:
    """Write records to their topics, under the keys that their writers use."""
    names, servers = Names(house.namespace), house.environment["KAFKA_BOOTSTRAP_SERVERS"]
    for record_type, topic in TOPICS.items():
        found = [record for record in records if type(record) is record_type]
        pairs = [(_key(record), encode(record)) for record in found]
        topics.produce(servers, names.topic(topic), pairs)


def _key(record: Any) -> bytes:
    if isinstance(record, DeadLetter):
        return record.key
    subject = getattr(record, "fingerprint", "") or getattr(record, SUBJECTS[type(record)])
    return keys.key(record.tenant, subject)


def rows(house: House, query: str) -> list[dict[str, Any]]:
    """Ask the views' tables."""
    url = house.environment["DATABASE_URL"]
    with connect(url=url, schema=Names(house.namespace).database_schema()) as connection:
        return fetch_all(connection, query)


@asynccontextmanager
async def database(house: House) -> AsyncIterator[Database]:
    """Open the database of a house."""
    schema = Names(house.namespace).database_schema()
    opened = Database(url=house.environment["DATABASE_URL"], schema=schema)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


async def store(opened: Database, records: Sequence[Record], *, place: str = "written") -> None:
    """Write records into the views without Kafka, each time as if they were new."""
    async with opened.transaction() as connection:
        stands = await views.begin_offsets(connection, [(place, 0)])
    first = stands[place, 0]
    taken = [Taken(place, 0, first + number, each) for number, each in enumerate(records)]
    await write(opened, taken, {(place, 0): first + len(taken)})


def refusal(subject: str, reason: Reason, *, ident: str, fingerprint: str = "") -> Decision:
    """Build the decision that turned something down."""
    return Decision(
        id=ident,
        subject_kind=str(SubjectKind.RECORD),
        subject_id=subject,
        stage=str(Stage.COMMAND),
        outcome=str(Outcome.DROPPED),
        reason=str(reason),
        fingerprint=fingerprint,
        occurred_at=NOON,
    )


@asynccontextmanager
async def client_of(home: House, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the inbox, which runs in this process."""
    parts = shared.made(Settings.from_env(home.environment))
    app = FastAPI()
    app.include_router(routes(parts))
    async with AsyncExitStack() as opened:
        await parts.database.open()
        opened.push_async_callback(parts.database.close)
        await opened.enter_async_context(parts.producer)
        transport = httpx.ASGITransport(app=app)
        headers = {"Authorization": f"Bearer {token}"}
        yield await opened.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://inbox", headers=headers)
        )


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    """Ask the inbox, which must answer."""
    answer = await client.get(f"/api{path}", params=params)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def ids(client: httpx.AsyncClient, **params: Any) -> list[str]:
    """Give the ids of a list, in its order."""
    return [item["id"] for item in (await get(client, "/notifications", **params))["items"]]
