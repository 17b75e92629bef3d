"""Start, watch and end one process, and never leave it behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deploy.local.home import Home

TETHER = Path(__file__).with_name("tether.py")
KEPT_LOGS = 3
# A process is tied to the thread that started it, so all are started by one that lives as
# long as this program.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")


@dataclass(frozen=True, slots=True)
class Account:
    """Name the account that a command steps down to."""

    uid: int
    gid: int
    reach: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Describe a process: what to run, with what around it, and how it likes to be stopped."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL

    def tethered(self) -> list[str]:
        """Return the command line that dies with this very process."""
        line = [sys.executable, "-I", str(TETHER), "--parent", str(os.getpid())]
        line += ["--death-signal", str(int(self.death_signal))]
        if self.account:
            line += ["--uid", str(self.account.uid), "--gid", str(self.account.gid)]
            line += ["--reach"] if self.account.reach else []
        return [*line, "--", *self.argv]


class Child:
    """Be the handle of one process of ours.

    Its output goes to the log of its name; a record of it lies in the home while it runs.
    """

    def __init__(self, command: Command, home: Home) -> None:
        """Prepare to start the command; nothing runs yet."""
        self.command = command
        self.log = home.folder("logs") / f"{command.name}.log"
        self._record = home.folder("run") / f"{command.name}.json"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """Give the name that people read."""
        return self.command.name

    @property
    def pid(self) -> int | None:
        """Give the process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def spawn(self) -> None:
        """Start the process; its output is added to the log."""
        with self.log.open("ab") as output:
            process = _STARTER.submit(
                subprocess.Popen,
                self.command.tethered(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.command.cwd,
                env=os.environ | dict(self.command.env),
                process_group=0,
            ).result()
        self._process = process
        record = {
            "pid": process.pid,
            "created_at": psutil.Process(process.pid).create_time(),
            "death_signal": int(self.command.death_signal),
        }
        self._record.write_text(json.dumps(record))

    def end_of(self) -> str | None:
        """Say how the process ended, or nothing while it runs or never ran."""
        code = self._process.poll() if self._process else None
        if code is None:
            return None
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        said = last_line(self.log)
        return f"{how}: {said}" if said else how

    def ask_to_stop(self) -> None:
        """Send the signal at which the process stops in order."""
        if self.pid:
            os.kill(self.pid, self.command.stop_signal)

    def wait(self, within_s: float) -> bool:
        """Tell whether the process is gone within that time."""
        if self._process is None:
            return True
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        self._record.unlink(missing_ok=True)
        return True

    def stop(self, within_s: float = 15.0) -> None:
        """Stop the process in order, or by force when the time is over."""
        self.ask_to_stop()
        if not self.wait(within_s):
            self.kill()

    def kill(self) -> None:
        """End the process at once, with all it started in its group."""
        if self.pid:
            os.killpg(self.pid, signal.SIGKILL)
        self.wait(10)


def rotate(log: Path) -> None:
    """Begin a new log and keep the last few."""
    for age in range(KEPT_LOGS, 0, -1):
        older = log.with_name(f"{log.name}.{age}")
        newer = log.with_name(f"{log.name}.{age - 1}") if age > 1 else log
        if newer.exists():
            newer.replace(older)


def last_line(log: Path) -> str:
    """Return the last line of a log that says anything, cut to what fits a line."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def clear_leftovers(home: Home) -> list[str]:
    """End what a killed run left running, and return the names.

    Call it only while the home's lock is held. A process is ours if it has the id and the
    time of birth that were recorded; an id alone may belong to somebody else by now.
    """
    cleared = []
    for record in sorted(home.folder("run").glob("*.json")):
        if _end_leftover(record):
            cleared.append(record.stem)
        record.unlink(missing_ok=True)
    return cleared


def _end_leftover(record: Path) -> bool:
    try:
        noted = json.loads(record.read_text())
        process = psutil.Process(noted["pid"])
        if abs(process.create_time() - noted["created_at"]) > 1:
            return False
        process.send_signal(noted["death_signal"])
        try:
            process.wait(10)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(10)
    except (ValueError, KeyError, psutil.NoSuchProcess):
        return False
    return True
