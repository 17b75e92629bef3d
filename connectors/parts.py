"""The parts that every room of the HTTP server shares, made once a process."""

from dataclasses import dataclass

from connectors.kafka import Producer
from connectors.rates import Rates
from connectors.settings import Settings
from connectors.stores.credentials import Credentials
from connectors.stores.heard import Heard
from connectors.stores.postgres import Database
from connectors.stores.redis import Redis


@dataclass(frozen=True, slots=True)
class Parts:
    """Hold settings and connections; `redis` and `heard` are None where no Redis is set."""

    settings: Settings
    producer: Producer
    database: Database
    credentials: Credentials
    redis: Redis | None
    heard: Heard | None
    rates: Rates


def made(settings: Settings) -> Parts:
    """Make the parts without opening any of them."""
    database = Database(url=settings.stores.database_url, schema=settings.names.database_schema())
    redis = Redis(url=settings.stores.redis_url) if settings.stores.redis_url else None
    return Parts(
        settings=settings,
        producer=Producer(settings.cluster, settings.producing),
        database=database,
        credentials=Credentials(database),
        redis=redis,
        heard=Heard(redis, settings.names) if redis else None,
        rates=Rates(settings.rating),
    )
