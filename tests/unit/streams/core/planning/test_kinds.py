"""How a type of notification is treated, said or not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.notification import NotificationType
from streams.core.planning.kinds import kind_of

FEW = settings(max_examples=60, deadline=None)

types = st.dictionaries(
    st.sampled_from(("*", "alert", "transactional", "news")),
    st.builds(
        lambda channels, excess, expires_s: {
            "channels": channels,
            "excess": excess,
            "expires_s": expires_s,
        },
        st.lists(st.sampled_from(("email", "push")), max_size=2),
        st.sampled_from(("digest", "delay", "drop", "shred")),
        st.sampled_from((0, 60)),
    ),
).map(lambda said: {name: NotificationType(id=name, **fields) for name, fields in said.items()})


@FEW
@given(st.sampled_from(("alert", "transactional", "news", "", "*")), types)
def test_every_type_is_treated_somehow(name: str, said: dict[str, NotificationType]) -> None:
    """Whatever is said and asked for, the answer bears the name and a word of the closed list."""
    kind = kind_of(name, said)
    assert name == kind.id
    assert kind.excess in {"digest", "delay", "drop"}


def test_what_is_built_in_holds_where_nothing_is_said() -> None:
    """Alerts digest and go past opt-outs when critical, transactional waits, the rest drops."""
    assert "digest" == kind_of("alert", {}).excess
    assert kind_of("alert", {}).critical_ignores_opt_out
    assert "delay" == kind_of("transactional", {}).excess
    assert NotificationType(id="news") == kind_of("news", {})


def test_a_record_overrules_what_is_built_in() -> None:
    """A tenant may treat alerts as it likes."""
    own = NotificationType(id="alert", channels=["push"], expires_s=5)
    assert own == kind_of("alert", {"alert": own})


def test_the_defaults_of_a_tenant_serve_every_type_without_a_record() -> None:
    """The type `*` is everything to an unknown type, and only channels and times to others."""
    everybody = NotificationType(
        id="*", channels=["email"], excess="delay", expires_s=60, digest_s=5
    )
    said = {"*": everybody, "news": NotificationType(id="news", channels=["push"])}
    assert NotificationType(
        id="offer", channels=["email"], excess="delay", expires_s=60, digest_s=5
    ) == kind_of("offer", said)
    assert ["push"] == kind_of("news", said).channels
    assert 60 == kind_of("news", said).expires_s
    assert 5 == kind_of("news", said).digest_s
    assert "drop" == kind_of("news", said).excess
    assert "digest" == kind_of("alert", said).excess
    assert ["email"] == kind_of("alert", said).channels
