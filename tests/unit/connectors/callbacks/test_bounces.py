"""Bounces: a mail that came back fails its delivery, if it bears what only we can sign."""

import os
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.callbacks.bounces import DEPTH, PARTS, told
from connectors.callbacks.told import Outcome, Told
from schemas.reasons import AddressKind
from tests.builders import NOON
from tests.callbacks import SECRET, dsn, receipt, reference, returned_mail

CORPUS = Path(os.environ.get("TOCSIN_VECTORS", "../shared/vectors.json")).parent / "corpus/email"
OURS = f"X-Tocsin-Ref: {reference()}"


def read(raw: bytes) -> Told | Outcome:
    """Read a mail that came to us."""
    return told(raw, secret=SECRET, now=NOON)


def came_back(raw: bytes) -> Told:
    """Read a mail that tells of ours."""
    found = read(raw)
    assert isinstance(found, Told), found
    return found


def test_a_hard_bounce() -> None:
    """No such mailbox: the delivery has failed, and the address is mailed no more."""
    assert Told(
        of=receipt(),
        occurred_at=NOON,
        mark="bounce",
        status="failed",
        reason="bounced",
        error="bounced 5.1.1",
        kind=AddressKind.BOUNCED,
        address="ann@example.org",
    ) == read(dsn())


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        ("5.1.1", True),
        ("5.1.2", True),
        ("5.1.10", True),
        ("5.2.1", True),
        ("5.1.1 (no such user)", True),
        ("5.2.2", False),
        ("5.7.1", False),
        ("5.1.8", False),
        ("4.4.7", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_only_the_address_own_fault_ends_it(*, status: str, ends: bool) -> None:
    """A full mailbox, a policy or a silent server says nothing of who is there."""
    found = came_back(dsn(status=status))
    assert ("failed", ends) == (found.status, found.kind is not None)


def test_the_true_status_may_stand_in_the_words() -> None:
    """Some servers say 5.0.0 and put the reason into their words."""
    for words, kind in (("550-5.7.1 blocked", None), ("550 5.1.1 unknown", AddressKind.BOUNCED)):
        assert kind == came_back(dsn(status="5.0.0", Diagnostic_Code=f"smtp; {words}")).kind


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_may_still_arrive_changes_nothing(action: str) -> None:
    """A delay, and a report of success, fail nothing."""
    assert Outcome.IGNORED == read(dsn(action=action, status="4.4.1"))


def test_a_whole_mail_may_come_back() -> None:
    """The returned mail may be there in full instead of its head alone."""
    report = EmailMessage()
    report["Subject"] = "Returned mail"
    report.set_content("Sorry.")
    report.add_attachment(returned_mail())
    report.set_type("multipart/report")
    raw = report.as_bytes()
    status = (
        b"Content-Type: message/delivery-status\n\n"
        b"Reporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n\n"
    )
    boundary = b"--" + str(report.get_boundary()).encode() + b"\n"
    found = came_back(raw.replace(boundary, boundary + status + boundary, 1))
    assert (AddressKind.BOUNCED, "ann@example.org") == (found.kind, found.address)


@pytest.mark.parametrize("ref", ["", "nonsense", reference()[:-2], reference()[1:]])
def test_a_bounce_without_our_reference_is_foreign(ref: str) -> None:
    """Ids alone are not believed: anybody can write them into a mail."""
    mail = returned_mail(**{"X-Tocsin-Ref": ref, "X-Tocsin-Id": "delivery-a"})
    assert Outcome.FOREIGN == read(dsn(mail=mail))


def test_a_reference_that_was_folded_is_read() -> None:
    """Servers on the way may break a long line, or encode it, and it is still ours."""
    ref = reference()
    for written in (f"{ref[:60]}\n {ref[60:]}", f"=?utf-8?q?{ref[:60]}?=\n =?utf-8?q?{ref[60:]}?="):
        raw = dsn().replace(ref.encode(), written.encode())
        assert receipt() == came_back(raw).of


def test_our_own_mail_is_no_bounce() -> None:
    """A mail of ours that comes round in a circle fails nothing."""
    assert Outcome.FOREIGN == read(returned_mail().as_bytes())


def test_who_is_away_has_not_bounced() -> None:
    """An automatic reply that quotes our mail is no failure."""
    reply = EmailMessage()
    reply["Auto-Submitted"] = "auto-replied"
    reply["Subject"] = "Out of office"
    reply.set_content("I am away until Monday, please call 5.1.1.")
    reply.add_attachment(returned_mail())
    assert Outcome.IGNORED == read(reply.as_bytes())


QMAIL = f"""From: MAILER-DAEMON@mx.example.org
Subject: failure notice

Hi. This is the qmail-send program at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@example.org>:
Sorry, no mailbox here by that name. (#STATUS)

--- Below this line is a copy of the message.

Return-Path: <alerts@tocsin.test>
{OURS}
To: Ann <ann@example.org>
Subject: Disk full

db-1 has no room left
"""


@pytest.mark.parametrize(
    ("status", "kind"), [("5.1.1", AddressKind.BOUNCED), ("5.7.1", None), ("none", None)]
)
def test_an_older_form(status: str, kind: AddressKind | None) -> None:
    """Servers that write no report are understood by their words."""
    found = came_back(QMAIL.replace("STATUS", status).encode())
    assert ("failed", kind, "ann@example.org") == (found.status, found.kind, found.address)


@pytest.mark.parametrize("sender", ["", "From: <>\n", "From: nobody\n"])
def test_a_bounce_may_have_no_sender(sender: str) -> None:
    """Bounces come from nobody, so that none answers them."""
    raw = QMAIL.replace("From: MAILER-DAEMON@mx.example.org\n", sender)
    assert "failed" == came_back(raw.encode()).status


def test_hostile_nesting_is_invalid() -> None:
    """Mails within mails within mails are not followed for ever."""
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000)
    )
    for raw in (
        deep,
        deep.replace(b"boundary=", b"boundary *0 ="),
        b"Content-Type: message/rfc822\n\n" * 5000,
        b"Content-Type: message/rfc822\n\n" * (DEPTH + 1),
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * (PARTS + 1),
    ):
        assert Outcome.INVALID == read(raw)


