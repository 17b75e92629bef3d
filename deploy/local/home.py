"""Say where everything of one local stack lies, and keep what must outlive a restart."""

import json
import os
import secrets
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

# Below the range from which systems take ports for outgoing connections (Linux from 32768,
# macOS from 49152): a client that calls a stopped broker again and again must never be given
# the broker's own port.
PORTS = range(20_000, 32_000)
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Home:
    """Give the paths of the stack that lives in one folder."""

    path: Path

    @property
    def logs(self) -> Path:
        """Hold what each part printed."""
        return self.path / "logs"

    @property
    def records(self) -> Path:
        """Hold one record a running process, so that a killed run can be cleared."""
        return self.path / "run"

    @property
    def lock(self) -> Path:
        """Be held by whoever runs the stack."""
        return self.path / "lock"

    @property
    def env(self) -> Path:
        """Hold shell assignments that lead to the running stack."""
        return self.path / "env"

    @property
    def api_key(self) -> Path:
        """Hold the key with which the local API is called."""
        return self.path / "api_key"

    @property
    def user_token(self) -> Path:
        """Hold the token by which a sample person is signed in."""
        return self.path / "user_token"

    @property
    def run_number(self) -> Path:
        """Count the runs, so that each run's samples tell their own story."""
        return self.path / "run_number"

    def folder(self, name: str) -> Path:
        """Return a folder of the home, made if it is missing."""
        found = self.path / name
        found.mkdir(parents=True, exist_ok=True)
        return found

    def ports(self, names: Iterable[str]) -> dict[str, int]:
        """Return a free port for each name, the same as last time where it is still free."""
        kept_in = self.folder(".") / "ports.json"
        known: dict[str, int] = json.loads(kept_in.read_text()) if kept_in.exists() else {}
        with ExitStack() as held:
            chosen = {name: _free_port(known.get(name), held) for name in names}
        kept_in.write_text(json.dumps(known | chosen, indent=1))
        return chosen

    def secret(self, name: str) -> str:
        """Return this home's own secret of that name, made at the first call."""
        kept_in = self.folder("secrets") / name
        if not kept_in.exists():
            write_private(kept_in, secrets.token_hex(24))
        return kept_in.read_text()


def write_private(path: Path, text: str) -> None:
    """Write a file whole that only its owner may read."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def _free_port(wanted: int | None, held: ExitStack) -> int:
    candidates = [wanted] if wanted else []
    candidates += SystemRandom().sample(PORTS, k=200)
    for port in candidates:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            listener.close()
            continue
        held.enter_context(listener)
        return port
    message = f"no free port found between {PORTS.start} and {PORTS.stop}"
    raise OSError(message)
