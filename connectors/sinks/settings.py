"""Settings of the sinks' runner, read once at the start."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from connectors.sinks import retry
from connectors.sinks.breaker import OPEN_S
from schemas.errors import ConfigurationError
from schemas.reasons import Lane

LEASE_BEYOND_CALL_S = 15.0  # DESIGN 4: a claim outlives the call it was taken for by so much


@dataclass(frozen=True, slots=True)
class Sinking:
    """Say how patiently deliveries are brought out."""

    call_s: float = 30.0
    """Seconds for one whole call of a provider (30). `TOCSIN_SINK_CALL_S`."""

    stop_s: float = 30.0
    """Seconds that calls under way get at a stop (30: every call ends by itself in that)."""

    session_s: float = 10.0
    """Seconds after which the group counts a silent worker out (10). `TOCSIN_SESSION_S`."""

    in_hand: int = 1000
    """Deliveries of a lane read and not finished at most (1,000: some MiB, and enough to keep
    every endpoint busy). `TOCSIN_SINK_IN_HAND`."""

    ladders: retry.Ladders = field(default_factory=lambda: retry.LADDERS)
    """Seconds after each attempt, with commas (10,30,120,600,3600; urgent 5,15,60,180,300).
    `TOCSIN_RETRY_S`, `TOCSIN_RETRY_URGENT_S`."""

    breaker_s: float = OPEN_S
    """Seconds for which an endpoint that broke is left alone before one call tries (30).
    `TOCSIN_BREAKER_S`."""

    park_s: Sequence[float] = retry.PARKED_S
    """Seconds for which a delivery is parked the first time, doubling to the second number (5,60).
    `TOCSIN_PARK_S`."""

    instance_id: str = ""
    """Name that a worker keeps over restarts (none: after a crash its calls under way are
    looked at when their claims have lapsed). `TOCSIN_INSTANCE_ID`."""

    metrics_port: int = 0
    """Port of health and metrics; 0 chooses a free one. `TOCSIN_METRICS_PORT`."""

    @property
    def lease_s(self) -> float:
        """Give the seconds for which a claim holds."""
        return self.call_s + LEASE_BEYOND_CALL_S

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Read the environment; ConfigurationError names the variable that cannot be used."""
        return cls(
            call_s=_numbers(env, "TOCSIN_SINK_CALL_S", (30.0,), most=1)[0],
            session_s=_numbers(env, "TOCSIN_SESSION_S", (10.0,), most=1)[0],
            in_hand=int(_numbers(env, "TOCSIN_SINK_IN_HAND", (1000.0,), most=1)[0]),
            ladders={
                Lane.NORMAL: _numbers(env, "TOCSIN_RETRY_S", retry.LADDERS[Lane.NORMAL]),
                Lane.URGENT: _numbers(env, "TOCSIN_RETRY_URGENT_S", retry.LADDERS[Lane.URGENT]),
            },
            breaker_s=_numbers(env, "TOCSIN_BREAKER_S", (OPEN_S,), most=1)[0],
            park_s=_two(env, "TOCSIN_PARK_S", retry.PARKED_S),
            instance_id=env.get("TOCSIN_INSTANCE_ID", ""),
            metrics_port=_port(env.get("TOCSIN_METRICS_PORT") or "0"),
        )


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise ConfigurationError(f"TOCSIN_METRICS_PORT is not a port: {text!r}")
    return int(text)


def _two(env: Mapping[str, str], name: str, default: Sequence[float]) -> Sequence[float]:
    values = _numbers(env, name, default)
    if len(values) != 2 or values[0] > values[1]:
        raise ConfigurationError(f"{name} must be two numbers, the smaller first")
    return values


def _numbers(
    env: Mapping[str, str], name: str, default: Sequence[float], *, most: int = 20
) -> Sequence[float]:
    given = env.get(name, "")
    if not given:
        return default
    try:
        values = tuple(float(part) for part in given.split(","))
    except ValueError:
        values = ()
    if not 0 < len(values) <= most or not all(0.05 <= value < 1e6 for value in values):
        wanted = "a number" if most == 1 else f"up to {most} numbers with commas"
        raise ConfigurationError(f"{name} must be {wanted} above 0.05: {given!r}")
    return values
