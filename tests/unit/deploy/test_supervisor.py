"""The supervisor brings back what dies and gives up where that does not help."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from deploy.local.child import Child, Command
from deploy.local.home import Home
from deploy.local.supervisor import GaveUpError, Supervisor, pause_after
from tests.waiting import eventually


def python(name: str, code: str) -> Command:
    """Describe a process that runs a few lines of Python."""
    return Command(name=name, argv=(sys.executable, "-c", textwrap.dedent(code)))


def says(child: Child, word: str) -> None:
    """Wait until the process has printed a word."""
    eventually(lambda: word in child.log.read_text(), within_s=10, why=f"it says {word}")


def at_once_but_thrice(ends: Sequence[float], *, now: float) -> float | None:
    """Wait for nothing, and give up at the third end."""
    assert now >= ends[-1]
    return None if len(ends) >= 3 else 0.0


def test_pauses_grow_and_end() -> None:
    """A part that dies at once is started after 1, 2, 4 and 8 s, and then no more."""
    ends: list[float] = []
    pauses = []
    now = 0.0
    for _ in range(5):
        ends.append(now)
        pause = pause_after(ends, now=now)
        pauses.append(pause)
        now += pause or 0.0
    assert [1.0, 2.0, 4.0, 8.0, None] == pauses


def test_pauses_stop_growing_at_half_a_minute() -> None:
    """A part that dies now and then waits 30 s at most and is never given up."""
    ends = [40.0 * count for count in range(12)]
    assert 30.0 == pause_after(ends, now=ends[-1])


def test_old_ends_are_forgotten() -> None:
    """A part that ran well for long starts again after one second."""
    assert 1.0 == pause_after([0.0, 1.0, 2.0, 1000.0], now=1000.0)


def test_what_dies_is_started_again_and_the_reason_told(tmp_path: Path) -> None:
    """A process that was killed runs again, and people read why it had ended."""
    said: list[str] = []
    child = Child(python("app", "import time; print('working', flush=True); time.sleep(60)"),
                  Home(tmp_path))  # fmt: skip
    child.spawn()
    supervisor = Supervisor(say=said.append, pause=at_once_but_thrice)
    supervisor.take_on([child])
    first = child.pid
    says(child, "working")
    assert first is not None
    os.kill(first, signal.SIGKILL)

    assert supervisor.watch_until(lambda: child.pid not in {None, first})

    supervisor.stop()
    assert ["app: ended with SIGKILL: working; starting again in 0 s"] == said
    assert child.pid is None


def test_what_keeps_dying_is_given_up(tmp_path: Path) -> None:
    """A process that cannot run is given up with its last words."""
    child = Child(python("app", "import sys; sys.exit('no such topic')"), Home(tmp_path))
    child.spawn()
    supervisor = Supervisor(say=lambda _: None, pause=at_once_but_thrice)
    supervisor.take_on([child])
    with pytest.raises(GaveUpError, match=r"app ended 3 times .* exit code 1: no such topic"):
        supervisor.watch_until(lambda: False)


def test_apps_stop_before_the_services_they_need(tmp_path: Path) -> None:
    """Parts stop in the reverse of the order in which they were started."""
    home = Home(tmp_path)
    order = tmp_path / "order"
    code = """
        import pathlib, signal, sys
        name, order = {name!r}, pathlib.Path({order!r})
        def stop(*_):
            with order.open("a") as file:
                file.write(name + " ")
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        print("ready", flush=True)
        signal.pause()
    """
    supervisor = Supervisor(say=lambda _: None)
    for name in ("service", "app"):
        child = Child(python(name, textwrap.dedent(code).format(name=name, order=str(order))), home)
        child.spawn()
        says(child, "ready")
        supervisor.take_on([child])
    supervisor.stop()
    assert "app service " == order.read_text()


def test_a_signal_may_come_while_another_is_told() -> None:
    """Ctrl-C under `make` brings two signals at once: told in between, it tells all the same."""
    code = """
        import signal
        from deploy.local.supervisor import Supervisor
        sign, told = Supervisor().told_to_stop, 0
        def tell(*_):
            global told
            told += 1
            sign.set()
        signal.signal(signal.SIGALRM, tell)
        signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
        while told < 500:
            sign.set()
            sign.wait(0.001)
        signal.setitimer(signal.ITIMER_REAL, 0)
        print("stopped")
    """
    line = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=30, check=True)
    assert "stopped\n" == done.stdout


def test_what_does_not_stop_is_ended_by_force(tmp_path: Path) -> None:
    """A process that ignores the wish to stop is gone all the same."""
    code = (
        "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    )
    child = Child(python("app", code), Home(tmp_path))
    child.spawn()
    says(child, "up")
    child.stop(within_s=0.2)
    assert (child.end_of() or "").startswith("SIGKILL")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start clears leftovers")
def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    """A process that the supervisor started is gone when the supervisor is killed."""
    code = f"""
        import sys, time, pathlib
        from deploy.local.child import Child, Command
        from deploy.local.home import Home
        line = (sys.executable, "-c", "import time; time.sleep(60)")
        child = Child(Command(name="app", argv=line), Home(pathlib.Path({str(tmp_path)!r})))
        child.spawn()
        print(child.pid, flush=True)
        time.sleep(60)
    """
    line = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert psutil.pid_exists(pid)
        starter.kill()
    eventually(lambda: not psutil.pid_exists(pid), within_s=10, why="the child is gone")
