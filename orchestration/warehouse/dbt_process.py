"""Runs the dbt command line in a process of its own that never outlives the one that started it.

A dbt that went on writing after its parent was killed would hold the build file against the next
run. Linux can end it with its parent; elsewhere it ends at its next log line.

The process keeps its garbage: it holds a whole project, ends soon, and would spend a tenth of its
time looking for 90 MB.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int, how: signal.Signals = signal.SIGKILL) -> None:
    """Ask the system to end this process, by a signal, when process `parent` ends."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, how)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    end_with_parent(int(sys.argv.pop(1)))
    gc.disable()
    from dbt.cli.main import cli

    sys.argv[0] = "dbt"
    cli()
