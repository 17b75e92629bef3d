"""Run a command that dies with the process that started it.

A file to execute, not to import: the parent starts it in its own process group, it ties
itself to the parent and becomes the command. Doing this after the fork and before the exec
of the parent itself would run Python code in a forked copy of a threaded process.
"""

import argparse
import ctypes
import os
import signal
import sys
from pathlib import Path

# linux/prctl.h and linux/capability.h.
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 4
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
REACH = (1 << CAP_DAC_OVERRIDE) | (1 << CAP_DAC_READ_SEARCH)


def main() -> None:
    """Tie to the parent, step down to the account asked for, and become the command."""
    args = _arguments()
    if args.uid is not None:
        _step_down(args.uid, args.gid, reach=args.reach)
    _die_with(args.parent, args.death_signal)
    try:
        os.execvp(args.command[0], args.command)  # noqa: S606 - becoming the command is the task
    except OSError as error:
        sys.exit(f"cannot run {args.command[0]}: {error.strerror}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, default=int(signal.SIGKILL))
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--reach", action="store_true", help="pass closed parent folders")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def _die_with(parent: int, death_signal: int) -> None:
    if sys.platform != "linux":
        return  # elsewhere the next start clears what a killed run left behind
    _libc().prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")


def _step_down(uid: int, gid: int, *, reach: bool) -> None:
    """Give up root for good, keeping at most the right to pass folders closed to others.

    PostgreSQL refuses to run as root, and a checkout may lie under a folder that only root
    may enter. Opening that folder to everybody would outlive the run; this right does not.
    """
    keep = _permitted() & REACH if reach and sys.platform == "linux" else 0
    if keep:
        _libc().prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        # Else access(2) answers as if the right were not there, and initdb asks it.
        _libc().prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if keep:
        _hold(keep)


def _hold(keep: int) -> None:
    libc = _libc()
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(keep, keep, keep, 0, 0, 0)
    if libc.capset(header, effective_permitted_inheritable) != 0:
        sys.exit("cannot give up the rights of root")
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        if keep & (1 << capability):
            libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def _permitted() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1], 16) for line in lines if line.startswith("CapPrm:")), 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main()
