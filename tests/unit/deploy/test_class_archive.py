"""The archive of Kafka's classes belongs to one Java and one set of jars, and is made once."""

import fcntl
import os
import sys
from pathlib import Path

import pytest

from deploy.local.class_archive import ClassArchive

# It takes the option that names the archive and writes there what it was given to read.
JAVA = """#!{python}
import sys
options = dict(each.split("=", 1) for each in sys.argv if "=" in each)
with open(options["-XX:SharedClassListFile"]) as noted:
    text = noted.read()
if "unloadable" in text:
    sys.exit(1)
with open(options["-XX:SharedArchiveFile"], "w") as archive:
    archive.write(text)
"""


@pytest.fixture
def archive(tmp_path: Path) -> ClassArchive:
    """Give the archive of a program that stands where Java would."""
    java, jar = tmp_path / "java", tmp_path / "a.jar"
    java.write_text(JAVA.format(python=sys.executable))
    java.chmod(0o755)
    jar.write_text("classes")
    return ClassArchive(
        (str(java), "-Xmx512m"), (jar,), folder=tmp_path, noted=tmp_path / "classes.noted"
    )


def test_a_first_start_notes_classes_and_a_later_one_maps_them(archive: ClassArchive) -> None:
    """Without an archive the classes are noted; with one they are mapped."""
    assert f"-XX:DumpLoadedClassList={archive.noted}" in archive.options()
    archive.path.write_text("")
    assert f"-XX:SharedArchiveFile={archive.path}" in archive.options()


def test_only_whole_lines_are_taken(archive: ClassArchive) -> None:
    """What the broker is writing at this moment is left out, and it is made only once."""
    archive.noted.write_text("one\ntwo\nthr")
    assert archive.make("a.jar")
    assert "one\ntwo\n" == archive.path.read_text()
    assert not archive.make("a.jar")


def test_nothing_is_made_of_nothing(archive: ClassArchive) -> None:
    """Before a broker has noted its classes no archive is made."""
    assert not archive.make("a.jar")


def test_a_failure_leaves_nothing_behind(archive: ClassArchive) -> None:
    """A Java that cannot make it leaves no half of an archive."""
    archive.noted.write_text("unloadable\n")
    assert not archive.make("a.jar")
    assert [] == list(archive.folder.glob("*.jsa")) + list(archive.folder.glob("*.new"))


def test_two_stacks_do_not_make_it_twice(archive: ClassArchive) -> None:
    """While another stack makes the archive this one leaves it alone."""
    archive.noted.write_text("one\n")
    with archive.path.with_suffix(".lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert not archive.make("a.jar")
    assert archive.make("a.jar")


def test_other_jars_have_an_archive_of_their_own(archive: ClassArchive) -> None:
    """A jar that was fetched anew, or other memory options, ask for another archive."""
    before = archive.path
    os.utime(archive.jars[0], (1, 1))
    fetched_anew = archive.path
    larger = ClassArchive(
        (archive.java[0], "-Xmx1g"), archive.jars, folder=archive.folder, noted=archive.noted
    )
    assert 3 == len({before, fetched_anew, larger.path})
