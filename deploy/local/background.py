"""Start, stop and show a stack that runs in the background."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import psutil

from deploy.local.child import last_line, rotate
from deploy.local.errors import StackError
from deploy.local.home import Home
from deploy.local.lock import holder_of
from deploy.local.parts import CHECKOUT
from deploy.local.service import Say

# The first start fetches Kafka.
UP_WITHIN_S = 600.0
# Each floor may take 15 to 20 s before it is ended by force.
DOWN_WITHIN_S = 60.0


def up(home: Home, *, say: Say) -> None:
    """Start the whole product in the background and return when it is ready."""
    if holder := holder_of(home):
        raise StackError(f"the stack is running already (process {holder})")
    home.env.unlink(missing_ok=True)  # a killed run could not, and it says "ready" below
    log = home.folder("logs") / "stack.log"
    rotate(log)
    line = [sys.executable, "-m", "deploy.local", "run", "--no-samples", "--dir", str(home.path)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            line,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + UP_WITHIN_S
    with log.open(encoding="utf-8") as news:
        while not home.env.exists():
            _pass_on(news.read(), say)
            if process.poll() is not None:
                raise StackError(f"it did not start: {last_line(log)}")
            if time.monotonic() > deadline:
                raise StackError(f"not ready within {UP_WITHIN_S:.0f} s; see {log}")
            time.sleep(0.1)
        _pass_on(news.read(), say)
    say(f"running in the background; `. {home.env}` leads a shell there, `make down` stops it")


def down(home: Home, *, say: Say) -> None:
    """Ask whoever runs this stack to stop it, and return when it has."""
    holder = holder_of(home)
    if holder is None:
        say("nothing is running")
        return
    os.kill(holder, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_WITHIN_S
    while holder_of(home) is not None:
        if time.monotonic() > deadline:
            raise StackError(f"process {holder} has not stopped within {DOWN_WITHIN_S:.0f} s")
        time.sleep(0.1)
    say("stopped; the data is kept")


def status(home: Home, *, say: Say) -> None:
    """Show what runs, since when, and where it listens."""
    holder = holder_of(home)
    if holder is None:
        say("not running; `make run` or `make up` starts it")
        return
    ready = "ready" if home.env.exists() else "not ready yet"
    say(f"run by process {holder}, {ready}")
    for record in sorted(home.folder("run").glob("*.json")):
        noted = json.loads(record.read_text())
        say(f"  {record.stem:<12} process {noted['pid']:>7}  {_since(noted)}")
    if home.env.exists():
        say(home.env.read_text().rstrip())


def _since(noted: dict[str, float]) -> str:
    alive = psutil.pid_exists(int(noted["pid"]))
    born = datetime.fromtimestamp(noted["created_at"], UTC).isoformat("T", "seconds")
    return f"since {born}" if alive else "ended"


def _pass_on(news: str, say: Say) -> None:
    if news.strip():
        say(news.rstrip())
