"""The rules that triage obeys: read whole from the control topics at start, and followed."""

from collections.abc import Callable, Mapping

import structlog

from schemas import topics
from schemas.codec import decode
from schemas.control import Route, Rule, Silence
from schemas.errors import Permanent
from schemas.identity import Identities
from schemas.records import Record
from streams.core.triage.rules import Rules, compile_rules
from streams.kafka.broadcast import Broadcast, Contents
from streams.settings import Settings

log = structlog.get_logger(__name__)


def follow_rules(settings: Settings, obey: Callable[[Rules, Identities], None]) -> None:
    """Load silences, routes and rules before this returns, and pass on every change after."""
    kinds: dict[str, type[Record]] = {
        settings.names.topic(topic): topic.record
        for topic in (topics.CONTROL_SILENCES, topics.CONTROL_ROUTES, topics.CONTROL_RULES)
    }
    Broadcast(
        settings.cluster,
        list(kinds),
        on_change=lambda contents: obey(*compiled(contents, kinds)),
    ).load()


def compiled(contents: Contents, kinds: Mapping[str, type[Record]]) -> tuple[Rules, Identities]:
    """Compile what the control topics say; a record that cannot be read is left out and said."""
    found: dict[type[Record], list[Record]] = {kind: [] for kind in kinds.values()}
    for topic, held in contents.items():
        for key, value in list(held.items()):
            try:
                found[kinds[topic]].append(decode(kinds[topic], value))
            except Permanent as error:
                log.warning("control record left out", topic=topic, key=str(key), why=str(error))
    silences = [silence for silence in found[Silence] if isinstance(silence, Silence)]
    routes = [route for route in found[Route] if isinstance(route, Route)]
    rules = [rule for rule in found[Rule] if isinstance(rule, Rule)]
    in_force = compile_rules(silences, routes, rules)
    for refusal in in_force.refused:
        log.warning("rule left out", kind=refusal.kind, id=refusal.id, why=refusal.why)
    return in_force, Identities(rules)
