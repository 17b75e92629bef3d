"""Keep Kafka's classes ready to be mapped into memory, so that its later starts are quick.

Loading and checking some seven thousand classes is most of what a broker does before it answers.
The first broker notes which classes it loads; once it has settled, an archive of them is made in
the background, beside the jars, for every stack of this user.
"""

import fcntl
import hashlib
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.local.child import Command

LEAST_URGENT = 19
# An archive is of use to the very Java and jars it was made of; Java sees to that itself and
# goes on without where they differ. Some do not know the options.
LENIENT = "-XX:+IgnoreUnrecognizedVMOptions"


@dataclass(frozen=True, slots=True)
class ClassArchive:
    """Describe the archive of one Java, its memory options and one class path.

    `noted` is the file in which a running broker notes the classes that it loads.
    """

    java: tuple[str, ...]
    jars: tuple[Path, ...]
    folder: Path
    noted: Path

    @property
    def path(self) -> Path:
        """Name the archive after all that it depends on."""
        files = (Path(self.java[0]).resolve(), *self.jars)
        marks = [f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files]
        marks += self.java[1:]
        return self.folder / f"classes-{hashlib.sha256(repr(marks).encode()).hexdigest()[:16]}.jsa"

    def options(self) -> tuple[str, ...]:
        """Return the options that use the archive, or that note what should be in it."""
        path = self.path
        if path.exists():
            return (LENIENT, f"-XX:SharedArchiveFile={path}")
        return (LENIENT, f"-XX:DumpLoadedClassList={self.noted}")

    def make(self, class_path: str) -> bool:
        """Make the archive if it is missing and the classes are known; true where it was made.

        It takes some ten seconds of whatever others leave of a processor, and ends with us.
        """
        path = self.path
        if path.exists() or not self.noted.exists():
            return False
        with path.with_suffix(".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False  # another stack makes it
            draft = path.with_suffix(".new")
            try:
                made = _run((*self.java, *self._dump(draft), "-cp", class_path)) == 0
                if made:
                    draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
        return made

    def _dump(self, draft: Path) -> Sequence[str]:
        # The broker may be writing the last line at this moment.
        whole = self.noted.read_text(encoding="utf-8").rpartition("\n")[0]
        listed = self.noted.with_suffix(".whole")
        listed.write_text(f"{whole}\n", encoding="utf-8")
        return (
            LENIENT,
            "-Xshare:dump",
            "-Xlog:disable",
            f"-XX:SharedClassListFile={listed}",
            f"-XX:SharedArchiveFile={draft}",
        )


def _run(line: tuple[str, ...]) -> int:
    command = Command(name="class-archive", argv=line)
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command.tethered(), stdin=quiet, stdout=quiet, stderr=quiet)
    with suppress(psutil.Error):  # it may be at its end already
        psutil.Process(process.pid).nice(LEAST_URGENT)
    return process.wait()
