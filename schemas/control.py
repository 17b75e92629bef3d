"""The records of the compacted control topics: rules that people write and workers obey.

Each is keyed `tenant:id`; a tombstone removes it. Loaded by `python -m connectors.admin apply`.
"""

from typing import ClassVar

from msgspec import Struct, field

from schemas.records import DEFAULT_TENANT, NO_PRIORITY, Record


class Matcher(Struct, frozen=True, kw_only=True):
    """Compare one label with a value; `op` is `=`, `!=`, `=~` or `!~` (anchored, RE2).

    The names `source`, `title`, `body`, `severity` and `priority` stand for those fields where
    no label of that name exists. A missing label equals the empty string, as in Alertmanager.
    """

    name: str
    op: str = "="
    value: str = ""


class Silence(Record, frozen=True, kw_only=True, gc=False):
    """Mute the alerts that match everything named here, from `starts_at` up to `ends_at`.

    `title_regex` and `body_regex` are searched, not anchored; empty ones match anything.
    """

    AVRO: ClassVar[str] = "control/silence"

    id: str
    matchers: list[Matcher] = field(default_factory=list)
    title_regex: str = ""
    body_regex: str = ""
    starts_at: int = 0
    ends_at: int = 0
    created_by: str = ""
    comment: str = ""
    tenant: str = DEFAULT_TENANT


class EscalationStep(Struct, frozen=True, kw_only=True):
    """Tell these recipients too, `after_s` seconds after the route told of an alert.

    An empty `template` is the route's; `channels` None leaves them to the preferences.
    """

    after_s: int
    recipients: list[str]
    template: str = ""
    channels: list[str] | None = None


class Route(Record, frozen=True, kw_only=True, gc=False):
    """Say who is told about which alerts; lower `position` is asked first.

    The first match ends the search unless it says `continue_matching`. Where `retell_s` is given,
    those who were told are told again so often while the alert is open and unacknowledged.
    `escalation` says who else is told while it stays so, the earliest step first.
    """

    AVRO: ClassVar[str] = "control/route"

    id: str
    position: int = 100
    matchers: list[Matcher] = field(default_factory=list)
    min_priority: int = 0
    recipients: list[str] = field(default_factory=list)
    template: str = "alert"
    channels: list[str] | None = None
    continue_matching: bool = False
    tenant: str = DEFAULT_TENANT
    retell_s: int = 0
    escalation: list[EscalationStep] = field(default_factory=list)


class Rule(Record, frozen=True, kw_only=True, gc=False):
    """Change how matching alerts are treated; lower `position` is asked first.

    kind `priority`: `set_priority` 0 to 3, or `raise_by` (negative lowers); all matches apply.
    kind `dedup`: `anchor` first, last or open and `window_s`; the first match applies.
    kind `fingerprint`: `labels` alone are the identity; the first match applies.
    """

    AVRO: ClassVar[str] = "control/rule"

    id: str
    kind: str
    position: int = 100
    matchers: list[Matcher] = field(default_factory=list)
    set_priority: int = NO_PRIORITY
    raise_by: int = 0
    anchor: str = ""
    window_s: int = 0
    labels: list[str] = field(default_factory=list)
    tenant: str = DEFAULT_TENANT
