"""One Faust app a process: how a job, its sources and its table become a worker."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import faust
from faust.types import StreamT

from schemas.cluster import Cluster
from schemas.topics import Names, Topic
from streams.kafka import transport
from streams.kafka.batches import Batch
from streams.kafka.checkpoint import TICK_S, Job, Shell
from streams.kafka.health import Health
from streams.kafka.in_flight import InFlight
from streams.kafka.journaled import JournaledStates
from streams.kafka.producer import Outputs
from streams.kafka.sensors import Sensors
from streams.kafka.states import States
from streams.kafka.store import PartitionStore
from streams.kafka.watchdog import Standstill, missing, watch
from streams.settings import Settings

# Batches buffered between Kafka's reader and the agent, beyond the one in hand.
BUFFERED_BATCHES = 2
FREEZE_OF_SESSION = 0.8


@dataclass(frozen=True, slots=True)
class Portions:
    """Say how much is taken at once: from Kafka of each partition, and from what was fetched."""

    partition_bytes: int
    records: int | None


ALL_AT_ONCE = Portions(partition_bytes=1 << 20, records=None)


class App(faust.App):
    """Be a Faust app whose consumer finds the shell that owns its checkpoints."""

    shell: Shell


MakeStates = Callable[[Callable[[Any], bytes], Callable[[bytes], Any]], States[Any]]


@dataclass(frozen=True, slots=True)
class Parts:
    """Hand a job what it may touch.

    `stay_alive` must be called every second or so by whoever works for longer than that.
    """

    names: Names
    outputs: Outputs
    store: PartitionStore
    sensors: Sensors
    states: MakeStates
    journaled_states: MakeStates
    stay_alive: Callable[[], None]


def build(
    process: str,
    *,
    settings: Settings,
    sources: tuple[Topic, ...],
    table: str,
    make_job: Callable[[Parts], tuple[Job, States[Any]]],
    eager: bool = False,
    portions: Portions = ALL_AT_ONCE,
) -> App:
    """Wire a process: its sources, its one table, and the job between them.

    `eager` is for a job that says nothing before its states are written (Shell).
    What is urgent overtakes the others only between two `portions`.
    """
    transport.register()
    names = settings.names
    app = App(names.group(process), **_configuration(settings, process, portions))
    standstill = Standstill()
    store = _table(app, table)
    sensors = Sensors(process)
    _show_health(app, settings, sensors, standstill)
    outputs = Outputs(settings.cluster, client_id=f"tocsin-{process}")
    changelog = names.changelog(process, table)
    parts = Parts(
        names=names,
        outputs=outputs,
        store=store,
        sensors=sensors,
        states=lambda pack, unpack: States(store, changelog=changelog, pack=pack, unpack=unpack),
        journaled_states=lambda pack, unpack: JournaledStates(
            store, changelog=changelog, pack=pack, unpack=unpack
        ),
        stay_alive=lambda: app.shell.stay_alive(),  # noqa: PLW0108 - the shell is made later
    )
    job, states = make_job(parts)
    app.shell = Shell(
        job,
        outputs=outputs,
        states=states,
        store=store,
        in_flight=InFlight(settings.data_dir / process),
        sensors=sensors,
        freeze_s=settings.session_s * FREEZE_OF_SESSION,
        eager=eager,
    )
    _agent(app, tuple(names.topic(source) for source in sources), standstill)
    return app


def _show_health(app: App, settings: Settings, sensors: Sensors, standstill: Standstill) -> None:
    if settings.metrics_port:
        Health(
            host=settings.host,
            port=settings.metrics_port,
            registry=sensors.registry,
            missing=lambda: missing(_progress(app), standstill),
        )


def _progress(app: App) -> Any:
    return cast("Any", app._consumer)  # noqa: SLF001 - None until Faust makes it


def _configuration(settings: Settings, process: str, portions: Portions) -> dict[str, Any]:
    """Give Faust its settings; FAUST.md 2.3 says why each."""
    return {
        "broker": _broker(settings.cluster),
        "broker_credentials": _credentials(settings.cluster),
        "store": "memory://",
        "datadir": str(settings.data_dir / process / "faust"),
        "key_serializer": "raw",
        "value_serializer": "raw",
        "web_enabled": False,
        "cython_optimizations": True,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "table_standby_replicas": 0,
        "stream_wait_empty": True,
        "stream_buffer_maxsize": BUFFERED_BATCHES,
        "stream_recovery_delay": 0.0,
        "broker_commit_interval": 1.0,
        "broker_session_timeout": settings.session_s,
        "broker_heartbeat_interval": min(3.0, settings.session_s / 3),
        "broker_max_poll_records": portions.records,
        "consumer_max_fetch_size": portions.partition_bytes,
        "consumer_auto_offset_reset": "earliest",
        "consumer_group_instance_id": settings.instance_id,
        "producer_request_timeout": 60.0,
    }


def _broker(cluster: Cluster) -> str:
    return ";".join(f"{transport.SCHEME}://{at}" for at in cluster.bootstrap_servers.split(","))


def _credentials(cluster: Cluster) -> Any:
    context = cluster.ssl_context()
    if cluster.sasl_mechanism:
        return faust.SASLCredentials(
            username=cluster.sasl_username,
            password=cluster.sasl_password,
            ssl_context=context,
            mechanism=cluster.sasl_mechanism,
        )
    return None if context is None else faust.SSLCredentials(context)


def _table(app: App, name: str) -> PartitionStore:
    """Declare the table for Faust's recovery, with our store in it."""
    table = app.Table(
        name,
        key_type=bytes,
        value_type=bytes,
        schema=transport.BatchSchema(),
        # At 1 Faust keeps reading the changelog after recovery (tables/recovery.py).
        recovery_buffer_size=2,
    )
    store = PartitionStore(
        "memory://", app, table, table_name=name, key_type=bytes, value_type=bytes
    )
    store.__post_init__()
    store.is_current = lambda batch: batch.epoch == cast("Any", app.consumer).epoch
    # Faust offers no other way to bring a store of our own.
    cast("Any", table)._data = store  # noqa: SLF001
    return store


def _agent(app: App, sources: tuple[str, ...], standstill: Standstill) -> None:
    channel = app.topic(*sources, schema=transport.BatchSchema())

    async def take(stream: StreamT[Batch]) -> None:
        app.shell.attach(cast("Any", app.consumer))
        async for batch in stream:
            await app.shell.take(batch)

    app.agent(channel, name="take", concurrency=1)(take)

    async def tick() -> None:
        while not app.should_stop:
            await asyncio.sleep(TICK_S)
            await app.shell.tick()

    app.task(tick)
    watch(lambda: _progress(app), app.shell.report_lag, lambda: bool(app.should_stop), standstill)
