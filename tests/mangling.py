"""Make payloads that no sender means to send: cut off, with a place flipped or left out."""

import json
import random
from collections.abc import Iterator
from typing import Any

STRANGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    "",
    "\0\ud800",
    [],
    {},
    [[]],
    [None],
    {"": {}},
)


def mutations(data: Any, chance: random.Random) -> Iterator[Any]:
    """Give copies of a JSON value in which one place holds something strange, or is missing."""
    for path in list(places(data)):
        for strange in (*STRANGE, ...):
            yield changed(data, path, strange if chance.random() < 0.9 else [strange, strange])


def places(data: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the way to every value inside."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    for name, value in pairs:
        yield (*at, name)
        if isinstance(value, dict | list):
            yield from places(value, (*at, name))


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Copy with one place changed; `...` leaves it out."""
    copy = data.copy()
    if len(path) > 1:
        copy[path[0]] = changed(copy[path[0]], path[1:], value)
    elif value is ... or value == [..., ...]:
        del copy[path[0]]
    else:
        copy[path[0]] = value
    return copy


def mangled(raw: bytes, chance: random.Random, *, of_each: int) -> Iterator[bytes]:
    """Give a payload whole, so many times cut off, and where it is JSON so many times flipped."""
    yield raw
    for _ in range(of_each):
        yield raw[: chance.randrange(len(raw))]
    try:
        data = json.loads(raw)
    except ValueError:
        return
    ways = list(places(data))
    for _ in range(of_each):
        flipped = changed(data, chance.choice(ways), chance.choice((*STRANGE, ...)))
        yield json.dumps(flipped).encode()
