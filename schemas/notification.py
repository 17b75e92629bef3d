"""The control records of planning: who is told, what they wish, and in which words.

`control.recipients` and `control.preferences` are keyed by recipient and have P partitions;
`control.templates` and `control.types` are keyed by name and are read by every worker.
"""

from typing import ClassVar

from msgspec import field

from schemas.records import DEFAULT_TENANT, Record

DIGEST_S = 15 * 60  # how long a digest collects where its type does not say
LONGEST_DIGEST_S = 24 * 3600


class Recipient(Record, frozen=True, kw_only=True, gc=False):
    """Describe a person or system that can be told: addresses by channel, in order of choice.

    `zone` is an IANA name, `locale` a BCP 47 tag. `limits` overrules the rate limits of a
    channel for this recipient, as `20/h`, `5/d`, `100/min` (schemas.rates).
    """

    AVRO: ClassVar[str] = "control/recipient"

    id: str
    name: str = ""
    addresses: dict[str, list[str]] = field(default_factory=dict)
    locale: str = ""
    zone: str = ""
    limits: dict[str, str] = field(default_factory=dict)
    tenant: str = DEFAULT_TENANT


class Preference(Record, frozen=True, kw_only=True, gc=False):
    """Say what one recipient wants; `id` is the recipient's.

    `enabled` maps `type/channel` to a choice; `*` stands for any, and the more exact entry wins.
    Quiet hours run from `quiet_from` to `quiet_to` (`HH:MM`, over midnight where the second is
    smaller), in `zone` or else the recipient's; both empty means none.
    `locale` overrules the recipient's. `version` grows by one with each write.
    """

    AVRO: ClassVar[str] = "control/preference"

    id: str
    enabled: dict[str, bool] = field(default_factory=dict)
    quiet_from: str = ""
    quiet_to: str = ""
    zone: str = ""
    locale: str = ""
    version: int = 0
    updated_at: int = 0
    tenant: str = DEFAULT_TENANT


class Template(Record, frozen=True, kw_only=True, gc=False):
    """Hold the words of one template; `id` is its name.

    `parts` maps `channel.part`, `channel.part@locale` and either with `#variant` behind it to a
    Jinja2 text; channel `*` serves every channel that has no part of its own. Parts are
    `subject`, `text`, `html` and `payload` (JSON). `version` is a digest of what it says.
    `variants` maps each variant to its weight; `experiment` names what the choice is hashed with.
    """

    AVRO: ClassVar[str] = "control/template"

    id: str
    version: str = ""
    parts: dict[str, str] = field(default_factory=dict)
    default_locale: str = "en"
    experiment: str = ""
    variants: dict[str, int] = field(default_factory=dict)
    tenant: str = DEFAULT_TENANT


class NotificationType(Record, frozen=True, kw_only=True, gc=False):
    """Say how notifications of a type are treated; `id` is its name.

    `channels` are told where neither intent nor preferences choose, in this order.
    `excess` is what becomes of a message over the limit: digest, delay or drop.
    `limits` overrules the rate limits of a channel for this type. `expires_s` 0 means the
    default of the priority. `quiet_hours` is hold or pass.
    `critical_ignores_opt_out` lets critical ones through an opt-out of this type.
    `digest_s` is how long a message with a `digest_key` waits for others; 0 means the default.
    `fallback` are the channels tried in turn where a high or critical one did not arrive;
    empty means push, then sms, and `none` alone means no other.
    """

    AVRO: ClassVar[str] = "control/notification_type"

    id: str
    channels: list[str] = field(default_factory=list)
    excess: str = "drop"
    limits: dict[str, str] = field(default_factory=dict)
    expires_s: int = 0
    quiet_hours: str = "hold"
    critical_ignores_opt_out: bool = False
    tenant: str = DEFAULT_TENANT
    digest_s: int = 0
    fallback: list[str] = field(default_factory=list)
