"""The bytes of every record are on record."""

from typing import Any

import msgspec
import pytest

from schemas import codec, control, records
from schemas.checks import is_time
from tests.unit.schemas.drawing import RECORDS
from tests.unit.schemas.golden import on_record

SAMPLES: dict[object, Any] = {
    str: "text ä",
    bool: True,
    bytes: b"\x00\xff",
    list[str]: ["one", "two"],
    list[str] | None: ["email"],
    dict[str, str]: {"host": "db1", "env": "prod"},
    dict[str, bool]: {"alert/sms": False},
    dict[str, int]: {"plain": 3},
    dict[str, list[str]]: {"push": ["one", "two"]},
    dict[str, Any]: {"deep": [1, None, {"x": 0.5}]},
    list[tuple[str, bytes]]: [("fp", b"1/0")],
    list[control.Matcher]: [control.Matcher(name="team", op="=~", value="d.*")],
    list[control.EscalationStep]: [
        control.EscalationStep(after_s=300, recipients=["bob"]),
        control.EscalationStep(after_s=900, recipients=["cy"], template="t", channels=["sms"]),
    ],
}


def sample(record_type: type[records.Record]) -> records.Record:
    """Build the record of which every field says something."""
    fields: dict[str, Any] = {}
    for number, field in enumerate(msgspec.structs.fields(record_type)):
        if field.name == "tenant":
            fields[field.name] = "team-a"
        elif field.name == "status" and record_type is records.RawAlert:
            fields[field.name] = "resolved"
        elif field.type is int:
            moment = 1_700_000_000_000 + number
            small = 2 if field.name.endswith("priority") else 1000 + number
            fields[field.name] = moment if is_time(field.name) else small
        else:
            fields[field.name] = SAMPLES[field.type]
    return record_type(**fields)


@pytest.mark.parametrize("record_type", RECORDS, ids=lambda record: record.AVRO)
def test_bytes_are_on_record(record_type: type[records.Record]) -> None:
    """What other processes read and wrote yesterday is what this one writes and reads."""
    record = sample(record_type)
    raw = codec.encode(record)

    on_file = bytes.fromhex(on_record(f"wire/{record_type.AVRO}.hex", raw.hex(" ", 32) + "\n"))

    assert on_file == raw
    assert record == codec.decode(record_type, on_file)
