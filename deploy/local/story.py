"""Tell what became of the samples."""

from collections.abc import Mapping

from deploy.local.home import Home
from deploy.local.service import Say


def tell(home: Home, leads: Mapping[str, str], *, say: Say) -> None:
    """Say where things are."""
    say(f"{home.env} {leads['TOCSIN_URL']}")
