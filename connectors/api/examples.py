"""Show an example of each answer in the published description."""

from typing import Any

from pydantic import ConfigDict


def example(given: dict[str, Any]) -> ConfigDict:
    """Configure a model so that its description shows this example."""
    return ConfigDict(json_schema_extra={"examples": [given]})
