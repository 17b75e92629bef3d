"""People, their wishes, types and templates reach their topics as files say, and stay in bounds."""

from pathlib import Path
from typing import TypeVar

import pytest
from confluent_kafka import Message
from msgspec.structs import replace

from connectors.admin.commands import main as admin
from deploy.local.parts import CHECKOUT
from schemas.codec import decode, encode
from schemas.keys import partition_of
from schemas.notification import NotificationType, Preference, Recipient, Template
from schemas.records import Record
from schemas.topics import (
    CONTROL_PREFERENCES,
    CONTROL_RECIPIENTS,
    CONTROL_TEMPLATES,
    CONTROL_TYPES,
    Names,
    Topic,
)
from tests.gateway import House
from tests.topics import produce, read_all

pytestmark = pytest.mark.stack
Output = pytest.CaptureFixture[str]
R = TypeVar("R", bound=Record)

FILE = """
recipients:
  - {id: ann@example.org, addresses: {email: ann@example.org}, zone: Europe/Vienna}
  - {id: bob, addresses: {sms: "+436601234567"}}
preferences:
  - {id: ann@example.org, enabled: {marketing/email: false}, quiet_from: "22:00", quiet_to: "07:00"}
types:
  - {id: marketing, channels: [email], limits: {email: 2/d}}
templates:
  - {id: hello, parts: {"*": {en: {subject: Hi, text: "Hello {{ to.name }}"}}}}
"""


def _last(home: House, topic: Topic) -> dict[bytes, Message]:
    name = Names(home.namespace).topic(topic)
    read = read_all(home.environment["KAFKA_BOOTSTRAP_SERVERS"], [name])
    last = {message.key() or b"": message for message in read}
    return {key: message for key, message in last.items() if message.value() is not None}


def _held(home: House, topic: Topic, kind: type[R]) -> dict[bytes, R]:
    return {
        key: decode(kind, message.value() or b"") for key, message in _last(home, topic).items()
    }


def _choose(home: House, preference: Preference) -> None:
    servers, name = home.environment["KAFKA_BOOTSTRAP_SERVERS"], Names(home.namespace)
    key = f"default:{preference.id}".encode()
    produce(servers, name.topic(CONTROL_PREFERENCES), [(key, encode(preference))])


def _apply(tmp_path: Path, text: str, *options: str) -> int:
    file = tmp_path / "people.yaml"
    file.write_text(text)
    return admin(["apply", *options, str(file)])


def test_people_lie_where_their_intents_do(home: House, tmp_path: Path) -> None:
    """Recipients and preferences are keyed like intents, so that one worker has both."""
    assert 0 == _apply(tmp_path, FILE)
    people = _last(home, CONTROL_RECIPIENTS)
    assert {b"default:ann@example.org", b"default:bob"} == people.keys()
    partitions = int(home.environment["TOCSIN_PARTITIONS"])
    for topic in (CONTROL_RECIPIENTS, CONTROL_PREFERENCES):
        for key, message in _last(home, topic).items():
            assert partition_of(key, partitions) == message.partition()
    ann = _held(home, CONTROL_RECIPIENTS, Recipient)[b"default:ann@example.org"]
    assert {"email": ["ann@example.org"]} == ann.addresses
    types = _held(home, CONTROL_TYPES, NotificationType)
    assert {"email": "2/d"} == types[b"default:marketing"].limits
    hello = _held(home, CONTROL_TEMPLATES, Template)[b"default:hello"]
    assert {"*.subject@en": "Hi", "*.text@en": "Hello {{ to.name }}"} == hello.parts
    assert 12 == len(hello.version)


def test_files_never_overrule_what_a_person_chose(
    home: House, tmp_path: Path, capsys: Output
) -> None:
    """A start of the system leaves a changed preference alone, and so does pruning."""
    assert 0 == _apply(tmp_path, FILE)
    key = b"default:ann@example.org"
    chosen = replace(
        _held(home, CONTROL_PREFERENCES, Preference)[key], quiet_from="", quiet_to="", version=1
    )
    _choose(home, chosen)
    capsys.readouterr()
    assert 0 == _apply(tmp_path, FILE)
    said = capsys.readouterr().out
    assert "kept preference default:ann@example.org, as its owner chose" in said
    assert "0 written, 5 as they were" in said
    assert 0 == _apply(tmp_path, "preferences: []\n", "--prune")
    assert {key: chosen} == _held(home, CONTROL_PREFERENCES, Preference)


def test_pruning_removes_what_no_file_names(home: House, tmp_path: Path) -> None:
    """People and templates go with their entries, each kind by itself."""
    assert 0 == _apply(tmp_path, FILE)
    assert 0 == _apply(tmp_path, "recipients: [{id: bob}]\ntemplates: []\n", "--prune")
    assert {b"default:bob"} == _held(home, CONTROL_RECIPIENTS, Recipient).keys()
    assert {} == _held(home, CONTROL_TEMPLATES, Template)
    assert 1 == len(_held(home, CONTROL_PREFERENCES, Preference))


def test_the_samples_are_applied_once(home: House, capsys: Output) -> None:
    """Every start applies them, and changes nothing that is as it was."""
    folder = CHECKOUT / "deploy" / "config"
    files = [str(folder / f"{name}.yaml") for name in ("recipients", "preferences", "types")]
    files.append(str(folder / "templates.yaml"))
    assert 0 == admin(["apply", *files])
    capsys.readouterr()
    assert 0 == admin(["apply", *files])
    assert "control records: 0 written" in capsys.readouterr().out
    assert b"default:alert" in _held(home, CONTROL_TEMPLATES, Template)
