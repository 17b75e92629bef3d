"""Let one process at a time run the stack of a home."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from deploy.local.child import clear_leftovers
from deploy.local.errors import StackBusyError
from deploy.local.home import Home
from deploy.local.service import Say


@contextmanager
def locked(home: Home, *, say: Say = print) -> Iterator[None]:
    """Hold the home for this process, and clear what a killed run left running in it.

    The system gives the lock up with the process, however it ends; a stale one cannot be.
    """
    home.folder(".")
    with home.lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StackBusyError(_whose(file.read(), home)) from None
        holder = {"pid": os.getpid(), "started_at": datetime.now(UTC).isoformat("T", "seconds")}
        file.truncate(0)
        file.write(json.dumps(holder))
        file.flush()
        for name in clear_leftovers(home):
            say(f"{name}: ended a process that a killed run left behind")
        yield
        file.truncate(0)


def holder_of(home: Home) -> int | None:
    """Return the process that runs the stack of this home, if one does."""
    if not home.lock.exists():
        return None
    with home.lock.open("r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            noted = file.read()
            return int(json.loads(noted)["pid"]) if noted else None
    return None


def _whose(noted: str, home: Home) -> str:
    who = json.loads(noted) if noted else {"pid": "unknown", "started_at": "a moment ago"}
    return (
        f"the stack in {home.path} is already running: process {who['pid']}, "
        f"since {who['started_at']}. Stop it with Ctrl-C there, or with `make down`."
    )
