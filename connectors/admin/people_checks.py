"""Say whether a recipient, a preference or a type of notification means something: pure."""

from collections.abc import Iterable, Mapping

from connectors.admin.wrong import Wrong, among
from schemas import wishes
from schemas.addresses import address_fault
from schemas.errors import Invalid
from schemas.notification import LONGEST_DIGEST_S, NotificationType, Preference, Recipient
from schemas.rates import rate
from schemas.reasons import NO_CHANNEL, Excess
from schemas.wishes import CHANNELS, TYPE


def check_recipient(record: Recipient) -> None:
    """Return if a recipient can be reached by what it says; Wrong names the field if not."""
    for channel, addresses in record.addresses.items():
        among(f"addresses.{channel}", channel, CHANNELS)
        for number, address in enumerate(addresses):
            place = f"addresses.{channel}[{number}]" if len(addresses) > 1 else ""
            _no_fault(place or f"addresses.{channel}", address_fault(channel, address))
    check_locale("locale", record.locale)
    _no_fault("zone", wishes.zone_fault(record.zone))
    check_limits(record.limits)


def check_locale(field: str, given: str) -> None:
    """Return if a locale is empty or looks like a BCP 47 tag; Wrong if not."""
    _no_fault(field, wishes.locale_fault(given))


def _no_fault(field: str, why: str) -> None:
    if why:
        raise Wrong(field, why)


def check_preference(record: Preference) -> None:
    """Return if a preference can be obeyed; Wrong names the field if not."""
    found = wishes.fault(record)
    if found is not None:
        raise Wrong(found.field, found.why)


def check_type(record: NotificationType) -> None:
    """Return if a type of notification can be obeyed; Wrong names the field if not."""
    if not TYPE.fullmatch(record.id):
        raise Wrong("id", f"{record.id[:60]!r} is not {TYPE.pattern}")
    for channel in record.channels:
        among("channels", channel, CHANNELS)
    for channel in record.fallback:
        among("fallback", channel, (*CHANNELS, NO_CHANNEL))
    among("excess", record.excess, Excess)
    among("quiet_hours", record.quiet_hours, ("hold", "pass"))
    check_limits(record.limits)
    if record.expires_s < 0:
        raise Wrong("expires_s", "is not negative")
    if not 0 <= record.digest_s <= LONGEST_DIGEST_S:
        raise Wrong("digest_s", f"is within 0 and {LONGEST_DIGEST_S} seconds, a day")


def check_limits(limits: Mapping[str, str]) -> None:
    """Return if every rate limit names a channel and a rate."""
    for channel, text in limits.items():
        among(f"limits.{channel}", channel, CHANNELS)
        try:
            rate(text)
        except Invalid as wrong:
            raise Wrong(f"limits.{channel}", str(wrong)) from wrong


def flat_choices(given: Mapping[str, object]) -> dict[str, object]:
    """Write `alert: {sms: false}` as `alert/sms: false`."""
    out: dict[str, object] = {}
    for name, value in given.items():
        pairs: Iterable[tuple[str, object]] = [("", value)]
        if isinstance(value, Mapping):
            pairs = [(f"/{channel}", choice) for channel, choice in value.items()]
        out |= {f"{name}{channel}": choice for channel, choice in pairs}
    return out
