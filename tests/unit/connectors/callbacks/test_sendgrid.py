"""SendGrid's events: signed ones are believed, ours say what became of a mail, others nothing."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.callbacks.sendgrid import OLD_S, YOUNG_S, told, verified
from connectors.callbacks.told import Outcome, Told
from schemas.reasons import AddressKind
from tests.builders import NOON
from tests.callbacks import SECRET, SendGridSigner, receipt, sendgrid_event

SHARED = Path(os.environ.get("TOCSIN_VECTORS", "../shared/vectors.json"))
VECTORS: list[dict[str, Any]] = (
    [v for v in json.loads(SHARED.read_text())["vectors"] if v["scheme"] == "sendgrid-ecdsa"]
    if SHARED.exists()
    else []
)
CORPUS = SHARED.parent / "corpus" / "sendgrid_event"
AT = NOON / 1000
SIGNER = SendGridSigner()


def read(event: Any) -> Told | Outcome:
    """Read an event an hour after noon."""
    return told(event, secret=SECRET, now=NOON + 3_600_000)


@pytest.mark.skipif(not VECTORS, reason=f"no vectors in {SHARED}")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_published_vectors(vector: dict[str, Any]) -> None:
    """A vector is verified exactly where it is valid, also beside another key."""
    body = vector["body"].encode()
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    now = vector.get("now", 1_600_112_502)
    keys = [SIGNER.public, vector["public_key"]]
    assert (vector["expect"] == "valid") is verified(body, headers, keys=keys, now=now)
    assert not verified(body, headers, keys=keys[:1], now=now)


@pytest.mark.parametrize(
    ("late_s", "believed"),
    [(0, True), (OLD_S, True), (OLD_S + 1, False), (-YOUNG_S, True), (-YOUNG_S - 1, False)],
)
def test_a_day_of_retries_is_believed(*, late_s: int, believed: bool) -> None:
    """What SendGrid sends again for a day is taken; what is older, or of tomorrow, is not."""
    body, headers = SIGNER.post([], at=AT)
    assert believed is verified(body, headers, keys=[SIGNER.public], now=AT + late_s)


def test_nobody_is_believed_without_a_key() -> None:
    """Where no key is set every post is refused."""
    body, headers = SIGNER.post([], at=AT)
    assert not verified(body, headers, keys=[], now=AT)


@pytest.mark.parametrize("name", sorted(SIGNER.headers(b"", at=AT)))
@pytest.mark.parametrize("junk", ["", "%%%", "é", "\0", "9" * 5000, "1e9", "-1", "AAAA"])
def test_junk_is_not_verified(name: str, junk: str) -> None:
    """Whatever stands in the headers, it is "not verified" and never an error."""
    body, headers = SIGNER.post([], at=AT)
    assert not verified(body, headers | {name: junk}, keys=[SIGNER.public], now=AT)
    del headers[name]
    assert not verified(body, headers, keys=[SIGNER.public], now=AT)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("processed", "sent"),
        ("deferred", "sent"),
        ("delivered", "delivered"),
        ("open", "opened"),
        ("click", "clicked"),
    ],
)
def test_steps(name: str, status: str) -> None:
    """What SendGrid did with a mail is a step of its delivery, at the time that it says."""
    assert Told(
        of=receipt(),
        occurred_at=NOON + 2000,
        mark=f"{name}-2",
        provider="sendgrid",
        status=status,
        provider_id="m1",
        address="ann@example.org",
    ) == read(sendgrid_event(name, at=2))


def test_a_click_names_its_link() -> None:
    """Which link was followed is told, and of nothing else any link."""
    url = "https://a.example/run"
    clicked, opened = (read(sendgrid_event(name, url=url)) for name in ("click", "open"))
    assert isinstance(clicked, Told)
    assert isinstance(opened, Told)
    assert (url, "") == (clicked.link, opened.link)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"type": "bounce", "status": "5.1.1"}, AddressKind.BOUNCED),
        ({"type": "bounce", "status": "5.2.1"}, AddressKind.BOUNCED),
        ({"type": "bounce"}, AddressKind.BOUNCED),
        ({"type": "bounce", "status": "5.7.1"}, None),
        ({"type": "bounce", "status": "5.2.2"}, None),
        ({"type": "bounce", "status": "4.4.7"}, None),
        ({"type": "blocked", "status": "5.1.1"}, None),
    ],
)
def test_a_bounce_fails_and_may_end_the_address(
    fields: dict[str, str], kind: AddressKind | None
) -> None:
    """What came back has failed; only where the address is at fault is it mailed no more."""
    found = read(sendgrid_event("bounce") | fields)
    assert isinstance(found, Told)
    assert ("failed", "bounced", kind) == (found.status, found.reason, found.kind)


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        ("Bounced Address", AddressKind.BOUNCED),
        ("Unsubscribed Address", AddressKind.OPTED_OUT),
        ("Spam Reporting Address", AddressKind.COMPLAINED),
        ("Invalid", AddressKind.BOUNCED),
        ("Spam Content (if Spam Checker app is enabled) of ann@example.org", None),
    ],
)
def test_what_is_dropped_has_failed(why: str, kind: AddressKind | None) -> None:
    """A mail that SendGrid never sent has failed, and no foreign words are kept of why."""
    found = read(sendgrid_event("dropped", reason=why))
    assert isinstance(found, Told)
    assert ("failed", kind) == (found.status, found.kind)
    assert "@" not in found.error


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("spamreport", AddressKind.COMPLAINED),
        ("unsubscribe", AddressKind.OPTED_OUT),
        ("group_unsubscribe", AddressKind.OPTED_OUT),
        ("group_resubscribe", AddressKind.OPTED_IN),
    ],
)
def test_wishes(name: str, kind: AddressKind) -> None:
    """What a person wants changes no delivery, and is known of the address."""
    found = read(sendgrid_event(name))
    assert isinstance(found, Told)
    assert ("", kind, "ann@example.org") == (found.status, found.kind, found.address)


@pytest.mark.parametrize(
    "ref", [None, 7, "", "nonsense", sendgrid_event("open")["tocsin_ref"][:-1]]
)
def test_events_of_others_are_foreign(ref: object) -> None:
    """Only a reference that we signed leads to a delivery."""
    assert Outcome.FOREIGN == read(sendgrid_event("delivered", tocsin_ref=ref))


def test_an_event_of_tomorrow_is_of_now() -> None:
    """A provider's clock never puts a step into the future."""
    found = read(sendgrid_event("delivered", at=10 * 86_400))
    assert isinstance(found, Told)
    assert NOON + 3_600_000 == found.occurred_at


