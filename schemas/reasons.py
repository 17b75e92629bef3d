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


class Channel(StrEnum):
    """Name the ways to reach a recipient; each has a sink and a pair of topics."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    WEBHOOK = "webhook"
    SLACK = "slack"


NO_CHANNEL = "none"  # the channel of the one event of an intent that was dropped whole


class Lane(StrEnum):
    """Name the two ways through planning and sinks; high and critical are urgent."""

    URGENT = "urgent"
    NORMAL = "normal"


class DeliveryStatus(StrEnum):
    """Name the steps of a delivery's life (DESIGN section 2)."""

    QUEUED = "queued"
    HELD = "held"
    RETRYING = "retrying"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    RATE_LIMITED = "rate_limited"
    SUPPRESSED = "suppressed"
    SUPERSEDED = "superseded"


FINAL = frozenset(
    {
        DeliveryStatus.DELIVERED,
        DeliveryStatus.FAILED,
        DeliveryStatus.EXPIRED,
        DeliveryStatus.RATE_LIMITED,
        DeliveryStatus.SUPPRESSED,
        DeliveryStatus.SUPERSEDED,
    }
)


class AddressKind(StrEnum):
    """Name what can become known of an address."""

    GONE = "gone"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    VERIFIED = "verified"


class Excess(StrEnum):
    """Say what becomes of a message over the rate limit."""

    DIGEST = "digest"
    DELAY = "delay"
    DROP = "drop"


class IntentKind(StrEnum):
    """Tell an intent from the wake of one that was held, and from the wish for a fallback."""

    INTENT = "intent"
    WAKE = "wake"
    FALLBACK = "fallback"


class ScheduledKind(StrEnum):
    """Tell an item of the scheduler from the cancelling of one."""

    ITEM = "item"
    CANCEL = "cancel"


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
    PLANNING = "planning"
    CHANNELS = "channels"
    QUIET_HOURS = "quiet_hours"
    RATE_LIMIT = "rate_limit"
    DIGEST = "digest"
    RENDER = "render"
    FAN_OUT = "fan_out"
    FALLBACK = "fallback"
    SCHEDULER = "scheduler"
    SINK = "sink"


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
    ESCALATION_STEP = "escalation_step"
    WINDOW_OVER = "window_over"
    # planning
    EXPIRED = "expired"
    UNKNOWN_RECIPIENT = "unknown_recipient"
    UNKNOWN_TEMPLATE = "unknown_template"
    NOT_YET = "not_yet"
    NO_ADDRESS = "no_address"
    NO_CHANNEL = "no_channel"
    PREFERENCE = "preference"
    OPTED_OUT = "opted_out"
    ADDRESS_GONE = "address_gone"
    QUIET_HOURS = "quiet_hours"
    RATE_LIMITED = "rate_limited"
    DIGESTED = "digested"
    NOT_TOLD = "not_told"
    TEMPLATE_FAILED = "template_failed"
    FALLBACK = "fallback"
    NO_FALLBACK = "no_fallback"
    # sinks
    SUPERSEDED = "superseded"
    ATTEMPT_TAKEN = "attempt_taken"
    ATTEMPTS_USED_UP = "attempts_used_up"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_LIMITS = "provider_limits"
    UNKNOWN_ANSWER = "unknown_answer"
    BREAKER_OPEN = "breaker_open"
    PACED = "paced"
    BEHIND = "behind"
    ENDPOINT_OFF = "endpoint_off"
    UNSAFE_ADDRESS = "unsafe_address"
    # callbacks
    BOUNCED = "bounced"
    UNDELIVERED = "undelivered"
    # scheduler
    UNKNOWN_TOPIC = "unknown_topic"
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
