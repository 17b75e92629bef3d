"""Name what each command does, and load its code only when that command was asked for.

A start of the local stack runs four commands; what none of them needs was half of their time.
"""

from argparse import Namespace

from rich.console import Console


def topics(options: Namespace, console: Console) -> int:
    """Create the topics that are missing, and check the others."""
    from connectors.admin.topics import topics as act

    return act(options, console)


def migrate(options: Namespace, console: Console) -> int:
    """Apply the migrations that are missing."""
    from connectors.admin.database import migrate as act

    return act(options, console)


def key(options: Namespace, console: Console) -> int:
    """Make a key."""
    from connectors.admin.keys import key as act

    return act(options, console)


def keys(options: Namespace, console: Console) -> int:
    """List the keys."""
    from connectors.admin.keys import listed as act

    return act(options, console)


def revoke(options: Namespace, console: Console) -> int:
    """Refuse a key from now on."""
    from connectors.admin.keys import revoke as act

    return act(options, console)


def token(options: Namespace, console: Console) -> int:
    """Issue the token of a person."""
    from connectors.admin.tokens import token as act

    return act(options, console)


def apply(options: Namespace, console: Console) -> int:
    """Load the configuration from files."""
    from connectors.admin.apply import apply as act

    return act(options, console)


def list_dead_letters(options: Namespace, console: Console) -> int:
    """List the dead letters."""
    from connectors.admin.dead_letters import listed as act

    return act(options, console)


def show_dead_letter(options: Namespace, console: Console) -> int:
    """Show a dead letter whole."""
    from connectors.admin.dead_letters import show as act

    return act(options, console)


def doctor(options: Namespace, console: Console) -> int:
    """Look whether all is as it should be."""
    from connectors.admin.doctor import doctor as act

    return act(options, console)


def add_endpoint(options: Namespace, console: Console) -> int:
    """Register an endpoint."""
    from connectors.admin.endpoints import add as act

    return act(options, console)


def list_endpoints(options: Namespace, console: Console) -> int:
    """List the endpoints."""
    from connectors.admin.endpoints import listed as act

    return act(options, console)


def rotate_endpoint(options: Namespace, console: Console) -> int:
    """Give an endpoint a new secret."""
    from connectors.admin.endpoints import rotate as act

    return act(options, console)


def enable_endpoint(options: Namespace, console: Console) -> int:
    """Switch an endpoint on."""
    from connectors.admin.endpoints import enable as act

    return act(options, console)


def disable_endpoint(options: Namespace, console: Console) -> int:
    """Switch an endpoint off."""
    from connectors.admin.endpoints import disable as act

    return act(options, console)
