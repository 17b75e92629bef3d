"""Issue the token of a signed-in person, where the secret that it is signed with lies here."""

import argparse
import time
from pathlib import Path

from rich.console import Console

from connectors import tokens
from connectors.admin.keys import write_private
from connectors.admin.written import span_ms
from connectors.settings import signing
from connectors.tokens import LONGEST_SUBJECT, User
from schemas.errors import ConfigurationError
from schemas.keys import TENANT

LONGEST_MS = 366 * 86_400_000


def token(options: argparse.Namespace, console: Console) -> int:
    """Show a token that says who somebody is, or write it to a private file."""
    secret = signing().secret
    if not secret:
        raise ConfigurationError(
            "TOCSIN_JWT_SECRET is not set; where a public key is, tokens come from who has the "
            "private one"
        )
    if not TENANT.fullmatch(options.tenant):
        raise ConfigurationError(f"--tenant: {options.tenant!r} is not {TENANT.pattern}")
    if not 1 <= len(options.user) <= LONGEST_SUBJECT:
        raise ConfigurationError(f"--user: 1 to {LONGEST_SUBJECT} characters")
    ttl_ms = span_ms("--ttl", options.ttl)
    if not 1000 <= ttl_ms <= LONGEST_MS:
        raise ConfigurationError("--ttl: from a second to a year")
    user = User(options.tenant, options.user)
    made = tokens.issued(secret, user, now_s=int(time.time()), ttl_s=ttl_ms // 1000)
    if options.token_file:
        write_private(Path(options.token_file), made)
        console.print(f"the token of {options.user!r} lies in {options.token_file}")
    else:
        console.print(made, soft_wrap=True, highlight=False, markup=False)
    return 0
