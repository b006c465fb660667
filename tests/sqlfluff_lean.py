"""sqlfluff as `make lint` runs it: the same rules on the same files for less than half the CPU.

    .venv/bin/python -m tests.sqlfluff_lean lint models snapshots tests/dbt

What is left out is work that comes to nothing. Four layout rules each turn a file into the same
sequence of blocks and points; here they share it. And the garbage collector, which looks through
dbt's whole project at every turn, looks more seldom. What a rule says stays sqlfluff's.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

from sqlfluff.utils.reflow.sequence import ReflowSequence

SELDOM = (100_000, 50, 100)
"""After how many new objects, and after how many smaller collections, garbage is looked for."""


def share_sequences() -> None:
    """Make rules that ask for the sequence of one file get the one that was made first."""
    usual = ReflowSequence.from_root
    last: list[Any] = []

    def from_root(root_segment: Any, config: Any) -> ReflowSequence:
        if not last or last[0] is not root_segment or last[1] is not config:
            last[:] = [root_segment, config, usual(root_segment, config)]
        made: ReflowSequence = last[2]
        return ReflowSequence(
            elements=list(made.elements),
            root_segment=root_segment,
            reflow_config=made.reflow_config,
            depth_map=made.depth_map,
        )

    ReflowSequence.from_root = from_root  # type: ignore[method-assign]


if __name__ == "__main__":
    from sqlfluff.cli.commands import cli

    gc.set_threshold(*SELDOM)
    share_sequences()
    try:
        cli()
    except SystemExit as left:
        # At its end Python would take dbt's project apart, and DuckDB would list what is left.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(left.code if isinstance(left.code, int) else 1)
