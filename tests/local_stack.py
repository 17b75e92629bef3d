"""Run the local stack by its commands in a folder of its own, as a user would."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

from deploy.local.parts import CHECKOUT
from tests.waiting import eventually

GIVEN = ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "REDIS_URL")
STORY_ENDS = "stop      Ctrl-C"


def command(
    folder: Path,
    act: str = "services",
    *,
    stdout: IO[bytes] | None = None,
    stderr: int | None = None,
) -> subprocess.Popen[str]:
    """Start a stack of its own in a folder; the environment leads to no other services."""
    environment = {k: v for k, v in os.environ.items() if k not in GIVEN}
    line = [sys.executable, "-m", "deploy.local", act, "--dir", str(folder)]
    return subprocess.Popen(
        line, env=environment, cwd=CHECKOUT, stdout=stdout, stderr=stderr, text=True
    )


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Give the running services, ended by force if the test leaves them running."""
    process = command(folder)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def env_of(folder: Path, process: subprocess.Popen[str]) -> dict[str, str]:
    """Wait for the services and read where they are."""

    def lines() -> list[str]:
        assert process.poll() is None
        return (folder / "env").read_text().splitlines()

    found = eventually(lines, within_s=90, why="the services are up")
    rows = (line.removeprefix("export ").split("=", 1) for line in found)
    return {name: value.strip("'") for name, value in rows}


class Product:
    """Run the whole product, stop it as Ctrl-C does, and run it again where it lay."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None

    def run(self) -> str:
        """Start everything and give what was printed until the samples' story was told."""
        printed = self.folder / "printed"
        with printed.open("wb") as out:
            self._process = process = command(self.folder, "run", stdout=out)
        eventually(
            lambda: STORY_ENDS in printed.read_text() or process.poll() is not None,
            within_s=180,
            why="the story is told",
        )
        return printed.read_text()

    def stop(self) -> int:
        """Press Ctrl-C and give the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(90)

    def close(self) -> None:
        """End it by force where it still runs; what it started ends with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def client(self) -> httpx.Client:
        """Give a client with the key that the run keeps for its user."""
        return self._client("TOCSIN_API_KEY")

    def signed_in(self) -> httpx.Client:
        """Give a client of the sample person who is signed in."""
        return self._client("TOCSIN_USER_TOKEN")

    def _client(self, name: str) -> httpx.Client:
        assert self._process is not None
        leads = env_of(self.folder, self._process)
        key = {"Authorization": f"Bearer {leads[name]}"}
        return httpx.Client(base_url=leads["TOCSIN_URL"], headers=key, timeout=10)
