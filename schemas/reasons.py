"""Closed lists: the words that status, kind, outcome and reason may take, shared by code,
topics, metrics and screens.
"""

from enum import IntEnum, StrEnum


class Priority(IntEnum):
    """Rank alerts and intents alike; high and critical travel in the urgent lane."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    CRITICAL = 3


class RawStatus(StrEnum):
    """Say what a source claims about its alert."""

    FIRING = "firing"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    NO_DATA = "no_data"
    INFO = "info"


class AlertStatus(StrEnum):
    """Say whether an alert still goes on."""

    OPEN = "open"
    RESOLVED = "resolved"


class ChangeKind(StrEnum):
    """Name the facts that can happen to an alert."""

    FIRED = "fired"
    REPEATED = "repeated"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    SNOOZED = "snoozed"
    SILENCED = "silenced"
    UNSILENCED = "unsilenced"


class CommandKind(StrEnum):
    """Name what can be ordered of an alert."""

    ACK = "ack"
    UNACK = "unack"
    RESOLVE = "resolve"
    SNOOZE = "snooze"
    WAKE = "wake"


class Anchor(StrEnum):
    """Say from when a dedup window is counted: the first occurrence, the last, or until the end."""

    FIRST = "first"
    LAST = "last"
    OPEN = "open"


class RuleKind(StrEnum):
    """Name what a rule can change."""

    PRIORITY = "priority"
    DEDUP = "dedup"
    FINGERPRINT = "fingerprint"


class Outcome(StrEnum):
    """Say what a stage did with its item."""

    PASSED = "passed"
    DROPPED = "dropped"
    MUTED = "muted"
    CHANGED = "changed"
    HELD = "held"


class SubjectKind(StrEnum):
    """Say what a Decision is about."""

    ALERT = "alert"
    INTENT = "intent"
    DELIVERY = "delivery"
    RECORD = "record"


class Stage(StrEnum):
    """Name the places that decide."""

    INGEST = "ingest"
    DECODE = "decode"
    FINGERPRINT = "fingerprint"
    DEDUP = "dedup"
    SILENCE = "silence"
    PRIORITY = "priority"
    ROUTE = "route"
    COMMAND = "command"
    TRIAGE = "triage"
    VIEWS = "views"


class Reason(StrEnum):
    """Say why, in Decisions, dead letters, metrics and answers."""

    # triage
    DUPLICATE = "duplicate"
    DUPLICATES_SAVED = "duplicates_saved"
    NOTHING_TO_RESOLVE = "nothing_to_resolve"
    ALREADY_RESOLVED = "already_resolved"
    RESOLVED_FIRST = "resolved_first"
    OLDER_THAN_LAST_CHANGE = "older_than_last_change"
    STALE = "stale"
    CLOCK_SKEW = "clock_skew"
    NEVER_PAGES = "never_pages"
    SILENCED = "silenced"
    SNOOZED = "snoozed"
    PRIORITY_RULE = "priority_rule"
    NO_ROUTE = "no_route"
    ACKNOWLEDGED = "acknowledged"
    UNKNOWN_ALERT = "unknown_alert"
    NOTHING_TO_CHANGE = "nothing_to_change"
    # the record's own faults
    UNDECODABLE = "undecodable"
    INVALID = "invalid"
    OVERSIZED = "oversized"
    STAGE_FAILED = "stage_failed"
    CRASHED_TWICE = "crashed_twice"
    # ingest: nothing to take
    PING = "ping"
    VERIFICATION = "verification"
    OWN_MESSAGE = "own_message"
    EDIT = "edit"
    NOT_AN_ALERT = "not_an_alert"