@pytest.mark.skipif(not CORPUS.exists(), reason=f"no mails in {CORPUS}")
def test_events_as_they_come() -> None:
    """Events as SendGrid really sends them are read once they bear our reference."""
    found = {}
    for path in sorted(CORPUS.glob("*.json")):
        for event in json.loads(path.read_text()):
            assert Outcome.FOREIGN == read(event)
            one = read(event | {"tocsin_ref": sendgrid_event("open")["tocsin_ref"]})
            assert isinstance(one, Told)
            found[path.stem] = (one.status, one.kind)
    assert {
        "anymail_bounce": ("failed", AddressKind.BOUNCED),
        "anymail_deferred": ("sent", None),
        "anymail_delivered": ("delivered", None),
        "anymail_open": ("opened", None),
        "sendgrid_signed_dropped": ("failed", AddressKind.BOUNCED),
    } == found


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)  # a busy machine is no fault
@given(_JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(sendgrid_event("open"), _JSON)))
def test_nothing_that_json_can_say_is_an_error(event: object) -> None:
    """An event of any form is read, and at the worst it is invalid or foreign."""
    read(event)
    if isinstance(event, dict):
        for name in ("bounce", "dropped", "open", "spamreport"):
            ours = {"tocsin_ref": sendgrid_event("open")["tocsin_ref"], "event": name}
            assert isinstance(read(event | ours), Told)
