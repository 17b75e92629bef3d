"""Start, kill and watch the product's processes as an operator's supervisor would."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.kafka.faults import EXIT_HOUSE_FAULT

ROOT = Path(__file__).parent.parent
# What leaves so often is broken, and starting it again would hide that.
RESTARTS = 5


class Process:
    """Run `python -m ...` in a process group of its own, its output kept in a file."""

    def __init__(
        self, arguments: list[str], *, env: Mapping[str, str], log: Path, restart: bool = False
    ) -> None:
        """Prepare it; with `restart` it is started again where it left for a house fault."""
        self._arguments = arguments
        self._env = dict(os.environ) | dict(env) | {"PYTHONPATH": str(ROOT)}
        self.log = log
        self._restarts = RESTARTS if restart else 0
        self._child: subprocess.Popen[bytes] | None = None
        self._changing = threading.RLock()
        self.exits: list[int] = []

    def start(self) -> "Process":
        """Start it, or start it again after it ended."""
        with self._changing, self.log.open("ab") as out:
            self._child = child = subprocess.Popen(
                [sys.executable, "-m", *self._arguments],
                cwd=ROOT,
                env=self._env,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if self._restarts:
            threading.Thread(target=self._watch, args=(child,), daemon=True).start()
        return self

    def _watch(self, child: "subprocess.Popen[bytes]") -> None:
        child.wait()
        with self._changing:
            if self._child is child and child.returncode == EXIT_HOUSE_FAULT and self._restarts:
                self._restarts -= 1
                self.revive()

    @property
    def pid(self) -> int:
        """Give the process id."""
        assert self._child is not None
        return self._child.pid

    def running(self) -> bool:
        """Say whether it runs; note how it ended otherwise."""
        return self._child is not None and self._child.poll() is None

    def revive(self) -> None:
        """Start it again if it ended by itself, as a supervisor would."""
        with self._changing:
            if self._child is not None and self._child.poll() is not None:
                self.exits.append(self._child.returncode)
                self.start()

    def kill(self) -> None:
        """Kill it with SIGKILL and wait until it is gone."""
        self._signal(signal.SIGKILL)

    def stop(self, *, within_s: float = 30.0) -> int:
        """Ask it to stop and give its exit code; killed when it does not obey in time."""
        return self._signal(signal.SIGTERM, within_s=within_s)

    def send(self, number: signal.Signals) -> None:
        """Send a signal without waiting."""
        os.kill(self.pid, number)

    def _signal(self, number: signal.Signals, *, within_s: float = 30.0) -> int:
        with self._changing:
            child, self._child = self._child, None
        if child is None:
            return 0
        if child.poll() is None:
            child.send_signal(number)
            try:
                child.wait(within_s)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.exits.append(child.returncode)
        return child.returncode

    def tail(self, lines: int = 40) -> str:
        """Give the last lines of its output, for a failed test's message."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
