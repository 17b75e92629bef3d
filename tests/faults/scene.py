"""What every fault test needs: topics and workers of its own, a load, and a patient eye."""

import contextlib
import os
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

from confluent_kafka import KafkaException

from deploy.local.service import Service
from schemas.topics import Names
from tests import topics
from tests.processes import Process
from tests.waiting import eventually

PARTITIONS = 4


class Scene(ABC):
    """Run workers of one process on fresh topics, and wait until they have done their work."""

    process = ""
    module: tuple[str, ...] = ()

    def __init__(self, servers: str, names: Names, folder: Path, *, session_s: int = 6) -> None:
        self.servers = servers
        self.names = names
        self.folder = folder
        self.session_s = session_s
        self.workers: list[Process] = []
        self._lag = topics.lag_of(servers, names.group(self.process))

    @abstractmethod
    def sources(self) -> Sequence[str]:
        """Name the topics whose lag must go to zero."""

    @abstractmethod
    def send(self, count: int, *, seed: int) -> None:
        """Send so many records of the scene's load, all of them now."""

    def worker(self, name: str, *, instance_id: str = "") -> Process:
        """Start a worker with a folder and a log of its own."""
        process = Process(
            list(self.module),
            env={
                "KAFKA_BOOTSTRAP_SERVERS": self.servers,
                "TOCSIN_NAMESPACE": self.names.namespace,
                "TOCSIN_DATA_DIR": str(self.folder / name),
                "TOCSIN_SESSION_S": str(self.session_s),
                "TOCSIN_INSTANCE_ID": instance_id,
            },
            log=self.folder / f"{name}.log",
        )
        self.workers.append(process)
        return process.start()

    @contextlib.contextmanager
    def sending(self, *, waves: int, count: int, pause_s: float = 0.25) -> Iterator[None]:
        """Send waves of records beside the body, until all of them are sent."""

        def send() -> None:
            pacer = threading.Event()
            for wave in range(waves):
                self.send(count, seed=wave)
                pacer.wait(pause_s)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield
        finally:
            sender.join()

    def lag(self) -> int:
        """Count the records that are not committed; a broker that is away counts as lag."""
        try:
            return self._lag(self.sources())
        except KafkaException:
            return -1

    def settle(self, *, within_s: float = 90.0) -> None:
        """Wait until every record is judged and committed, reviving workers that left."""

        def settled() -> bool:
            for worker in self.workers:
                worker.revive()
            return self.lag() == 0

        try:
            eventually(settled, within_s=within_s, why="every record is committed")
        except AssertionError as error:
            tails = "\n---\n".join(worker.tail(25) for worker in self.workers)
            raise AssertionError(f"{error}; lag {self.lag()}\n{tails}") from error

    def wait_until_ready(self, worker: Process, *, lives: int = 1, within_s: float = 40.0) -> None:
        """Wait until the worker was given partitions and restored them, so many times."""
        eventually(
            lambda: worker.log.read_text(errors="replace").count("partitions ready") >= lives,
            within_s=within_s,
            why="the worker is ready",
        )

    def kill_at_work(self, worker: Process, *, at_work_s: float) -> None:
        """Let a ready worker work for a while, kill it, and wait until its next life is ready."""
        wait_s(at_work_s)
        worker.kill()
        lives = worker.log.read_text(errors="replace").count("partitions ready") + 1
        worker.start()
        self.wait_until_ready(worker, lives=lives)

    def close(self) -> None:
        """End every worker."""
        for worker in self.workers:
            worker.kill()


def wait_s(seconds: float) -> None:
    """Let the load go on for a while: the fault under test needs it to."""
    threading.Event().wait(seconds)


@contextlib.contextmanager
def frozen(service: Service) -> Iterator[None]:
    """Stop the service's process in its tracks while the body runs, and let it go on after."""
    assert service.child is not None
    pid = service.child.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
