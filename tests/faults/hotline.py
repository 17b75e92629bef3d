"""Run gateway, triage and views, let many call, and hold the inbox against what they were told."""

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from schemas.codec import decode
from schemas.records import DeadLetter, RawAlert
from schemas.topics import ALERTS_CHANGES, ALERTS_RAW, DEAD_LETTERS, Names
from tests import topics
from tests.gateway import House, free_port
from tests.processes import Process
from tests.waiting import eventually

NAMES = tuple(f"host-{letter}{number}" for letter in "abcde" for number in range(12))
CALLERS = 4
PAUSE_S = 0.01
SETTLED_WITHIN_S = 40  # counts are said some seconds after they rose


@dataclass(frozen=True, slots=True)
class Told:
    """Keep what a caller was told; status 0 where no answer came."""

    name: str
    status: int
    duplicate: bool | None = None
    alert_id: str = ""

    @property
    def accepted(self) -> bool:
        """Say whether the caller may rely on it."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold what the inbox shows of an alert."""

    id: str
    count: int


@dataclass
class Line:
    """Be one tenant's line: its key, who called on it, and what they were told."""

    tenant: str
    key: str
    told: list[Told] = field(default_factory=list)

    def accepted(self) -> Counter[str]:
        """Count what was taken, by name."""
        return Counter(each.name for each in self.told if each.accepted)

    def unsure(self) -> Counter[str]:
        """Count what may or may not have been taken, by name."""
        return Counter(each.name for each in self.told if not each.accepted)

    def strangers(self, inbox: dict[str, Entry]) -> list[Told]:
        """Give the answers that named another alert than the inbox shows.

        Where one got no answer, or one that nothing is known, a later one may take itself for
        the first.
        """
        unknown = {each.name for each in self.told if each.duplicate is None}
        return [
            each
            for each in self.told
            if each.alert_id and each.name not in unknown and each.alert_id != inbox[each.name].id
        ]


class Hotline:
    """Run the three processes that stand between a caller and the inbox, as a supervisor does."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self._folder = folder
        self._names = Names(house.namespace)
        self._servers = house.environment["KAFKA_BOOTSTRAP_SERVERS"]
        self._lags = {
            ALERTS_RAW: topics.lag_of(self._servers, self._names.group("triage")),
            ALERTS_CHANGES: topics.lag_of(self._servers, self._names.group("views")),
        }
        port, views_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._views_url = f"http://127.0.0.1:{views_port}"
        self.gateway = self._process("gateway", ["connectors.serve"], {"TOCSIN_PORT": str(port)})
        self.views = self._process(
            "views", ["connectors.views"], {"TOCSIN_METRICS_PORT": str(views_port)}
        )
        self.triage = self._process("triage", ["streams", "triage"], {"TOCSIN_SESSION_S": "6"})

    def _process(self, name: str, arguments: list[str], env: dict[str, str]) -> Process:
        own = {"TOCSIN_DATA_DIR": str(self._folder / name), "TOCSIN_INSTANCE_ID": name}
        whole = {**self.house.environment, **own, **env}
        return Process(arguments, env=whole, log=self._folder / f"{name}.log")

    @property
    def processes(self) -> Sequence[Process]:
        """Give all three."""
        return (self.gateway, self.triage, self.views)

    def start(self) -> None:
        """Start what does not run, and wait until it works."""
        for process in self.processes:
            if not process.running():
                process.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until the gateway takes and the views follow."""
        for process, url in ((self.gateway, self.url), (self.views, self._views_url)):

            def ended_or_ready(process: Process = process, url: str = url) -> bool:
                return not process.running() or httpx.get(f"{url}/health/ready").is_success

            eventually(ended_or_ready, within_s=40, why=f"{url} is ready")
            assert process.running(), process.tail()

    def close(self) -> None:
        """End all three."""
        for process in self.processes:
            process.kill()

    def line(self, tenant: str) -> Line:
        """Open a line for a tenant of its own."""
        key = self.house.make_key(
            self._folder, "--tenant", tenant, name=tenant, scope="ingest,read"
        )
        return Line(tenant, key)

    def client(self, line: Line) -> httpx.Client:
        """Make a client that shows the line's key."""
        key = {"Authorization": f"Bearer {line.key}"}
        return httpx.Client(base_url=self.url, headers=key, timeout=15)

    def call(self, client: httpx.Client, line: Line, name: str) -> Told:
        """Report trouble with this host and note what was said."""
        body = {"title": f"Trouble with {name}", "labels": {"host": name}}
        try:
            answer = client.post("/ingest/webhook", json=body)
        except httpx.ConnectError:
            return Told(name, 0)  # refused: nothing was sent, and nothing is noted
        except httpx.TransportError:
            told = Told(name, 0)
        else:
            said = answer.json()
            alert_id = said.get("id") or said.get("existing_id") or ""
            told = Told(name, answer.status_code, said.get("duplicate"), alert_id)
        line.told.append(told)
        return told

    @contextmanager
    def calling(self, line: Line) -> Iterator[None]:
        """Let several callers report troubles at random until the block ends."""
        over = threading.Event()

        def report(seed: int) -> None:
            chance = random.Random(seed)
            with self.client(line) as client:
                while not over.wait(PAUSE_S):
                    self.call(client, line, chance.choice(NAMES))

        callers = [threading.Thread(target=report, args=(seed,)) for seed in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            over.set()
            for caller in callers:
                caller.join()

    def records(self, line: Line) -> list[RawAlert]:
        """Give what lies in the topic of raw alerts for the line's tenant."""
        messages = topics.read_all(self._servers, [self._names.topic(ALERTS_RAW)])
        records = [decode(RawAlert, message.value() or b"") for message in messages]
        return [raw for raw in records if raw.tenant == line.tenant]

    def dead_letters(self) -> list[DeadLetter]:
        """Give what any process could not take."""
        messages = topics.read_all(self._servers, [self._names.topic(DEAD_LETTERS)])
        return [decode(DeadLetter, message.value() or b"") for message in messages]

    def inbox(self, client: httpx.Client) -> dict[str, Entry]:
        """Give what the inbox shows a client, by host."""
        answer = client.get("/api/notifications", params={"limit": 200}).raise_for_status().json()
        assert answer["next_cursor"] is None
        return {i["labels"].get("host", ""): Entry(i["id"], i["count"]) for i in answer["items"]}

    def settle(self, line: Line) -> dict[str, Entry]:
        """Wait until the inbox counts what the topic holds, and give it."""
        counts = Counter(raw.labels["host"] for raw in self.records(line))

        def behind() -> dict[str, tuple[int, int]]:
            found: dict[str, int] = defaultdict(int)
            found |= {name: entry.count for name, entry in self.inbox(client).items()}
            return {n: (found[n], count) for n, count in counts.items() if found[n] != count}

        with self.client(line) as client:
            try:
                eventually(
                    lambda: self.lags() == 0 and not behind(),
                    within_s=SETTLED_WITHIN_S,
                    why="the inbox counts every record",
                )
            except AssertionError as error:
                tails = "\n---\n".join(process.tail(15) for process in self.processes)
                raise AssertionError(f"{error}; {self.lags()=} {behind()=}\n{tails}") from error
            return self.inbox(client)

    def lags(self) -> int:
        """Count the records that triage has not judged or the views have not shown."""
        return sum(lag([self._names.topic(topic)]) for topic, lag in self._lags.items())
