"""The words of `endpoint`: every action on the endpoints of webhooks, and its options."""

import argparse
from collections.abc import Callable

from rich.console import Console

from connectors.admin import acts
from schemas.records import DEFAULT_TENANT

Command = Callable[[argparse.Namespace, Console], int]

_ACTIONS: tuple[tuple[str, Command, str], ...] = (
    (
        "rotate",
        acts.rotate_endpoint,
        "Make a new secret, shown once; the old one signs a day more.",
    ),
    ("enable", acts.enable_endpoint, "Post to it again, and forget its failures."),
    ("disable", acts.disable_endpoint, "Post no more to it; what comes for it is suppressed."),
)


def describe(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe `endpoint add`, `list`, `rotate`, `enable` and `disable`."""
    words = "Tend the endpoints that webhooks are posted to."
    actions = commands.add_parser("endpoint", help=words, description=words).add_subparsers(
        title="actions", metavar="ACTION", required=True
    )
    added = _action(actions, "add", acts.add_endpoint, "Register one; its secret is shown once.")
    added.add_argument("--header", action="append", default=[], metavar="'NAME: VALUE'")
    added.add_argument(
        "--ordered", action="store_true", help="one delivery of a recipient at a time, not four"
    )
    for name, run, said in _ACTIONS:
        _action(actions, name, run, said)
    shown = "List them, without their secrets."
    every = actions.add_parser("list", help=shown, description=shown)
    every.set_defaults(run=acts.list_endpoints, needs_database=True)


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Command,
    words: str,
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=words, description=words)
    action.set_defaults(run=run, needs_database=True)
    action.add_argument("url", help="as recipients have it, letter by letter")
    action.add_argument(
        "--tenant", default=DEFAULT_TENANT, help="whose it is (default %(default)s)"
    )
    return action
