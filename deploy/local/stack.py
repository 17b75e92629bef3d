"""Bring the whole product up in order, keep it up, and take it down in order."""

import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from deploy.local import parts
from deploy.local.child import Command, last_line, rotate
from deploy.local.errors import NotReadyError, StackError
from deploy.local.home import Home, write_private
from deploy.local.lock import locked
from deploy.local.service import Say
from deploy.local.services import Services, services
from deploy.local.supervisor import Supervisor

# A step that creates topics, migrates or applies configuration.
STEP_WITHIN_S = 120
READY_WITHIN_S = 60.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def supervised(home: Home, *, say: Say) -> Iterator[Supervisor]:
    """Hold the home and a supervisor that Ctrl-C and SIGTERM stop; all is down at the end."""
    supervisor = Supervisor(say=say)

    def stop(_number: int, _frame: object) -> None:
        supervisor.told_to_stop.set()

    with locked(home, say=say):
        before = {name: signal.signal(name, stop) for name in STOPPING}
        home.env.unlink(missing_ok=True)
        try:
            yield supervisor
        finally:
            home.env.unlink(missing_ok=True)
            say("stopping")
            supervisor.stop()
            say("all stopped; the data is kept")
            for name, handler in before.items():
                signal.signal(name, handler)


def run_services(home: Home, *, say: Say = print) -> None:
    """Run Kafka, PostgreSQL and Valkey alone until told to stop."""
    with supervised(home, say=say) as supervisor:
        forget_own(home)
        found = services(home, os.environ, say=say)
        if not _start(supervisor, found):
            return
        say(write_env(home, found.variables))
        say(f"these lines are in {home.env}; Ctrl-C stops the services")
        _behind(found.quicken)
        supervisor.watch_until(_never)


def run_stack(
    home: Home, *, say: Say = print, then: Callable[[Home, Mapping[str, str]], None]
) -> None:
    """Run everything until told to stop; `then` is called once, when all is ready."""
    began = time.monotonic()
    with supervised(home, say=say) as supervisor:
        forget_own(home)
        found = services(home, os.environ, say=say)
        environment = parts.surroundings(home, found.variables, home.ports(("api",))["api"])
        if not _start(supervisor, found, then=lambda name: prepare(name, home, environment)):
            return
        say("topics, tables and configuration are in place")
        apps = parts.prepared(home, environment)
        for app in apps:
            rotate(app.child.log)
            app.child.spawn()
        supervisor.take_on([app.child for app in apps])
        if not _all_ready(supervisor, apps):
            return
        leads = {
            **found.variables,
            "TOCSIN_URL": environment["TOCSIN_URL"],
            "TOCSIN_API_KEY": home.api_key.read_text().strip(),
            **_signed_in(home),
            **{name: environment[name] for name in ("TOCSIN_PARTITIONS",) if name in environment},
        }
        write_env(home, leads)
        say(f"all ready after {time.monotonic() - began:.1f} s")
        _behind(lambda: then(home, leads), found.quicken)
        supervisor.watch_until(_never)


def _signed_in(home: Home) -> dict[str, str]:
    if not parts.tokens_are_ours():
        return {}
    return {"TOCSIN_USER_TOKEN": home.user_token.read_text().strip()}


def forget_own(home: Home) -> None:
    """Take out of the environment what a former run of this home left there in a shell.

    Whoever read `.local/env` and starts again in the same shell means the services of this home.
    """
    for name, url in services(home, {}).variables.items():
        if os.environ.get(name) == url:
            del os.environ[name]


def write_env(home: Home, variables: Mapping[str, str]) -> str:
    """Write the shell assignments that lead to the running stack, and return them."""
    lines = "".join(f"export {name}='{value}'\n" for name, value in variables.items())
    write_private(home.env, lines)
    return lines.rstrip()


def prepare(service: str, home: Home, environment: Mapping[str, str]) -> None:
    """Do what a service needs once it answers: topics, tables, configuration, an API key."""
    for arguments in parts.preparation(home, service):
        _step(arguments, home, environment)


def _step(arguments: tuple[str, ...], home: Home, environment: Mapping[str, str]) -> None:
    asked = " ".join(arguments[:2])
    log = home.folder("logs") / f"{arguments[1]}.log"
    rotate(log)
    with log.open("wb") as output:
        try:
            done = subprocess.run(
                Command(name=arguments[1], argv=parts.python(arguments)).tethered(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=parts.CHECKOUT,
                timeout=STEP_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise StackError(f"{asked} took longer than {STEP_WITHIN_S} s; see {log}") from late
    if done.returncode != 0:
        raise StackError(f"{asked} failed: {last_line(log)} (whole text in {log})")


def _start(
    supervisor: Supervisor, found: Services, *, then: Callable[[str], None] = lambda _: None
) -> bool:
    if not found.start(told_to_stop=supervisor.told_to_stop, then=then):
        return False
    supervisor.take_on(found.all)
    return True


def _behind(*works: Callable[[], None]) -> None:
    """Do things one after another beside the supervisor's watch; they keep no program alive."""

    def go() -> None:
        for work in works:
            work()

    threading.Thread(target=go, daemon=True).start()


def _all_ready(supervisor: Supervisor, apps: Sequence[parts.Prepared]) -> bool:
    waiting = {app.child.name: app.health_url for app in apps if app.health_url}
    deadline = time.monotonic() + READY_WITHIN_S

    def done() -> bool:
        for name, address in list(waiting.items()):
            if _answers(address):
                del waiting[name]
        if waiting and time.monotonic() > deadline:
            late = ", ".join(f"{name} ({address})" for name, address in waiting.items())
            raise NotReadyError(f"not ready within {READY_WITHIN_S:.0f} s: {late}")
        return not waiting

    return supervisor.watch_until(done)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1) as answer:  # noqa: S310 - our own loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _never() -> bool:
    return False
