"""Notice: what a delivery is as a push message, whoever carries it. Pure.

It always fits into what a provider takes: what is too long is cut, and nothing fails for size.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from schemas.addresses import address_fault
from schemas.deliveries import Delivery
from schemas.errors import Invalid
from schemas.reasons import Channel, Lane

# FCM takes 4096 bytes of texts and data; the rest is left for what it writes round them for Apple.
ROOM = 3600
TITLE_ROOM = 400
DATA_ROOM = 1800
CUT_MARK = "…"
LEFT_OUT = "tocsin_left_out"
MOST_S = 28 * 86_400  # FCM keeps nothing for longer than four weeks
MARK_BYTES = 64  # Apple's limit for a collapse id
NAME_CHARS = 100
_ID_CHARS = 200
_LEFT_OUT_CHARS = 200
_CLUSTER = (
    16  # letters that may belong together; a text that is all one cluster is cut all the same
)
# FCM refuses these names, and Apple keeps its own words under `aps`.
_RESERVED = re.compile(
    r"from|message_type|collapse_key|notification|aps|(?:google|gcm).*", re.DOTALL
)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_JOINER = "\u200d"


@dataclass(frozen=True, slots=True)
class Notice:
    """Hold a push message before it is put into a provider's form.

    `mark` is the same for all that is told of one alert, so that the newer takes the place of
    the older on the screen, and the same in every attempt. `until` is when it is worthless, in
    epoch seconds, and `ttl_s` how long that is from now; None: never.
    """

    token: str
    title: str
    body: str
    data: Mapping[str, str]
    mark: str
    urgent: bool
    until: int | None
    ttl_s: int | None


def notice(delivery: Delivery, *, now: float) -> Notice:
    """Make the push message of a delivery, `now` in epoch seconds; Invalid without a token."""
    token = delivery.address
    if address_fault(Channel.PUSH, token) or not (token.isascii() and token.isprintable()):
        raise Invalid("no push token")
    title = cut(_one_line(delivery.subject), room=TITLE_ROOM)
    data = _data(delivery)
    body = _whole(delivery.text).replace("\0", "")
    until = min(delivery.expires_at // 1000, int(now) + MOST_S) if delivery.expires_at > 0 else None
    return Notice(
        token=token,
        title=title or ("" if body.strip() else "(no subject)"),
        body=cut(body, room=ROOM - size({"title": title, "data": data})),
        data=data,
        mark=_mark(delivery.alert_id or delivery.intent_id or delivery.id),
        urgent=delivery.lane == Lane.URGENT,
        until=until,
        ttl_s=None if until is None else max(0, until - int(now)),
    )


def size(value: object) -> int:
    """Count the bytes of a value as JSON, which is never less than a provider counts."""
    return len(orjson.dumps(value))


def cut(text: str, *, room: int) -> str:
    """Cut a text to so many bytes of JSON, not through a character, and mark that it was cut.

    What is drawn as one is one: a letter with its accents, an emoji with its parts, a flag.
    """
    if len(text) * 6 <= room or size(text[: room + 1]) - 2 <= room:
        return text
    left, end = room - len(CUT_MARK.encode()), 0
    for letter in text:
        left -= size(letter) - 2
        if left < 0:
            break
        end += 1
    for whole in range(end, max(0, end - _CLUSTER), -1):
        if not _are_one(text[whole - 1], text[whole]):
            return text[:whole].rstrip() + CUT_MARK
    return text[:end].rstrip() + CUT_MARK


def _are_one(left: str, right: str) -> bool:
    return (
        unicodedata.category(right) in {"Mn", "Mc", "Me"}
        or _JOINER in (left, right)
        or "\U0001f3fb" <= right <= "\U0001f3ff"  # tones of skin
        or ("\U0001f1e6" <= left <= "\U0001f1ff" and "\U0001f1e6" <= right <= "\U0001f1ff")
    )


def _data(delivery: Delivery) -> dict[str, str]:
    """Give what the app gets beside the texts; what does not fit, or has no fit name, is named."""
    ours = {
        "tocsin_delivery": delivery.id,
        "tocsin_intent": delivery.intent_id,
        "tocsin_alert": delivery.alert_id,
    }
    data = {name: _whole(ident) for name, ident in ours.items() if 0 < len(ident) <= _ID_CHARS}
    room, left_out = DATA_ROOM - size(data), list[str]()
    for name, value in delivery.payload.items():
        written = _written(value)
        takes = size({name: written}) if _is_fit(name) and written is not None else room + 1
        if written is None or takes > room:
            left_out.append(_one_line(name)[:NAME_CHARS])
        else:
            data[name] = written
            room -= takes
    if left_out:
        data[LEFT_OUT] = ",".join(left_out)[:_LEFT_OUT_CHARS]
    return data


def _is_fit(name: str) -> bool:
    return (
        0 < len(name) <= NAME_CHARS
        and name == _one_line(name)
        and not name.startswith("tocsin_")
        and not _RESERVED.fullmatch(name.casefold())
    )


def _written(value: Any) -> str | None:
    if isinstance(value, str):
        return _whole(value)
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return None


def _mark(ident: str) -> str:
    if len(ident) <= MARK_BYTES and ident.isascii() and ident.isprintable():
        return ident
    return sha256(ident.encode("utf-8", "replace")).hexdigest()[:MARK_BYTES]


def _one_line(text: str) -> str:
    return " ".join(_CONTROLS.sub(" ", _whole(text)).split())


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # half a character cannot be written
