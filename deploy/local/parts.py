"""List the processes of the product and what must be done before they start.

The one place to add a process to the local stack.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.child import Child, Command
from deploy.local.home import LOOPBACK, Home

CHECKOUT = Path(__file__).resolve().parents[2]
CONFIGURATION = CHECKOUT / "deploy" / "config"
# Enough to show that work spreads, few enough for a laptop.
PARTITIONS = "4"
KEY_NAME = "local"
ADMIN = "connectors.admin"
SAMPLE_PERSON = "ann@example.org"
# Made anew at every start; a stack that runs for longer needs another.
SIGNED_IN_FOR = "7d"


@dataclass(frozen=True, slots=True)
class App:
    """Describe a process of the product: its name, its command line after `python -m`.

    `health` is a path that answers 200 once the process works, on its own port for metrics;
    without one it counts as ready when it has not ended.
    """

    name: str
    arguments: tuple[str, ...]
    health: str = ""


GATEWAY = "gateway"
APPS: tuple[App, ...] = (
    App(GATEWAY, ("connectors.serve",), health="/health/ready"),
    App("triage", ("streams", "triage"), health="/health/ready"),
    App("planning", ("streams", "planning"), health="/health/ready"),
    App("scheduler", ("streams", "scheduler"), health="/health/ready"),
    App("follow-up", ("streams", "follow-up"), health="/health/ready"),
    App("views", ("connectors.views",), health="/health/ready"),
    App("sinks", ("connectors.sinks",), health="/health/ready"),
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Hold a process that can be started, and the address where it says that it works."""

    child: Child
    health_url: str


def preparation(home: Home, service: str) -> tuple[tuple[str, ...], ...]:
    """Return what must be done with a service before the processes start, in order.

    Each step can be done as often as one likes.
    """
    if service == "postgres":
        key = ("key", "--name", KEY_NAME, "--scope", "all", "--token-file", str(home.api_key))
        steps = ((ADMIN, "migrate"), (ADMIN, *key))
        return (*steps, _sign_in(home)) if tokens_are_ours() else steps
    if service == "kafka":
        configuration = sorted(str(path) for path in CONFIGURATION.glob("*.yaml"))
        # A newer checkout may set topics differently; in a Kafka of others they decide.
        mended = ("--fix-config",) if _kafka_is_ours() else ()
        apply = ((ADMIN, "apply", *configuration),) if configuration else ()
        return ((ADMIN, "topics", *mended), *apply)
    return ()


def tokens_are_ours() -> bool:
    """Say whether people are signed in by this home's own secret."""
    return not os.environ.get("TOCSIN_JWT_PUBLIC_KEY")


def _sign_in(home: Home) -> tuple[str, ...]:
    who = ("--user", SAMPLE_PERSON, "--ttl", SIGNED_IN_FOR)
    return (ADMIN, "token", *who, "--token-file", str(home.user_token))


def surroundings(home: Home, variables: Mapping[str, str], port: int) -> dict[str, str]:
    """Return the environment of every process of the product; the gateway takes the port."""
    secret = os.environ.get("TOCSIN_JWT_SECRET") or home.secret("jwt")
    signing = {"TOCSIN_JWT_SECRET": secret} if tokens_are_ours() else {}
    partitions = {"TOCSIN_PARTITIONS": PARTITIONS} if _kafka_is_ours() else {}
    url = f"http://{LOOPBACK}:{port}"
    # Links in messages lead to this machine, until you name an address at which others see it.
    links = {"TOCSIN_PUBLIC_URL": url, "TOCSIN_LINK_SECRET": home.secret("links")}
    own = {
        "TOCSIN_HOST": LOOPBACK,
        "TOCSIN_PORT": str(port),
        "TOCSIN_URL": url,
        "PYTHONUNBUFFERED": "1",
    }
    return {**partitions, **links, **os.environ, **signing, **variables, **own}


def python(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command line of a module of ours."""
    return (sys.executable, "-m", *arguments)


def prepared(home: Home, environment: Mapping[str, str]) -> list[Prepared]:
    """Return the product's processes, none of them started."""
    ports = home.ports(app.name for app in APPS if app.name != GATEWAY)
    # The gateway shows its health and metrics where it takes requests.
    ports[GATEWAY] = int(environment["TOCSIN_PORT"])
    return [
        Prepared(
            child=Child(_command(app, home, environment, port=ports[app.name]), home),
            health_url=f"http://{LOOPBACK}:{ports[app.name]}{app.health}" if app.health else "",
        )
        for app in APPS
    ]


def _command(app: App, home: Home, environment: Mapping[str, str], *, port: int) -> Command:
    own = {
        "TOCSIN_DATA_DIR": str(home.folder(f"apps/{app.name}")),
        "TOCSIN_INSTANCE_ID": f"local-{app.name}",
        "TOCSIN_METRICS_PORT": str(port),
    }
    arguments = python(app.arguments)
    return Command(name=app.name, argv=arguments, env={**environment, **own}, cwd=CHECKOUT)


def _kafka_is_ours() -> bool:
    return not os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
