"""Say whether a recipient, a preference or a type of notification means something: pure."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email

from connectors.admin.wrong import Wrong, among
from schemas.errors import Invalid
from schemas.notification import NotificationType, Preference, Recipient
from schemas.rates import rate
from schemas.reasons import Channel, Excess

CHANNELS = tuple(str(channel) for channel in Channel)
ANY = "*"
_PHONE = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}")  # E.164, or a short code
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_TYPE = re.compile(r"\*|[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SLACK = re.compile(r"[CDGUW][A-Z0-9]{5,20}|#[a-z0-9._-]{1,80}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PUSH_CHARS = 4096


def check_recipient(record: Recipient) -> None:
    """Return if a recipient can be reached by what it says; Wrong names the field if not."""
    for channel, addresses in record.addresses.items():
        among(f"addresses.{channel}", channel, CHANNELS)
        for number, address in enumerate(addresses):
            place = f"addresses.{channel}[{number}]" if len(addresses) > 1 else ""
            _check_address(channel, address, place or f"addresses.{channel}")
    check_locale("locale", record.locale)
    check_zone("zone", record.zone)
    check_limits(record.limits)


def _check_address(channel: str, address: str, field: str) -> None:
    if channel == Channel.EMAIL:
        _check_mail_address(address, field)
    elif channel == Channel.SMS:
        if not _PHONE.fullmatch(address):
            raise Wrong(field, f"{address[:40]!r} is no phone number: say '+436601234567'")
    elif channel == Channel.WEBHOOK:
        _check_url(address, field)
    elif channel == Channel.SLACK:
        if not _SLACK.fullmatch(address):
            _check_url(address, field)
    elif not 1 <= len(address) <= _PUSH_CHARS or any(character.isspace() for character in address):
        raise Wrong(field, "a push token has no blanks, and 4096 characters at most")


def _check_mail_address(address: str, field: str) -> None:
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError as wrong:
        raise Wrong(field, f"{address[:80]!r} is no e-mail address: {wrong}") from wrong


def _check_url(address: str, field: str) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port
    except ValueError as wrong:
        raise Wrong(field, f"{address[:80]!r} is no URL") from wrong
    if any(character.isspace() or not character.isprintable() for character in address):
        raise Wrong(field, "a URL has no blanks")
    if not host or parts.username is not None:
        raise Wrong(field, "a URL names a host, and no user or password")
    # Plain HTTP goes nowhere but to this machine itself, where a developer said so.
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise Wrong(field, f"{address[:80]!r} must begin with https://")


def check_preference(record: Preference) -> None:
    """Return if a preference can be obeyed; Wrong names the field if not."""
    for choice in record.enabled:
        kind, slash, channel = choice.partition("/")
        if not slash or not _TYPE.fullmatch(kind):
            raise Wrong(f"enabled.{choice}", f"{choice[:80]!r} is not type/channel, as alert/sms")
        if channel != ANY:
            among(f"enabled.{choice}", channel, CHANNELS)
    for field in ("quiet_from", "quiet_to"):
        given = getattr(record, field)
        if given and not _CLOCK.fullmatch(given):
            raise Wrong(field, f"{given!r} is no time of day: say '22:00'")
    if bool(record.quiet_from) != bool(record.quiet_to):
        raise Wrong("quiet_from", "quiet hours have a beginning and an end")
    if record.quiet_from and record.quiet_from == record.quiet_to:
        raise Wrong("quiet_to", "is the beginning too; leave both out for no quiet hours")
    check_zone("zone", record.zone)
    check_locale("locale", record.locale)


def check_type(record: NotificationType) -> None:
    """Return if a type of notification can be obeyed; Wrong names the field if not."""
    if not _TYPE.fullmatch(record.id):
        raise Wrong("id", f"{record.id[:60]!r} is not {_TYPE.pattern}")
    for channel in record.channels:
        among("channels", channel, CHANNELS)
    among("excess", record.excess, Excess)
    among("quiet_hours", record.quiet_hours, ("hold", "pass"))
    check_limits(record.limits)
    if record.expires_s < 0:
        raise Wrong("expires_s", "is not negative")


def check_limits(limits: Mapping[str, str]) -> None:
    """Return if every rate limit names a channel and a rate."""
    for channel, text in limits.items():
        among(f"limits.{channel}", channel, CHANNELS)
        try:
            rate(text)
        except Invalid as wrong:
            raise Wrong(f"limits.{channel}", str(wrong)) from wrong


def check_locale(field: str, given: str) -> None:
    """Return if a locale is empty or looks like a BCP 47 tag."""
    if given and not _LOCALE.fullmatch(given):
        raise Wrong(field, f"{given[:40]!r} is no locale: say de, de-AT or en-GB")


def check_zone(field: str, given: str) -> None:
    """Return if a zone is empty or an IANA name."""
    try:
        if given:
            ZoneInfo(given)
    except (KeyError, ValueError, OSError) as wrong:
        raise Wrong(field, f"{given[:60]!r} is no time zone: say Europe/Vienna") from wrong


def flat_choices(given: Mapping[str, object]) -> dict[str, object]:
    """Write `alert: {sms: false}` as `alert/sms: false`."""
    out: dict[str, object] = {}
    for name, value in given.items():
        pairs: Iterable[tuple[str, object]] = [("", value)]
        if isinstance(value, Mapping):
            pairs = [(f"/{channel}", choice) for channel, choice in value.items()]
        out |= {f"{name}{channel}": choice for channel, choice in pairs}
    return out
