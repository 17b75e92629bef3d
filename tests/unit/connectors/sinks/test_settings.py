"""How patient sinks are can be said, and what cannot be meant is refused."""

import pytest

from connectors.sinks.settings import Sinking
from schemas.errors import ConfigurationError


def test_patience_is_read() -> None:
    """An operator says how long a broken endpoint is left alone, and how long others wait."""
    read = Sinking.from_env({"TOCSIN_BREAKER_S": "2", "TOCSIN_PARK_S": "0.5,4"})
    assert (2.0, (0.5, 4.0)) == (read.breaker_s, read.park_s)
    assert (30.0, (5.0, 60.0)) == (Sinking.from_env({}).breaker_s, Sinking.from_env({}).park_s)


@pytest.mark.parametrize("given", ["5", "60,5", "5,60,600", "a,b"])
def test_nonsense_is_refused(given: str) -> None:
    """Parking takes two numbers, the smaller first."""
    with pytest.raises(ConfigurationError, match="TOCSIN_PARK_S"):
        Sinking.from_env({"TOCSIN_PARK_S": given})
