"""Kinds: how notifications of a type are treated, where control.types say so and where not."""

from collections.abc import Mapping

from msgspec.structs import replace

from schemas.notification import NotificationType
from schemas.reasons import Excess

EVERYBODY = "*"  # the type that holds a tenant's defaults

_BUILT_IN = {
    kind.id: kind
    for kind in (
        NotificationType(id="alert", excess=Excess.DIGEST.value, critical_ignores_opt_out=True),
        NotificationType(id="transactional", excess=Excess.DELAY.value),
    )
}
_REMEMBERED = 4096
_EXCESSES = frozenset(excess.value for excess in Excess)


_known: dict[
    tuple[str, int, int],
    tuple[NotificationType, NotificationType | None, NotificationType | None],
] = {}


def kind_of(name: str, types: Mapping[str, NotificationType]) -> NotificationType:
    """Find how the type of this name is treated; `types` are one tenant's.

    A record of the name decides, else what is built in for `alert` and `transactional`, else the
    record `*`, else a plain type. What is not said of channels, expiry, digest and fallback is
    that of `*`.
    An excess that is no word of ours drops. `id` is always the name asked for.
    """
    own, everybody = types.get(name), types.get(EVERYBODY)
    # The same few are asked for again and again. A record is known by being the same object, held
    # here, so that no other can come to stand under its number.
    place = (name, id(own), id(everybody))
    known = _known.get(place)
    if known is None:
        if len(_known) >= _REMEMBERED:
            _known.clear()
        known = _known[place] = (_made(name, own, everybody), own, everybody)
    return known[0]


def _made(
    name: str, own: NotificationType | None, everybody: NotificationType | None
) -> NotificationType:
    kind = own or _BUILT_IN.get(name) or everybody or NotificationType(id=name)
    if kind.id != name:
        kind = replace(kind, id=name)
    if kind.excess not in _EXCESSES:
        kind = replace(kind, excess=Excess.DROP.value)
    if everybody is None or (kind.channels and kind.expires_s and kind.digest_s and kind.fallback):
        return kind
    return replace(
        kind,
        channels=kind.channels or everybody.channels,
        expires_s=kind.expires_s or everybody.expires_s,
        digest_s=kind.digest_s or everybody.digest_s,
        fallback=kind.fallback or everybody.fallback,
    )
