"""What every bench shares: processes measured from outside, a table, and one line of JSON."""

import json
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import httpx
import psutil

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """Say what one measured run took; `rate` is events a second of wall time."""

    name: str
    events: int
    wall_s: float
    cpu_s: float
    peak_mib: float

    @property
    def rate(self) -> float:
        """Give events a second."""
        return self.events / self.wall_s if self.wall_s else 0.0

    @property
    def per_cpu(self) -> float:
        """Give events a CPU second."""
        return self.events / self.cpu_s if self.cpu_s else 0.0


def table(title: str, runs: Iterable[tuple[Run, float]]) -> None:
    """Print runs with their ratio to the bare loop."""
    print(f"\n{title}")
    heads = ("events", "wall s", "cpu s", "/s", "/cpu s", "ratio", "MiB")
    widths = (10, 9, 9, 10, 10, 8, 7)
    print(f"{'run':<34}" + "".join(f"{h:>{w}}" for h, w in zip(heads, widths, strict=True)))
    for run, ratio in runs:
        print(
            f"{run.name:<34}{run.events:>10}{run.wall_s:>9.2f}{run.cpu_s:>9.2f}"
            f"{run.rate:>10.0f}{run.per_cpu:>10.0f}{ratio:>8.2f}{run.peak_mib:>7.0f}"
        )


def report(run: Run, *, ratio: float, **more: float) -> None:
    """Print the one JSON object that ends a bench's output."""
    print(
        json.dumps(
            {key: _short(value) for key, value in asdict(run).items()}
            | {"rate": _short(run.rate), "ratio": round(ratio, 3)}
            | {key: _short(value) for key, value in more.items()}
        )
    )


def _short(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value


def machine() -> str:
    """Describe the machine in one line."""
    memory = psutil.virtual_memory().total // MIB
    return f"{psutil.cpu_count()} cores, {memory} MiB, {platform.platform()}"


def cpu_s(process: psutil.Process) -> float:
    """Give the CPU seconds a process took so far, all its threads."""
    times = process.cpu_times()
    return float(times.user + times.system)


def counter(port: int, name: str, labels: Sequence[str] = ()) -> float:
    """Sum a counter over its label values from a process's `/metrics`; 0 while it is not there."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=2).text
    except httpx.HTTPError:
        return 0.0
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith(name) and all(label in line for label in labels)
    )


class Sampler:
    """Watch a process from the first event to the last."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.peak_mib = 0.0

    def sample(self) -> tuple[float, float]:
        """Give wall and CPU seconds now, and note the memory."""
        self.peak_mib = max(self.peak_mib, self._process.memory_info().rss / MIB)
        return time.monotonic(), cpu_s(self._process)
