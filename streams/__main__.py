"""Start a streams process: `python -m streams triage`."""

import argparse
import gc
import logging
import sys

import faust
import structlog
import uvloop

from schemas.errors import TocsinError
from streams.agents import follow_up, planning, scheduler, triage
from streams.settings import Settings

PROCESSES = {
    "follow-up": follow_up.build,
    "planning": planning.build,
    "scheduler": scheduler.build,
    "triage": triage.build,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one process until it is told to stop; 1 says that it could not start."""
    parser = argparse.ArgumentParser(
        prog="python -m streams",
        description="Run one of the Faust apps. Settings come from the environment.",
    )
    parser.add_argument("process", choices=sorted(PROCESSES), help="which app to run")
    chosen = parser.parse_args(arguments)
    try:
        settings = Settings.from_env()
        _log(settings.log_level)
        uvloop.install()
        app = PROCESSES[chosen.process](settings)
        _settle_memory()
    except TocsinError as error:
        print(f"{chosen.process}: {error}", file=sys.stderr)
        return 1
    faust.Worker(
        app, loglevel=settings.log_level.upper(), redirect_stdouts=False, logfile=None
    ).execute_from_commandline()
    return 0


def _settle_memory() -> None:
    # What was made at start stays; records hold no cycles, and walking through the states of a
    # million alerts again and again took a quarter of triage's time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _log(level: str) -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
