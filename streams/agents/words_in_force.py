"""Templates and types that planning obeys: read whole from their topics at start, and followed."""

from collections import defaultdict
from collections.abc import Callable, Mapping

import structlog
from msgspec import Struct

from schemas import topics
from schemas.codec import decode
from schemas.errors import Permanent
from schemas.notification import NotificationType, Template
from schemas.records import Record
from streams.core.rendering.render import Templates
from streams.kafka.broadcast import Broadcast, Contents
from streams.settings import Settings

log = structlog.get_logger(__name__)
Types = Mapping[str, NotificationType]


class InForce(Struct, frozen=True):
    """Hold the templates, and the types by tenant and name."""

    templates: Templates
    types: Mapping[str, Types]


NONE_IN_FORCE = InForce(Templates(), {})


def follow_words(settings: Settings, obey: Callable[[InForce], None]) -> None:
    """Load templates and types before this returns, and pass on every change after."""
    kinds: dict[str, type[Record]] = {
        settings.names.topic(topic): topic.record
        for topic in (topics.CONTROL_TEMPLATES, topics.CONTROL_TYPES)
    }
    Broadcast(
        settings.cluster, list(kinds), on_change=lambda contents: obey(_read(contents, kinds))
    ).load()


def _read(contents: Contents, kinds: Mapping[str, type[Record]]) -> InForce:
    templates: list[Template] = []
    types: dict[str, dict[str, NotificationType]] = defaultdict(dict)
    for topic, held in contents.items():
        for key, value in list(held.items()):
            try:
                record = decode(kinds[topic], value)
            except Permanent as error:
                log.warning("control record left out", topic=topic, key=str(key), why=str(error))
                continue
            if isinstance(record, Template):
                templates.append(record)
            elif isinstance(record, NotificationType):
                types[record.tenant][record.id] = record
    return InForce(Templates(templates), types)
