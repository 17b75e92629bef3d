"""Say what every service of the stack can do: start, stop, be killed, and come back."""

import time
from collections.abc import Callable
from typing import Protocol

from deploy.local.child import Child, Command, rotate
from deploy.local.errors import NotReadyError, StackError
from deploy.local.home import Home

Say = Callable[[str], None]


class Kind(Protocol):
    """Be what differs between Kafka, PostgreSQL and Valkey."""

    @property
    def name(self) -> str:
        """Give the name used for files, logs and messages."""

    @property
    def variable(self) -> str:
        """Give the environment variable that leads clients to it."""

    @property
    def url(self) -> str:
        """Give the value of that variable."""

    def prepare(self) -> Command:
        """Make its folder and configuration if missing, and say how to run it."""

    def probe(self) -> None:
        """Ask it for an answer; raise what went wrong if there is none."""


class Service:
    """Run one service of ours, or stand for one that runs elsewhere.

    It keeps its port and data through any number of stops and kills.
    """

    def __init__(self, kind: Kind, home: Home, *, say: Say = print) -> None:
        """Prepare to run the service; nothing starts yet."""
        self.kind = kind
        self.child: Child | None = None
        self._home = home
        self._say = say

    @property
    def name(self) -> str:
        """Give the name that people read."""
        return self.kind.name

    @property
    def url(self) -> str:
        """Give the address for clients."""
        return self.kind.url

    def start(self, *, within_s: float = 60.0) -> None:
        """Start it and return when it answers."""
        if self.child and self.child.pid:
            return
        began = time.monotonic()
        rotate(self._home.folder("logs") / f"{self.name}.log")
        self.spawn()
        self.wait_ready(within_s=within_s)
        self._say(f"{self.kind.name}: ready in {time.monotonic() - began:.1f} s")

    def spawn(self) -> None:
        """Start it without waiting for an answer."""
        self.child = Child(self.kind.prepare(), self._home)
        self.child.spawn()

    def end_of(self) -> str | None:
        """Say how it ended, or nothing while it runs or never ran."""
        return self.child.end_of() if self.child else None

    def wait_ready(self, *, within_s: float) -> None:
        """Return when it answers, raise if it ended or the time is over."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                self.kind.probe()
            except Exception as error:  # noqa: BLE001 - any failure of a client means "not yet"
                problem = error
            else:
                return
            ended = self.end_of()
            if ended:
                raise NotReadyError(f"{self.kind.name} ended while starting: {ended}")
            if time.monotonic() > deadline:
                raise NotReadyError(f"{self.kind.name} gave no answer in {within_s} s: {problem}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it in order; its data is kept."""
        if self.child:
            self.child.stop(within_s=20)

    def kill(self) -> None:
        """End it as a power cut would; its data is kept."""
        if self.child:
            self.child.kill()


class GivenService(Service):
    """Stand for a service named by the environment: used, never started nor stopped."""

    def start(self, *, within_s: float = 60.0) -> None:
        """Check that it answers."""
        try:
            self.wait_ready(within_s=min(within_s, 10.0))
        except NotReadyError as error:
            raise NotReadyError(f"{self.kind.variable} is set, but {error}") from error

    def stop(self) -> None:
        """Leave it alone."""

    def kill(self) -> None:
        """Refuse, for it is not ours."""
        raise StackError(f"{self.kind.name} is given by {self.kind.variable} and not ours to end")
