"""Silence: which rule mutes an alert at a moment of event time."""

from schemas.matching import matches
from schemas.records import RawAlert
from streams.core.triage.rules import Mute, TenantRules


def still_muted(rules: TenantRules, *, muted_by: str, muted_until: int, at: int) -> bool:
    """Say whether the silence that mutes an alert stands unchanged and in force."""
    mute = rules.mute_by_id.get(muted_by)
    return mute is not None and mute.ends_at == muted_until and mute.starts_at <= at < mute.ends_at


def muting(
    raw: RawAlert, *, at: int, priority: int, rules: TenantRules, muted_by: str = ""
) -> Mute | None:
    """Find the silence that mutes an alert.

    One that mutes it already stays the one while it is in force, else the longest is chosen.
    """
    best: Mute | None = None
    for mute in rules.mutes:
        if not mute.starts_at <= at < mute.ends_at:
            continue
        if not matches(mute.matching, raw, priority=priority):
            continue
        if mute.id == muted_by:
            return mute
        if best is None or (mute.ends_at, best.id) > (best.ends_at, mute.id):
            best = mute
    return best
