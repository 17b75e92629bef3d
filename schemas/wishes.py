"""Wishes: whether a preference can be obeyed, wherever it comes from."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from schemas.notification import Preference
from schemas.reasons import Channel

ANY = "*"
CHANNELS = tuple(str(channel) for channel in Channel)
TYPE = re.compile(r"\*|[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_LOCALE_CHARS = 35  # RFC 5646, section 4.4.1
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class Fault:
    """Say which field cannot be used, and why."""

    field: str
    why: str


def fault(wish: Preference) -> Fault | None:
    """Say what keeps a preference from being obeyed; None where nothing does."""
    for choice in wish.enabled:
        if why := choice_fault(choice):
            return Fault(f"enabled.{choice}", why)
    for field in ("quiet_from", "quiet_to"):
        given = getattr(wish, field)
        if given and not _CLOCK.fullmatch(given):
            return Fault(field, f"{given[:20]!r} is no time of day: say '22:00'")
    if bool(wish.quiet_from) != bool(wish.quiet_to):
        return Fault("quiet_from", "quiet hours have a beginning and an end")
    if wish.quiet_from and wish.quiet_from == wish.quiet_to:
        return Fault("quiet_to", "is the beginning too; leave both out for no quiet hours")
    if why := zone_fault(wish.zone):
        return Fault("zone", why)
    if why := locale_fault(wish.locale):
        return Fault("locale", why)
    return None


def choice_fault(choice: str) -> str:
    """Say what is wrong with the name `type/channel` of a choice; empty where nothing is."""
    kind, slash, channel = choice.partition("/")
    if not slash or not TYPE.fullmatch(kind):
        return f"{choice[:80]!r} is not type/channel, as alert/sms"
    if channel != ANY and channel not in CHANNELS:
        return f"{channel[:40]!r} is none of {', '.join(CHANNELS)}"
    return ""


def locale_fault(given: str) -> str:
    """Say what is wrong with a locale; empty where it is empty, or looks like a BCP 47 tag."""
    if given and (len(given) > _LOCALE_CHARS or not _LOCALE.fullmatch(given)):
        return f"{given[:40]!r} is no locale: say de, de-AT or en-GB"
    return ""


def zone_fault(given: str) -> str:
    """Say what is wrong with a time zone; empty where it is empty, or an IANA name."""
    try:
        if given:
            ZoneInfo(given)
    except (KeyError, ValueError, OSError):
        return f"{given[:60]!r} is no time zone: say Europe/Vienna"
    return ""
