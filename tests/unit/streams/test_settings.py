"""A setting of a streams process is read once, and one that cannot be used is named."""

import pytest

from schemas.errors import ConfigurationError
from streams.settings import Settings

KAFKA = {"KAFKA_BOOTSTRAP_SERVERS": "localhost:9092"}


def test_what_is_not_said_has_a_default() -> None:
    """Nothing but Kafka's address must be given."""
    found = Settings.from_env(KAFKA)
    assert (60.0, 10.0, "") == (found.fallback_s, found.session_s, found.names.namespace)
    assert 1.5 == Settings.from_env(KAFKA | {"TOCSIN_FALLBACK_S": "1.5"}).fallback_s


@pytest.mark.parametrize("given", ["", "soon", "0", "-1", "0.4", "3601", "nan", "inf"])
def test_a_time_that_is_none_stops_the_start(given: str) -> None:
    """An urgent message must not wait for ever for another channel, nor be told on all at once."""
    with pytest.raises(ConfigurationError, match="TOCSIN_FALLBACK_S"):
        Settings.from_env(KAFKA | {"TOCSIN_FALLBACK_S": given})
