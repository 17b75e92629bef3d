"""Headers that two processes must read alike."""

import pytest

from schemas.headers import asked, carried, trace, traced

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_what_a_record_leads_to_bears_its_trace_and_nothing_else() -> None:
    """Marks of one record are not those of the next, but for the trace."""
    given = [("fp", b"1/2"), ("traceparent", TRACE.encode()), ("content-type", b"x")]
    assert (("traceparent", TRACE.encode()),) == carried(given)
    assert TRACE.encode() == trace(given)
    assert carried(given) == traced(trace(given)) == asked(TRACE)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        TRACE.upper(),
        f"{TRACE}\n",
        f"{TRACE}, {TRACE}",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "x" * 100_000,
    ],
)
def test_what_is_no_trace_goes_no_further(wrong: str) -> None:
    """A foreign producer's header is copied only where it is what it says."""
    assert () == carried([("traceparent", wrong.encode())]) == asked(wrong)
    assert b"" == trace([("traceparent", wrong.encode())])
    assert traced(b"") is None
