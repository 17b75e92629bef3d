"""Run sinks: `python -m connectors.sinks email webhook`, without names those of all channels."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

import structlog
import uvloop

from connectors import logs
from connectors.health import Health
from connectors.settings import Settings
from connectors.sinks import catalogue
from connectors.sinks.runner import Runner
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import Sink
from connectors.stores.postgres import Database
from schemas.errors import ConfigurationError, HouseFault
from schemas.reasons import Channel

log = structlog.get_logger("tocsin.sinks")


async def run(settings: Settings, sinking: Sinking, channels: Sequence[str]) -> None:
    """Bring out the deliveries of these channels until told to stop."""
    async with AsyncExitStack() as opened:
        database = Database(
            url=settings.stores.database_url, schema=settings.names.database_schema()
        )
        await database.open()
        opened.push_async_callback(database.close)
        parts = catalogue.Parts(settings, database, os.environ)
        sinks: list[Sink] = [catalogue.made(channel, parts) for channel in channels]
        runner = Runner(settings, sinking, sinks)
        health = Health(
            host=settings.serving.host,
            port=sinking.metrics_port,
            registry=runner.meters.registry,
            missing=lambda: runner.trouble,
        )
        opened.callback(health.close)
        log.info("starting", metrics_port=health.port, channels=list(channels))
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, runner.stop)
        await runner.run()


def main() -> int:
    """Read the settings and run; 2 where a setting cannot be used, 70 where a restart helps."""
    parser = argparse.ArgumentParser(prog="python -m connectors.sinks", description=__doc__)
    parser.add_argument("channels", nargs="*", metavar="CHANNEL", help=", ".join(Channel))
    options = parser.parse_args()
    logs.set_up()
    try:
        channels = _channels(options.channels)
        settings = Settings.from_env()
        if not settings.stores.redis_url:
            raise ConfigurationError("REDIS_URL is not set; `make up` writes it to .local/env")
        uvloop.run(run(settings, Sinking.from_env(), channels))
    except ConfigurationError as wrong:
        print(f"error: {wrong}", file=sys.stderr)
        return 2
    except HouseFault as fault:
        print(f"error: {fault}; restart needed", file=sys.stderr)
        return 70
    return 0


def _channels(named: Sequence[str]) -> list[str]:
    unknown = sorted(set(named) - set(Channel))
    if unknown:
        known = ", ".join(Channel)
        raise ConfigurationError(f"no such channel: {', '.join(unknown)}; there are {known}")
    return list(dict.fromkeys(named)) or [str(channel) for channel in Channel]


if __name__ == "__main__":
    sys.exit(main())
