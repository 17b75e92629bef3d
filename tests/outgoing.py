"""Build what sinks bring out, and the settings and databases that they do it with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.linking import Linking
from connectors.sinks.addresses import Rules, networks
from connectors.sinks.mail.settings import Mailing
from connectors.sinks.sms.settings import Texting
from connectors.sinks.webhook.settings import Calling
from connectors.stores.endpoints import new_secret, secret
from connectors.stores.migrate import migrate
from connectors.stores.postgres import Database
from schemas.deliveries import Delivery
from schemas.topics import Names
from tests.conftest import Stack
from tests.fakes import twilio_api

SECRET = new_secret()


def outgoing(**fields: object) -> Delivery:
    """Build a delivery that every channel can bring out."""
    given: dict[str, object] = {
        "id": "d-1",
        "intent_id": "i-1",
        "recipient": "ann",
        "channel": "email",
        "address": "ann@example.org",
        "subject": "Disk full on db-1",
        "text": "db-1 has no room left",
        "html": "<p>db-1 has no room left</p>",
        "payload": {"alert": "Disk full", "data": {"host": "db-1"}},
        "template": "alert",
        "type": "alert",
    }
    return Delivery(**(given | fields))  # type: ignore[arg-type]


LINKING = Linking(public_url="https://tocsin.example.org", secret="a secret of some length")


def mailing(**fields: object) -> Mailing:
    """Build the settings of a house that sends mail."""
    given: dict[str, object] = {
        "sender": "alerts@tocsin.test",
        "sender_name": "Tocsin",
        "linking": LINKING,
        "sendgrid_key": "SG.key",
    }
    return Mailing(**(given | fields))  # type: ignore[arg-type]


def texting(**fields: object) -> Texting:
    """Build the settings of a house that sends text messages."""
    given: dict[str, object] = {
        "account": twilio_api.ACCOUNT,
        "user": twilio_api.ACCOUNT,
        "password": twilio_api.TOKEN,
        "senders": ("+15550001111",),
        "linking": Linking(LINKING.public_url, twilio_api.LINK_SECRET),
    }
    return Texting(**(given | fields))  # type: ignore[arg-type]


def calling(**fields: object) -> Calling:
    """Build the settings of a house that posts webhooks to its own machine."""
    rules = Rules(http=True, allow=networks(["127.0.0.0/8"]))
    given: dict[str, object] = {"secret": secret(SECRET), "rules": rules}
    return Calling(**(given | fields))  # type: ignore[arg-type]


@asynccontextmanager
async def tables(stack: Stack, namespace: str) -> AsyncIterator[Database]:
    """Give every table, empty, under a namespace."""
    schema = Names(namespace).database_schema()
    migrate(url=stack.database_url, schema=schema)
    opened = Database(url=stack.database_url, schema=schema)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()
