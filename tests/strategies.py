"""What may come at us, as hypothesis draws it."""

from hypothesis import strategies as st
from msgspec import Struct

from schemas.control import Matcher
from schemas.records import RawAlert
from tests.builders import HOUR, MINUTE, NOON, raw_alert

NAMES = ("team", "env", "host")
VALUES = ("", "db", "web", "db1", "DB", "a.b", "ä", "two words")

labels = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=3)

# Patterns that RE2 and Python read alike: no flags, classes or anchors that differ.
patterns = st.sampled_from(
    ("", "db", "d.*", ".*", "db|web", "[a-d]+", "(db|web)1?", "two .*", ".+", "ä?", "a\\.b", "^db$")
)
matchers = st.one_of(
    st.builds(
        Matcher,
        name=st.sampled_from((*NAMES, "missing")),
        op=st.sampled_from(("=", "!=")),
        value=st.sampled_from(VALUES),
    ),
    st.builds(
        Matcher,
        name=st.sampled_from((*NAMES, "missing")),
        op=st.sampled_from(("=~", "!~")),
        value=patterns,
    ),
)

priorities = st.integers(min_value=0, max_value=3)
statuses = st.sampled_from(
    ("firing", "firing", "firing", "firing", "resolved", "acknowledged", "no_data", "info")
)


class Step(Struct, frozen=True):
    """Hold one thing that happens to a fingerprint; `at` is in milliseconds after noon."""

    raw: RawAlert
    at: int
    lag: int


@st.composite
def steps(draw: st.DrawFn, *, sources: tuple[str, ...] = ("webhook", "grafana")) -> list[Step]:
    """Draw the life of one fingerprint: mostly forward in time, sometimes late, from one source."""
    source = draw(st.sampled_from(sources))
    moves = draw(
        st.lists(
            st.tuples(
                statuses,
                st.sampled_from((0, 1, MINUTE, HOUR // 2, HOUR, -1, -MINUTE, -2 * HOUR)),
                priorities,
                st.sampled_from((0, 1000, 25 * HOUR)),
                labels,
            ),
            max_size=25,
        )
    )
    at, out = 100 * HOUR, []
    for status, moved, priority, lag, chosen in moves:
        at += moved
        raw = raw_alert(
            source=source, status=status, priority=priority, labels=chosen, occurred_at=NOON + at
        )
        out.append(Step(raw, at, lag))
    return out
