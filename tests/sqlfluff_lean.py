"""sqlfluff as `make lint` runs it: the same rules on the same files for less than half the CPU.

    .venv/bin/python -m tests.sqlfluff_lean lint models snapshots tests/dbt

What is left out is work that comes to nothing. Four layout rules each turn a file into the same
sequence of blocks and points, and eight rules take the same select apart; here they share both.
The node of a file is looked up and not searched for. And the garbage collector, which looks through
dbt's whole project at every turn, looks more seldom. What a rule says stays sqlfluff's.
"""

from __future__ import annotations

import gc
import os
import sys
from collections import OrderedDict
from typing import Any

from sqlfluff.utils.analysis import select
from sqlfluff.utils.reflow.sequence import ReflowSequence
from sqlfluff_templater_dbt.templater import DbtTemplater  # type: ignore[import-untyped]

SELDOM = (100_000, 50, 100)
"""After how many new objects, and after how many smaller collections, garbage is looked for."""
REMEMBERED = 1_000
"""How many selects are kept apart; a file has some dozens."""


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


def share_selects() -> None:
    """Make rules that take a select apart get what the first of them found.

    To be called before sqlfluff loads its rules, which look the function up by then.
    """
    usual = select.get_select_statement_info
    found: OrderedDict[int, tuple[Any, Any]] = OrderedDict()

    def get_select_statement_info(segment: Any, dialect: Any, early_exit: bool = True) -> Any:
        known, info = found.get(id(segment), (None, None))
        if known is not segment:
            info = usual(segment, dialect, early_exit=False)
            found[id(segment)] = segment, info
            if len(found) > REMEMBERED:
                found.popitem(last=False)
        if info is None or (early_exit and not info.table_aliases and not info.standalone_aliases):
            return None
        values = info._asdict().items()
        return info._replace(**{name: list(one) for name, one in values if isinstance(one, list)})

    select.get_select_statement_info = get_select_statement_info
    users = [module for name, module in sys.modules.items() if name.startswith("sqlfluff.")]
    for module in users:
        if getattr(module, "get_select_statement_info", None) is usual:
            module.get_select_statement_info = get_select_statement_info  # type: ignore[attr-defined]


def look_nodes_up() -> None:
    """Find the node of a file by its path; where that names none or several, sqlfluff searches."""
    usual = DbtTemplater._find_node
    by_path: dict[str, list[Any]] = {}

    def find_node(self: Any, fname: str, config: Any = None, dbt_dir: str = "") -> Any:
        if not by_path:
            for node in self.dbt_manifest.nodes.values():
                by_path.setdefault(node.original_file_path, []).append(node)
        nodes = by_path.get(os.path.relpath(fname, start=dbt_dir), [])
        return nodes[0] if len(nodes) == 1 else usual(self, fname, config, dbt_dir)

    DbtTemplater._find_node = find_node


if __name__ == "__main__":
    from sqlfluff.cli.commands import cli

    gc.set_threshold(*SELDOM)
    share_sequences()
    share_selects()
    look_nodes_up()
    try:
        cli()
    except SystemExit as left:
        # At its end Python would take dbt's project apart, and DuckDB would list what is left.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(left.code if isinstance(left.code, int) else 1)
