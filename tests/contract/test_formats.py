"""Real payloads, whole and mangled: a translator answers from its closed set, whatever comes."""

import json
import os
import random
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from connectors.ingest import bodies
from connectors.ingest.formats.answers import Answer, Nothing, Payload, Refused, Taken
from connectors.ingest.formats.catalogue import FORMATS
from connectors.problems import Problem
from connectors.settings import Taking
from schemas import codec
from schemas.reasons import RawStatus
from schemas.records import RawAlert
from tests.mangling import mutations

NOW = 1_700_000_000_000
CORPUS = Path(os.environ.get("TOCSIN_CORPUS", "../shared/corpus"))
FOLDERS = {
    "alertmanager": "alertmanager",
    "slack_command": "slack",
    "slack_event": "slack",
    "twilio_sms": "sms",
    "generic": "webhook",
}
FILES = sorted(path for name in FOLDERS for path in CORPUS.glob(f"{name}/*"))

pytestmark = pytest.mark.skipif(not FILES, reason=f"no corpus of real payloads in {CORPUS}")


def payload(path: Path) -> Payload:
    """Read a file of the corpus as a request would bring it."""
    raw = path.read_text()
    if path.suffix == ".form":
        return Payload(NOW, form=parse_qs(raw.strip(), keep_blank_values=True))
    return Payload(NOW, data=json.loads(raw))


def translate(path: Path, given: Payload) -> Answer:
    """Translate as the file's folder says."""
    return FORMATS[FOLDERS[path.parent.name]](given)


def check(answer: Answer) -> None:
    """Hold an answer to the closed set, and its alerts to what the codec takes back."""
    assert isinstance(answer, Taken | Nothing | Refused)
    if isinstance(answer, Taken):
        assert answer.alerts
        for alert in answer.alerts:
            assert alert.title.strip()
            assert alert.status in set(RawStatus)
            assert alert == codec.decode(RawAlert, codec.encode(alert))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_real_payloads(path: Path) -> None:
    """Every real payload is answered from the closed set, and its alerts travel unharmed."""
    check(translate(path, payload(path)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_mangled_payloads(path: Path) -> None:
    """With any place of it flipped to another type or left out, a payload breaks nothing."""
    given = payload(path)
    chance = random.Random(7)
    if given.form is not None:
        for name in given.form:
            for text in ("", " ", "\0", "\ud800", "9" * 500):
                check(translate(path, Payload(NOW, form={**given.form, name: [text]})))
            check(
                translate(
                    path, Payload(NOW, form={k: v for k, v in given.form.items() if k != name})
                )
            )
        return
    for each in mutations(given.data, chance) if len(str(given.data)) < 5000 else ():
        check(translate(path, Payload(NOW, data=each)))


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_payloads_of_other_senders(form: str) -> None:
    """A payload at the wrong address breaks nothing."""
    for path in FILES:
        check(FORMATS[form](payload(path)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_truncated_payloads(path: Path) -> None:
    """A payload that was cut off is refused as such or answered from the closed set."""
    raw = path.read_bytes()
    statuses: set[int] = set()
    kind = bodies.FORM if path.suffix == ".form" else "application/json"
    for end in range(0, len(raw), max(1, len(raw) // 200)):
        try:
            content = bodies.parse(raw[:end], content_type=kind, taking=Taking())
        except Problem as wrong:
            statuses.add(wrong.status)
            continue
        check(translate(path, Payload(NOW, data=content.data, form=content.form)))
    assert statuses <= {400}


def taken(name: str) -> tuple[RawAlert, ...]:
    """Give the alerts of one file."""
    path = CORPUS / name
    answer = translate(path, payload(path))
    assert isinstance(answer, Taken), answer
    return answer.alerts


def test_given_fingerprints_win() -> None:
    """Two alerts with equal labels and different given fingerprints are two identities."""
    assert 2 == len({alert.dedup_key for alert in taken("alertmanager/zulip_two_firing.json")})


def test_resolve_finds_its_alert() -> None:
    """A resolve without an end has the identity of the alert that it ends."""
    (resolved,) = taken("alertmanager/zulip_resolved.json")
    firing = {alert.dedup_key for alert in taken("alertmanager/zulip_two_firing.json")}
    assert ("resolved", 0, True) == (
        resolved.status,
        resolved.occurred_at,
        resolved.dedup_key in firing,
    )


def test_computed_fingerprints_are_prometheus_own() -> None:
    """Without a given fingerprint an alert is named exactly as Alertmanager names it."""
    path = CORPUS / "alertmanager/karma_api_v2_groups.json"
    groups = json.loads(path.read_text())
    given = [alert["fingerprint"] for group in groups for alert in group["alerts"]]
    for group in groups:
        for alert in group["alerts"]:
            del alert["fingerprint"]
    answer = FORMATS["alertmanager"](Payload(NOW, data=groups))
    assert isinstance(answer, Taken)
    assert given == [alert.dedup_key for alert in answer.alerts]


def test_braces_stay_as_they_are() -> None:
    """What looks like a template in a value is a value."""
    (alert,) = taken("alertmanager/alerta_v4.json")
    assert "critical" == alert.severity
