"""Fetch the jars of Apache Kafka once a machine user, and trust none that is not on the list."""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from deploy.local.errors import DownloadError

KAFKA_VERSION = "4.1.0"
# No log4j artifact here: its list of versions would draw kafka-clients back to 3.8.
COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
LIST = Path(__file__).with_name("kafka.sha256")
FETCHED_AT_ONCE = 6


def read_sums(text: str) -> dict[str, str]:
    """Return the expected SHA-256 of each file from lines of `sum  name`."""
    rows = (line.split() for line in text.splitlines() if line.strip())
    return {name: sha256 for sha256, name in rows}


def cache_folder() -> Path:
    """Return the folder that all checkouts of this user share."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "tocsin" / f"kafka-{KAFKA_VERSION}"


def kafka_jars(say: Callable[[str], None], *, folder: Path | None = None) -> list[Path]:
    """Return Kafka's jars, every one checked, fetched first where they are missing."""
    folder = folder or cache_folder()
    sums = read_sums(LIST.read_text(encoding="ascii"))
    missing = [name for name in sums if not (folder / name).exists()]
    if missing:
        _fetch({name: sums[name] for name in missing}, folder, say)
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(sums, pool.map(sha256_of, (folder / name for name in sums)), strict=True))
    for name, expected in sums.items():
        _refuse_if_changed(folder / name, found[name], expected)
    return [folder / name for name in sums]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_if_changed(path: Path, found: str, expected: str) -> None:
    if found != expected:
        path.unlink(missing_ok=True)
        raise DownloadError(
            f"{path} is not the file it should be (SHA-256 {found}, expected {expected} by "
            f"{LIST.name}). It has been removed; run again to fetch it anew."
        )


def _fetch(missing: Mapping[str, str], folder: Path, say: Callable[[str], None]) -> None:
    import jgo  # takes a third of a second, and only the first run fetches

    folder.mkdir(parents=True, exist_ok=True)
    if "SSL_CERT_FILE" in os.environ:
        # The fetching library knows the certificates that an office network needs by another name.
        os.environ.setdefault("REQUESTS_CA_BUNDLE", os.environ["SSL_CERT_FILE"])
    say(f"kafka: resolving {len(missing)} jars, about 45 MB, only this first time")
    try:
        artifacts = [each for each in jgo.resolve(COORDINATES) if each.filename in missing]
        unknown = missing.keys() - {each.filename for each in artifacts}
        if unknown:
            raise DownloadError(f"not offered by the repository: {', '.join(sorted(unknown))}")
        with ThreadPoolExecutor(FETCHED_AT_ONCE) as pool:
            waiting = [pool.submit(each.resolve) for each in artifacts]
            for count, done in enumerate(as_completed(waiting), start=1):
                _keep(Path(done.result()), folder, missing)
                if count % 5 == 0 or count == len(waiting):
                    say(f"kafka: {count} of {len(waiting)} jars fetched")
    except (OSError, RuntimeError, ValueError) as error:
        raise DownloadError(
            f"Kafka's jars could not be fetched: {error}. What was fetched is kept; run again. "
            "Or set KAFKA_BOOTSTRAP_SERVERS to use a Kafka that runs already."
        ) from error


def _keep(fetched: Path, folder: Path, sums: Mapping[str, str]) -> None:
    # The library keeps what it fetched; a damaged file there must not come back every time.
    _refuse_if_changed(fetched, sha256_of(fetched), sums[fetched.name])
    draft = folder / f"{fetched.name}.{os.getpid()}.new"
    shutil.copyfile(fetched, draft)
    draft.replace(folder / fetched.name)
