"""The published description of the API changes only on purpose."""

import json
import os
from pathlib import Path

from fastapi import FastAPI

from connectors.api.app import routes
from connectors.parts import made
from connectors.settings import Settings, Stores
from schemas.cluster import Cluster

GOLDEN = Path(__file__).parents[3] / "golden" / "openapi.json"


def _document() -> dict[str, object]:
    settings = Settings(
        cluster=Cluster("127.0.0.1:1"), stores=Stores(database_url="postgresql://127.0.0.1:1/x")
    )
    app = FastAPI(title="Tocsin", version="1")
    app.include_router(routes(made(settings)))
    return app.openapi()


def test_the_description_is_the_golden_one() -> None:
    """A change of the API shows as a change of a file; `make golden` writes it anew."""
    text = json.dumps(_document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("TOCSIN_GOLDEN") == "write":
        GOLDEN.write_text(text)
    assert GOLDEN.read_text() == text


def test_every_answer_has_an_example() -> None:
    """Whoever reads the description sees what an answer looks like."""
    schemas = json.loads(json.dumps(_document()))["components"]["schemas"]
    said = {
        "Notification", "NotificationWithHistory", "Page", "Statistics", "Explanation",
        "DeliveryPage", "DeliveryWithEvents", "IntentState", "IntentExplanation", "OutboxPage",
    }  # fmt: skip
    assert said == {name for name in said if schemas[name].get("examples")}
