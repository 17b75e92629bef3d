"""What a person wishes, as it is asked and said."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.api.examples import example

_CHOICES = {"marketing": {"*": False}, "order": {"push": True, "sms": False}}
_QUIET = {"from": "22:00", "to": "07:00"}
OWN: dict[str, Any] = {
    "choices": _CHOICES,
    "quiet_hours": _QUIET,
    "zone": "Europe/Vienna",
    "locale": "de-AT",
}

PREFERENCES: dict[str, Any] = {
    "recipient": "ann@example.org",
    "version": 3,
    "updated_at": "2026-03-01T08:00:00.100Z",
    "types": {
        "*": {
            "email": {"enabled": True, "from": "default"},
            "sms": {"enabled": False, "from": "default"},
        },
        "order": {
            "email": {"enabled": True, "from": "type"},
            "push": {"enabled": True, "from": "own"},
            "sms": {"enabled": False, "from": "own"},
        },
    },
    "channels": ["email", "push"],
    "quiet_hours": _QUIET | {"zone": "Europe/Vienna"},
    "zone": "Europe/Vienna",
    "locale": "de-AT",
    "own": OWN,
}

Clock = Annotated[str, Field(max_length=20, description="Time of day, as 22:00.")]


class QuietHours(BaseModel):
    """From when to when nothing disturbs that is not urgent; over midnight where `to` is less."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    begin: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    zone: Annotated[str, Field(max_length=60)] = Field(
        default="", description="An IANA name; may stand beside `quiet_hours` as well."
    )


class Own(BaseModel):
    """Everything that a person chose; a PUT replaces all of it, and what is left out is unset."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [OWN]})

    choices: dict[str, dict[str, bool]] = Field(
        default={},
        description="By type and channel whether it may be used; `*` stands for any of either,"
        " and the most exact choice decides.",
    )
    quiet_hours: QuietHours | None = None
    zone: Annotated[str, Field(max_length=60)] = Field(
        default="", description="An IANA name; empty leaves it to what is known of the person."
    )
    locale: Annotated[str, Field(max_length=40)] = Field(
        default="", description="As de or en-GB; empty leaves it to what is known of the person."
    )


class Choice(BaseModel):
    """Whether a channel is used for a type, and where that comes from."""

    model_config = ConfigDict(populate_by_name=True)

    enabled: bool
    source: Literal["default", "type", "own"] = Field(
        alias="from",
        description="`own`: the person chose it; `type`: the type says so; else `default`.",
    )


class Preferences(BaseModel):
    """What is in force for a person; `own` is what a PUT takes."""

    model_config = example(PREFERENCES)

    recipient: str
    version: int = Field(description="Grows with each write; also the ETag.")
    updated_at: str | None
    types: dict[str, dict[str, Choice]] = Field(
        description="By type and channel; `*` is what holds for every other type."
    )
    channels: list[str] = Field(description="Those of which an address is known.")
    quiet_hours: QuietHours | None
    zone: str = Field(description="The zone in force, UTC where nobody has said one.")
    locale: str = Field(description="The locale in force, empty where nobody has said one.")
    own: Own


class BeingWritten(BaseModel):
    """Kafka has the preferences; they are shown in a moment."""

    model_config = example({"status": "on its way", "recipient": "ann@example.org", "version": 4})

    status: Literal["on its way"] = "on its way"
    recipient: str
    version: int
