"""What is on record: files that a test compares with, and how they are refreshed.

`make golden` writes them anew; the difference is then for a person to judge.
"""

import os
from pathlib import Path

GOLDEN = Path(__file__).parents[2] / "golden"


def on_record(name: str, now: str) -> str:
    """Give what is on record under a name, after writing it where a refresh was asked for."""
    path = GOLDEN / name
    if os.environ.get("TOCSIN_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(now)
    return path.read_text()
