"""Becomes another program, which is asked to end when the process that started it has ended.

python -m orchestration.with_parent <process id of the parent> <program> <its arguments>
"""

from __future__ import annotations

import os
import signal
import sys

from orchestration.warehouse.dbt_process import end_with_parent

if __name__ == "__main__":
    _, parent, *command = sys.argv
    end_with_parent(int(parent), signal.SIGINT)
    os.execv(command[0], command)  # noqa: S606 (no shell is wanted)
