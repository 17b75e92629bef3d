"""A local stack finds its own things again, and leaves those of others alone."""

import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from deploy.local.child import KEPT_LOGS, clear_leftovers, last_line, rotate
from deploy.local.errors import DownloadError, NotReadyError, StackBusyError, StackError
from deploy.local.home import LOOPBACK, Home, write_private
from deploy.local.jars import LIST, kafka_jars, read_sums
from deploy.local.lock import holder_of, locked
from deploy.local.services import services

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_ports_are_kept_where_they_are_free(tmp_path: Path) -> None:
    """A restart listens where the last run did, and elsewhere only if that place is taken."""
    home = Home(tmp_path)
    first = home.ports(("kafka", "valkey"))
    assert first == home.ports(("kafka", "valkey"))
    with socket.socket() as other:
        other.bind((LOOPBACK, first["kafka"]))
        other.listen()
        second = home.ports(("kafka", "valkey"))
    assert first["kafka"] != second["kafka"]
    assert first["valkey"] == second["valkey"]


def test_secrets_are_kept_and_private(tmp_path: Path) -> None:
    """A password is made once, and no other account of the machine reads it."""
    home = Home(tmp_path)
    assert home.secret("postgres") == home.secret("postgres")
    assert home.secret("postgres") != home.secret("valkey")
    assert 0o600 == (tmp_path / "secrets" / "postgres").stat().st_mode & 0o777


def test_private_files_replace_open_ones(tmp_path: Path) -> None:
    """A private file is private even where an open one stood before."""
    path = tmp_path / "env"
    path.write_text("old")
    write_private(path, "new")
    assert "new" == path.read_text()
    assert 0o600 == path.stat().st_mode & 0o777


def test_logs_are_kept_for_three_starts(tmp_path: Path) -> None:
    """What a part said before its last restarts can still be read."""
    log = tmp_path / "app.log"
    for count in range(KEPT_LOGS + 2):
        log.write_text(f"start {count}")
        rotate(log)
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {"app.log.1": "start 4", "app.log.2": "start 3", "app.log.3": "start 2"} == found


def test_last_line_skips_blanks(tmp_path: Path) -> None:
    """The reason of an end is the last line that says something."""
    log = tmp_path / "app.log"
    log.write_bytes(b"first\nno such topic \xff\n\n  \n")
    assert "no such topic \N{REPLACEMENT CHARACTER}" == last_line(log)
    assert "" == last_line(tmp_path / "none.log")


def test_a_changed_jar_is_refused_and_removed(tmp_path: Path) -> None:
    """A jar that is not the one on the list is never run, and the next start fetches it anew."""
    names = list(read_sums(LIST.read_text()))
    for name in names:
        (tmp_path / name).write_text("something else")
    with pytest.raises(DownloadError, match=f"{names[0]} is not the file it should be"):
        kafka_jars(print, folder=tmp_path)
    assert not (tmp_path / names[0]).exists()


def test_one_run_at_a_time(tmp_path: Path) -> None:
    """A second start says who runs the stack and how to stop it."""
    home = Home(tmp_path)
    with locked(home):
        with pytest.raises(StackBusyError, match=rf"process {os.getpid()}, since .*make down"):
            locked(home).__enter__()
        assert os.getpid() == holder_of(home)
    assert holder_of(home) is None


def test_the_lock_of_a_killed_run_is_no_lock(tmp_path: Path) -> None:
    """After a kill -9 the next start is not refused."""
    code = f"""
        import pathlib, time
        from deploy.local.home import Home
        from deploy.local.lock import locked
        with locked(Home(pathlib.Path({str(tmp_path)!r}))):
            print("held", flush=True)
            time.sleep(60)
    """
    line = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert "held\n" == holder.stdout.readline()
        assert holder.pid == holder_of(Home(tmp_path))
        holder.kill()
    with locked(Home(tmp_path)):
        assert os.getpid() == holder_of(Home(tmp_path))


def test_leftovers_are_ended_and_strangers_spared(tmp_path: Path) -> None:
    """A process that a killed run left is ended; one that only got its number is not."""
    home = Home(tmp_path)
    with subprocess.Popen(SLEEPER) as left, subprocess.Popen(SLEEPER) as stranger:
        born = psutil.Process(left.pid).create_time()
        for name, pid, at in (("left", left.pid, born), ("stranger", stranger.pid, born - 60)):
            record = {"pid": pid, "created_at": at, "death_signal": 9}
            (home.folder("run") / f"{name}.json").write_text(json.dumps(record))
        try:
            assert ["left"] == clear_leftovers(home)
            assert not psutil.pid_exists(left.pid)
            assert stranger.poll() is None
        finally:
            stranger.kill()
    assert [] == list(home.folder("run").iterdir())


def test_a_given_service_is_used_and_not_ours(tmp_path: Path) -> None:
    """A service that the environment names is neither started nor ended, and must answer."""
    given = {"REDIS_URL": f"redis://{LOOPBACK}:1/0"}
    found = services(Home(tmp_path), given, say=lambda _: None)
    assert given["REDIS_URL"] == found.variables["REDIS_URL"]
    with pytest.raises(NotReadyError, match="REDIS_URL is set, but valkey gave no answer"):
        found.valkey.start(within_s=0.1)
    with pytest.raises(StackError, match="not ours to end"):
        found.valkey.kill()
    assert [] == list(Home(tmp_path).folder("run").iterdir())
