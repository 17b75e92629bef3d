"""Logs say what happened, and nothing by which somebody could come in."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from connectors import logs
from connectors.sinks.sink import Sent
from connectors.sinks.sms.channel import Texts
from tests.fakes import twilio_api
from tests.fakes.receiver import receiving
from tests.outgoing import outgoing, texting


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Give what a process of ours writes to its log."""
    root, kept = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.set_up()
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**kept)


async def test_calls_of_providers_are_not_logged(written: io.StringIO) -> None:
    """Where a provider is called may say by which account, or be a secret itself."""
    logging.getLogger("tocsin").info("something else")
    async with receiving(always=twilio_api.answer) as server:
        sink = Texts(texting(url=server.url("")))
        assert isinstance(await sink.deliver(outgoing(channel="sms", address="+4366012345")), Sent)
        await sink.close()
    assert "something else" in written.getvalue()
    assert twilio_api.ACCOUNT not in written.getvalue()
