"""What may not run as root steps down for good, and still finds its files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.child import Account, Command
from deploy.local.tether import REACH

NOBODY = 65_534
ROOT_ON_LINUX = sys.platform == "linux" and os.geteuid() == 0


@pytest.mark.skipif(not ROOT_ON_LINUX, reason="only root on Linux has rights to keep")
def test_one_right_is_kept_and_no_other(tmp_path: Path) -> None:
    """A service of root's passes folders that only root may enter, and has no other right."""
    tmp_path.chmod(0o700)
    (tmp_path / "data").write_text("here")
    code = f"""
import json, os, pathlib
lines = pathlib.Path("/proc/self/status").read_text().splitlines()
caps = dict(line.split(":") for line in lines if line.startswith("Cap"))
path = pathlib.Path({str(tmp_path / "data")!r})
print(json.dumps({{
    "uid": os.getuid(), "groups": os.getgroups(), "read": path.read_text(),
    "access": os.access(path, os.R_OK), "rights": int(caps["CapEff"].strip(), 16),
}}))
"""
    command = Command(
        name="reader",
        argv=(sys.executable, "-I", "-c", code),
        account=Account(uid=NOBODY, gid=NOBODY, reach=True),
    )
    said = subprocess.run(command.tethered(), capture_output=True, text=True, check=True).stdout
    expected = {"uid": NOBODY, "groups": [], "read": "here", "access": True, "rights": REACH}
    assert expected == json.loads(said)


def test_a_command_that_is_not_there_is_named() -> None:
    """A program that cannot be started says which and why."""
    line = Command(name="none", argv=("/no/such/program",)).tethered()
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert "cannot run /no/such/program: No such file or directory\n" == done.stderr
    assert 1 == done.returncode
