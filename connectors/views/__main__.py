"""Run the views: `python -m connectors.views`."""

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack

import structlog

from connectors import logs
from connectors.health import Health
from connectors.kafka import Producer
from connectors.settings import Keeping, Settings, keeping
from connectors.stores.heard import Heard
from connectors.stores.postgres import Database
from connectors.stores.pruning import Pruner
from connectors.stores.redis import Redis
from connectors.views.following import FOLLOWED, Following
from connectors.views.meters import Meters
from connectors.views.reader import Reader
from connectors.views.shadow import Shadow
from schemas.errors import ConfigurationError, HouseFault

log = structlog.get_logger("tocsin.views")
DATABASE_CONNECTIONS = 4


async def run(settings: Settings, keeping: Keeping, *, metrics_port: int, instance_id: str) -> None:
    """Keep the views current until told to stop."""
    names = settings.names
    async with AsyncExitStack() as opened:
        database = Database(
            url=settings.stores.database_url,
            schema=names.database_schema(),
            most=DATABASE_CONNECTIONS,
        )
        await database.open()
        opened.push_async_callback(database.close)
        redis = Redis(url=settings.stores.redis_url)
        opened.push_async_callback(redis.close)
        shadow = Shadow(database, Heard(redis, names))
        opened.push_async_callback(shadow.close)
        await shadow.start()
        reader = Reader(
            settings.cluster,
            group=names.group("views"),
            topics=[names.topic(topic) for topic in FOLLOWED],
            instance_id=instance_id,
        )
        opened.push_async_callback(asyncio.to_thread, reader.close)
        meters = Meters()
        following = Following(
            reader=reader,
            database=database,
            producer=await opened.enter_async_context(Producer(settings.cluster)),
            shadow=shadow,
            names=names,
            meters=meters,
        )
        opened.callback(_show_health(settings, following, meters, port=metrics_port).close)
        pruner = Pruner(database, keeping, names, told=meters.pruned)
        opened.push_async_callback(_ended, asyncio.create_task(pruner.run()))
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, following.stop)
        await following.run()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _show_health(settings: Settings, following: Following, meters: Meters, *, port: int) -> Health:
    health = Health(
        host=settings.serving.host,
        port=port,
        registry=meters.registry,
        missing=lambda: following.trouble,
    )
    log.info("following", metrics_port=health.port)
    return health


def main() -> int:
    """Read the settings and run."""
    logs.set_up()
    try:
        settings, kept = Settings.from_env(), keeping()
        if not settings.stores.redis_url:
            raise ConfigurationError("REDIS_URL is not set; `make up` writes it to .local/env")
        port = int(os.environ.get("TOCSIN_METRICS_PORT") or 0)
    except (ConfigurationError, ValueError) as wrong:
        print(f"error: {wrong}", file=sys.stderr)
        return 2
    instance_id = os.environ.get("TOCSIN_INSTANCE_ID", "")
    try:
        asyncio.run(run(settings, kept, metrics_port=port, instance_id=instance_id))
    except HouseFault as fault:
        print(f"error: {fault}; restart needed", file=sys.stderr)
        return 70
    return 0


if __name__ == "__main__":
    sys.exit(main())
