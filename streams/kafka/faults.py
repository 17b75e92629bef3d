"""The way out when this worker can no longer vouch for its state."""

import logging
import os
import sys
from typing import NoReturn

import structlog

EXIT_HOUSE_FAULT = 70  # sysexits.h: internal software error
log = structlog.get_logger(__name__)


def leave(why: str, *, error: BaseException | None = None) -> NoReturn:
    """End the process at once, so that nothing is committed on the way out.

    The supervisor restarts it; the next life repeats from the last checkpoint.
    """
    log.error("house fault, leaving", why=why, exc_info=error)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_HOUSE_FAULT)
