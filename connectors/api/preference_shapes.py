"""Turn what a person wishes into what is shown, and what was said into a wish: pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.api.preference_models import Choice, Own, Preferences, QuietHours
from connectors.api.shapes import iso
from connectors.problems import Problem
from schemas import wishes
from schemas.notification import Preference
from schemas.wishes import ANY, CHANNELS

Row = dict[str, Any]
MOST_CHOICES = 500
# Every tenant has these types, whether it says anything of them or not.
BUILT_IN = ("alert", "transactional")


def etag(version: int) -> str:
    """Write a version as an ETag."""
    return f'"{version}"'


def preferences(
    recipient: str, *, wish: Row | None, person: Row | None, types: Sequence[Row]
) -> Preferences:
    """Say what is in force for a person, and where each of it comes from."""
    own = _own(wish)
    reachable = _reachable(person)
    said = {row["name"]: tuple(row["channels"]) for row in types}
    names = sorted({ANY, *BUILT_IN, *said, *own.choices})
    zone = own.zone or (person["zone"] if person else "") or "UTC"
    quiet = own.quiet_hours
    return Preferences(
        recipient=recipient,
        version=wish["version"] if wish else 0,
        updated_at=iso(wish["updated_at"]) if wish else None,
        types={name: _of_type(name, own, said=said, reachable=reachable) for name in names},
        channels=list(reachable),
        quiet_hours=quiet and quiet.model_copy(update={"zone": zone}),
        zone=zone,
        locale=own.locale or (person["locale"] if person else ""),
        own=own,
    )


def _own(wish: Row | None) -> Own:
    if wish is None:
        return Own()
    choices: dict[str, dict[str, bool]] = {}
    for choice, enabled in sorted(wish["enabled"].items()):
        kind, _, channel = choice.partition("/")
        choices.setdefault(kind, {})[channel] = enabled
    quiet = None
    if wish["quiet_from"] and wish["quiet_to"]:
        quiet = QuietHours.model_validate({"from": wish["quiet_from"], "to": wish["quiet_to"]})
    return Own(choices=choices, quiet_hours=quiet, zone=wish["zone"], locale=wish["locale"])


def _reachable(person: Row | None) -> tuple[str, ...]:
    addresses = person["addresses"] if person else {}
    return tuple(
        channel
        for channel in CHANNELS
        if any(address.strip() for address in addresses.get(channel, ()))
    )


def _of_type(
    kind: str, own: Own, *, said: Mapping[str, tuple[str, ...]], reachable: tuple[str, ...]
) -> dict[str, Choice]:
    by_type = said.get(kind, ()) if kind != ANY else ()
    usual = by_type or said.get(ANY, ()) or reachable
    source = "type" if by_type else "default"
    return {
        channel: _choice(kind, channel, own.choices, usual=channel in usual, source=source)
        for channel in CHANNELS
    }


def _choice(
    kind: str,
    channel: str,
    choices: Mapping[str, Mapping[str, bool]],
    *,
    usual: bool,
    source: str,
) -> Choice:
    """Decide as planning does (streams.core.planning.channels): the most exact choice wins.

    A choice for any channel takes away, and adds none that is not usual.
    """
    for name, way in ((kind, channel), (kind, ANY), (ANY, channel), (ANY, ANY)):
        chosen = choices.get(name, {}).get(way)
        if chosen is None:
            continue
        enabled = chosen and (usual or way != ANY or bool(choices.get(ANY, {}).get(channel)))
        return Choice.model_validate({"enabled": enabled, "from": "own"})
    return Choice.model_validate({"enabled": usual, "from": source})


def wish(own: Own, *, tenant: str, recipient: str, version: int, now: int) -> Preference:
    """Make the record; Problem 422 names the field that cannot be obeyed."""
    quiet = own.quiet_hours
    if quiet and quiet.zone and own.zone and quiet.zone != own.zone:
        raise Problem(422, "is another than zone; say one of the two", where="quiet_hours.zone")
    made = Preference(
        id=recipient,
        enabled={
            f"{kind}/{channel}": enabled
            for kind, by_channel in own.choices.items()
            for channel, enabled in by_channel.items()
        },
        quiet_from=quiet.begin if quiet else "",
        quiet_to=quiet.end if quiet else "",
        zone=own.zone or (quiet.zone if quiet else ""),
        locale=own.locale,
        version=version,
        updated_at=now,
        tenant=tenant,
    )
    if len(made.enabled) > MOST_CHOICES:
        raise Problem(422, f"more than {MOST_CHOICES} choices", where="choices")
    found = wishes.fault(made)
    if found is not None:
        raise Problem(422, found.why, where=_where(found.field))
    return made


def _where(field: str) -> str:
    kind, _, name = field.partition(".")
    if kind == "enabled":
        return f"choices.{name.replace('/', '.')}"
    return {"quiet_from": "quiet_hours.from", "quiet_to": "quiet_hours.to"}.get(field, field)