@pytest.mark.skipif(not CORPUS.exists(), reason=f"no mails in {CORPUS}")
def test_real_mails_are_no_news_of_ours() -> None:
    """None of the mails that others received tells of a delivery of ours."""
    outcomes = {path.name: read(path.read_bytes()) for path in sorted(CORPUS.glob("*.eml"))}
    assert {Outcome.FOREIGN} == set(outcomes.values())


@pytest.mark.skipif(not CORPUS.exists(), reason=f"no mails in {CORPUS}")
@pytest.mark.parametrize(
    ("name", "marker", "error"),
    [
        ("enmime_simple_dsn.eml", b"[original message goes here]", "bounced 4.0.0"),
        ("cpython_msg_43.eml", b"Subject: Delivery_failure_notice", "bounced 5.7.1"),
    ],
)
def test_real_bounces(name: str, marker: bytes, error: str) -> None:
    """Reports as servers really write them are understood once they return a mail of ours."""
    raw = (CORPUS / name).read_bytes()
    assert marker in raw
    found = came_back(raw.replace(marker, OURS.encode() + b"\n" + marker))
    assert ("failed", error, None) == (found.status, found.error, found.kind)


@given(st.binary(max_size=300), st.integers(0, 2000), st.integers(0, 300))
def test_no_mail_is_an_error(noise: bytes, at: int, cut: int) -> None:
    """Whatever a mail holds, it is read, or invalid."""
    raw = dsn()
    for mail in (noise, raw[:at] + noise + raw[at + cut :], QMAIL.encode()[:at] + noise):
        read(mail)
