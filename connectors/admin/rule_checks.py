"""Say whether a silence, route or rule means something: pure."""

import re

import re2

from connectors.admin.wrong import Wrong, among
from schemas.control import Matcher, Route, Rule, Silence
from schemas.keys import TENANT
from schemas.limits import ESCALATION_S, ESCALATION_STEPS
from schemas.reasons import Anchor, Channel, Priority, RuleKind
from schemas.records import NO_PRIORITY

OPERATORS = ("=", "!=", "=~", "!~")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


def check_id(given: str) -> None:
    """Return if a name can be a key."""
    if not _ID.fullmatch(given):
        raise Wrong("id", f"{given[:60]!r} is not {_ID.pattern}")


def check_tenant(given: str) -> None:
    """Return if a tenant's name can stand in a key."""
    if not TENANT.fullmatch(given):
        raise Wrong("tenant", f"{given[:60]!r} is not {TENANT.pattern}")


def check_rule(record: Silence | Route | Rule) -> None:
    """Return if the record can be obeyed; Wrong names the field that stands against it."""
    for number, matcher in enumerate(record.matchers):
        _check_matcher(matcher, f"matchers[{number}]")
    if isinstance(record, Silence):
        _check_silence(record)
    elif isinstance(record, Route):
        _check_route(record)
    else:
        _check_a_rule(record)


def _check_matcher(matcher: Matcher, field: str) -> None:
    if not matcher.name:
        raise Wrong(field, "the label's name is missing")
    if matcher.op not in OPERATORS:
        raise Wrong(field, f"op {matcher.op!r} is none of {', '.join(OPERATORS)}")
    if matcher.op.endswith("~"):
        check_regex(matcher.value, field)


def check_regex(pattern: str, field: str) -> None:
    """Return if RE2 takes the pattern."""
    try:
        re2.compile(pattern, _OPTIONS)
    except (re2.error, UnicodeError) as wrong:
        why = wrong.args[0].decode() if isinstance(wrong.args[0], bytes) else wrong.args[0]
        raise Wrong(field, f"{pattern[:80]!r} is no regex that RE2 takes: {why}") from wrong


def _check_silence(silence: Silence) -> None:
    check_regex(silence.title_regex, "title_regex")
    check_regex(silence.body_regex, "body_regex")
    if not (silence.matchers or silence.title_regex or silence.body_regex):
        raise Wrong("matchers", "this would silence everything; name at least one condition")
    if not silence.ends_at:
        raise Wrong("ends_at", "missing: every silence ends, as +2h from now")
    if silence.ends_at <= silence.starts_at:
        raise Wrong("ends_at", "must be after starts_at")


def _check_route(route: Route) -> None:
    _check_people(route.recipients, "recipients")
    _check_priority(route.min_priority, "min_priority", least=Priority.LOW)
    _check_channels(route.channels, "channels")
    if route.retell_s < 0:
        raise Wrong("retell_s", "is not negative")
    if len(route.escalation) > ESCALATION_STEPS:
        raise Wrong("escalation", f"has {len(route.escalation)} steps; at most {ESCALATION_STEPS}")
    before_s = 0
    for number, step in enumerate(route.escalation):
        where = f"escalation[{number}]"
        if step.after_s <= before_s:
            than = "later than the step before it" if number else "more than 0"
            raise Wrong(f"{where}.after_s", f"must be {than}")
        if step.after_s > ESCALATION_S:
            raise Wrong(f"{where}.after_s", f"at most {ESCALATION_S // 86_400} days")
        before_s = step.after_s
        _check_people(step.recipients, f"{where}.recipients")
        _check_channels(step.channels, f"{where}.channels")


def _check_people(recipients: list[str], field: str) -> None:
    if not recipients:
        raise Wrong(field, "name at least one")
    if not all(recipient.strip() for recipient in recipients):
        raise Wrong(field, "one of them is empty")


def _check_channels(channels: list[str] | None, field: str) -> None:
    for channel in channels or ():
        among(field, channel, Channel)
    if channels is not None and not channels:
        raise Wrong(field, "leave it out to let preferences decide")


def _check_a_rule(rule: Rule) -> None:
    kinds = [str(kind) for kind in RuleKind]
    if rule.kind not in kinds:
        raise Wrong("kind", f"{rule.kind!r} is none of {', '.join(kinds)}")
    _check_priority(rule.set_priority, "set_priority", least=NO_PRIORITY)
    if rule.kind == RuleKind.PRIORITY and rule.set_priority == NO_PRIORITY and not rule.raise_by:
        raise Wrong("kind", "a priority rule needs set_priority or raise_by")
    if abs(rule.raise_by) > Priority.CRITICAL:
        raise Wrong("raise_by", "is -3 to 3")
    if rule.kind == RuleKind.DEDUP:
        anchors = [str(anchor) for anchor in Anchor]
        if not rule.anchor and not rule.window_s:
            raise Wrong("kind", "a dedup rule needs anchor, window_s or both")
        if rule.anchor and rule.anchor not in anchors:
            raise Wrong("anchor", f"{rule.anchor!r} is none of {', '.join(anchors)}")
    if rule.window_s < 0:
        raise Wrong("window_s", "is not negative")
    if rule.kind == RuleKind.FINGERPRINT and not rule.labels:
        raise Wrong("labels", "a fingerprint rule names the labels that are the identity")


def _check_priority(given: int, field: str, *, least: int) -> None:
    if not least <= given <= Priority.CRITICAL:
        raise Wrong(field, f"{given} is not 0 to 3")
