"""What Twilio is told, and what its answers are taken for, follows from the text alone."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.linking import Linking
from connectors.sinks.sink import Later, Refused, Unknown
from connectors.sinks.sms.channel import RECEIPT_CHARS, judged, request
from connectors.sinks.sms.wire import NotTaken
from schemas.links import Receipt, read
from schemas.reasons import Reason
from tests.fakes.twilio_api import LINK_SECRET, SERVICE
from tests.outgoing import outgoing, texting

NOON = 1_784_548_800.0
RECEIPTS = "https://tocsin.example.org/callbacks/twilio/status/"
CODES = st.one_of(
    st.just(0),
    st.sampled_from([20003, 20404, 20429, 21211, 21408, 21609, 21610, 21611, 21614, 63038]),
    st.integers(0, 999_999),
)


@given(status=st.integers(300, 599), code=CODES, retry_after=st.text(max_size=70))
def test_every_no_has_one_meaning(status: int, code: int, retry_after: str) -> None:
    """Whatever comes, it is tried again or is not, and only a 4xx can be the number's own fault."""
    no = NotTaken(status, code=code, retry_after=retry_after)
    answer = judged(no, now=NOON)
    assert isinstance(answer, Later | Unknown | Refused)
    assert answer.why.startswith(f"HTTP {status}")
    assert isinstance(answer, Unknown) == (status in {502, 504})
    if isinstance(answer, Refused):
        assert status < 500
        assert Reason.PROVIDER_REFUSED == answer.reason
    if status >= 500:
        assert not isinstance(answer, Refused)


def test_a_receipt_comes_back_with_the_attempt_that_it_is_of() -> None:
    """Where Twilio reports to says which attempt of which delivery, and nobody can forge it."""
    text = outgoing(channel="sms", tenant="acme", recipient="ann", attempt=3, replay="r1", id="d-9")
    url = request(text, texting(), sender="x", now=NOON)["status_callback"]
    assert url.startswith(RECEIPTS)
    assert Receipt("acme", "i-1", "d-9", "ann", "sms", 3, "r1") == read(
        Receipt, url.removeprefix(RECEIPTS), secret=LINK_SECRET
    )


def test_without_an_address_or_a_secret_no_receipt_is_asked_for() -> None:
    """A text goes out all the same; so does one for whom the address would be too long."""
    odd = outgoing(recipient="x" * RECEIPT_CHARS)
    found = [
        request(outgoing(), texting(linking=Linking(secret=LINK_SECRET)), sender="x", now=NOON),
        request(
            outgoing(),
            texting(linking=Linking(public_url="https://tocsin.example.org")),
            sender="x",
            now=NOON,
        ),
        request(odd, texting(), sender="x", now=NOON),
    ]
    assert [{"from_": "x"}] * 3 == found


def test_what_is_late_is_not_sent_by_twilio_either() -> None:
    """Twilio lets a text wait in its queue for as long as it is of use, and ten hours at most."""

    def waits(left_s: int, **fields: object) -> object:
        text = outgoing(**({"expires_at": int((NOON + left_s) * 1000)} | fields))
        return request(text, texting(), sender="x", now=NOON).get("validity_period")

    assert [6, 6, 3600, 36_000] == [waits(left_s) for left_s in (-5, 1, 3600, 300_000)]
    assert [None, None] == [waits(60, expires_at=0), waits(60, address="whatsapp:+436601234567")]


def test_a_service_chooses_where_no_sender_is_named() -> None:
    """A messaging service has numbers of its own; one that is named goes along."""
    by_service = texting(senders=(), service=SERVICE, linking=Linking())
    assert {"messaging_service_sid": SERVICE} == request(
        outgoing(), by_service, sender="", now=NOON
    )
    assert {"messaging_service_sid": SERVICE, "from_": "12345"} == request(
        outgoing(), by_service, sender="12345", now=NOON
    )
