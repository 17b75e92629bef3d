"""Channels: by which ways a recipient is told, and why not by the others."""

from msgspec import Struct
from msgspec.structs import replace

from schemas.notification import NotificationType, Preference
from schemas.reasons import Channel, Priority, Reason
from schemas.records import Intent
from streams.core.planning.person import Person, address_gone, opted_out

ANY = "*"
_IN_ORDER = tuple(channel.value for channel in Channel)
CHANNELS = frozenset(_IN_ORDER)
# Plain words: this runs for every intent, and a member of an enum is slow to ask for its value.
_PUSH = Channel.PUSH.value
_CRITICAL = int(Priority.CRITICAL)
_NO_CHANNEL = Reason.NO_CHANNEL.value
_NO_ADDRESS = Reason.NO_ADDRESS.value
_OPTED_OUT = Reason.OPTED_OUT.value
_ADDRESS_GONE = Reason.ADDRESS_GONE.value
_PREFERENCE = Reason.PREFERENCE.value
_REMEMBERED = 16_384


class Option(Struct, frozen=True, gc=False):
    """Hold one channel that was considered: its addresses, or the reason why it is suppressed.

    `mandatory` says that an opt-out or a preference was overruled.
    """

    channel: str
    addresses: tuple[str, ...] = ()
    reason: str = ""
    mandatory: bool = False


def chosen(intent: Intent, person: Person, kind: NotificationType) -> tuple[Option, ...]:
    """Choose the channels of an intent: one Option for each that was considered, in order.

    Considered are those asked for, else the type's and those that the person turned on for it,
    else those of which an address is known. Critical ones of a type that allows it go past
    opt-outs; past a preference only on channels asked for, or where nothing else reaches.
    """
    insisting = intent.priority >= _CRITICAL and kind.critical_ignores_opt_out
    if intent.to or intent.channels is not None:
        return _chosen(intent, person, kind, insisting=insisting)
    # Who was told of a type is told of it again. Values are known by being the same objects, held
    # here, so that no others can come to stand under their numbers.
    place = (id(person), id(kind), insisting)
    known = _known.get(place)
    if known is None:
        if len(_known) >= _REMEMBERED:
            _known.clear()
        options = _chosen(intent, person, kind, insisting=insisting)
        known = _known[place] = (options, person, kind)
    return known[0]


_known: dict[tuple[int, int, bool], tuple[tuple[Option, ...], Person, NotificationType]] = {}


def _chosen(
    intent: Intent, person: Person, kind: NotificationType, *, insisting: bool
) -> tuple[Option, ...]:
    asked = intent.channels is not None
    names = _usual(intent, person, kind) if intent.channels is None else _asked(intent.channels)
    options = tuple(_option(name, intent, person, kind, insisting=insisting) for name in names)
    unwanted = {name for name in names if not wanted(person.preference, kind=kind.id, channel=name)}
    if not unwanted:
        return options
    reaching = any(one.addresses for one in options if one.channel not in unwanted)
    if insisting and (asked or not reaching):
        return tuple(_insist(one) if one.channel in unwanted else one for one in options)
    return tuple(_give_way(one) if one.channel in unwanted else one for one in options)


def wanted(preference: Preference | None, *, kind: str, channel: str) -> bool:
    """Say whether a person wants this type on this channel; the most exact choice decides."""
    if preference is None or not preference.enabled:
        return True
    enabled = preference.enabled
    for name in (f"{kind}/{channel}", f"{kind}/{ANY}", f"{ANY}/{channel}", f"{ANY}/{ANY}"):
        if name in enabled:
            return enabled[name]
    return True


def _asked(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip().lower() for name in names))


def _usual(intent: Intent, person: Person, kind: NotificationType) -> tuple[str, ...]:
    names = _asked(kind.channels) or tuple(c for c in _IN_ORDER if _addresses(intent, person, c))
    preference = person.preference
    if preference is None or True not in preference.enabled.values():
        return names
    enabled = preference.enabled
    turned_on = (
        channel
        for channel in _IN_ORDER
        if channel not in names
        and (enabled.get(f"{kind.id}/{channel}") or enabled.get(f"{ANY}/{channel}"))
        and wanted(preference, kind=kind.id, channel=channel)
    )
    return (*names, *turned_on)


def _option(
    channel: str, intent: Intent, person: Person, kind: NotificationType, *, insisting: bool
) -> Option:
    if channel not in CHANNELS:
        return Option(channel, reason=_NO_CHANNEL)
    addresses = _addresses(intent, person, channel)
    if not addresses:
        return Option(channel, reason=_NO_ADDRESS)
    out = opted_out(person.feedback, channel, kind=kind.id)
    if out and not insisting:
        return Option(channel, reason=_OPTED_OUT)
    good = tuple(one for one in addresses if not address_gone(person.feedback, channel, one))
    if not good:
        return Option(channel, reason=_ADDRESS_GONE)
    # Each push token is another device; any other second address is the same person again.
    return Option(channel, good if channel == _PUSH else good[:1], mandatory=out)


def _addresses(intent: Intent, person: Person, channel: str) -> tuple[str, ...]:
    given = intent.to.get(channel, "").strip() if intent.to else ""
    if given:
        return (given,)
    listed = None if person.recipient is None else person.recipient.addresses.get(channel)
    if not listed:
        return ()
    if len(listed) == 1:  # nearly always
        address = listed[0].strip()
        return (address,) if address else ()
    known = (address.strip() for address in listed)
    return tuple(dict.fromkeys(address for address in known if address))


def _insist(option: Option) -> Option:
    return replace(option, mandatory=True) if option.addresses else option


def _give_way(option: Option) -> Option:
    if option.reason == _NO_CHANNEL:
        return option
    return Option(option.channel, reason=_PREFERENCE)
