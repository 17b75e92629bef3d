"""Who is told."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.control import Route
from streams.core.triage.route import Addressee, Routing, routing
from streams.core.triage.rules import NONE_FOR_TENANT
from tests.builders import raw_alert, route, rules


def _routing(*routes: Route, priority: int = 1) -> Routing:
    of_tenant = rules(*routes).tenants.get("default", NONE_FOR_TENANT)
    return routing(raw_alert(labels={"team": "db"}), priority=priority, rules=of_tenant)


def test_the_first_match_ends_the_search() -> None:
    """A route further down is not asked."""
    found = _routing(
        route("web", "team=web", position=1, to=["wim"]),
        route("db", "team=db", position=2, to=["dan"]),
        route("all", position=3, to=["ann"]),
    )
    assert (["dan"], "db") == ([a.recipient for a in found.addressees], found.route_id)


def test_a_route_may_let_the_search_go_on() -> None:
    """Continuing adds the next match, which ends the search in its turn."""
    found = _routing(
        route("a", position=1, to=["ann"], continue_matching=True),
        route("b", position=2, to=["bob"]),
        route("c", position=3, to=["cyd"]),
    )
    assert ["ann", "bob"] == [a.recipient for a in found.addressees]


def test_a_route_above_the_priority_is_passed_by() -> None:
    """What is not urgent enough for one route goes to the next."""
    routes = [
        route("page", position=1, min_priority=2, to=["pager"]),
        route("rest", position=2, to=["slack"]),
    ]
    assert ["slack"] == [a.recipient for a in _routing(*routes, priority=1).addressees]
    assert ["pager"] == [a.recipient for a in _routing(*routes, priority=2).addressees]


def test_one_recipient_of_several_routes_is_told_once() -> None:
    """Channels are united, the first template is taken, and no channels means the preferences."""
    found = _routing(
        route("a", position=1, to=["x"], channels=["sms"], template="t1", continue_matching=True),
        route("b", position=2, to=["x"], channels=["email", "sms"], template="t2"),
    )
    assert (Addressee("x", "t1", ("sms", "email")),) == found.addressees
    free = _routing(
        route("a", position=1, to=["x"], channels=["sms"], continue_matching=True),
        route("b", position=2, to=["x"], continue_matching=True),
        route("c", position=3, to=["x"], channels=["sms"]),
    )
    assert (Addressee("x", "alert", None),) == free.addressees


def test_no_route_tells_nobody() -> None:
    """No match, or a route to no one, has no addressees; the latter is named."""
    assert Routing() == _routing(route("web", "team=web"))
    assert Routing((), "mute") == _routing(route("mute", to=[]))


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from("abc"), max_size=3), st.booleans(), st.integers(0, 3)),
        max_size=6,
    ),
    st.integers(0, 3),
)
def test_nobody_is_told_twice_or_by_a_route_too_high(
    given_routes: list[tuple[list[str], bool, int]], priority: int
) -> None:
    """Recipients are those of the routes up to the first that ends the search, each once."""
    routes = [
        route(f"r{i}", position=i, to=to, continue_matching=more, min_priority=least)
        for i, (to, more, least) in enumerate(given_routes)
    ]
    expected: list[str] = []
    for to, more, least in given_routes:
        if priority >= least:
            expected += to
            if not more:
                break
    found = [a.recipient for a in _routing(*routes, priority=priority).addressees]
    assert list(dict.fromkeys(expected)) == found
