"""When the nodes of a dbt run began and ended, from its run_results.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Node:
    """A node that ran, such as `model.rekindle.dim_member`."""

    unique_id: str
    started: datetime
    ended: datetime

    @property
    def name(self) -> str:
        """The name of a model, seed or snapshot; of a test, with its digest."""
        return self.unique_id.split(".", 2)[2]

    @property
    def kind(self) -> str:
        """Model, test, seed or snapshot."""
        return self.unique_id.split(".", 1)[0]

    @property
    def seconds(self) -> float:
        """Wall time of this node."""
        return (self.ended - self.started).total_seconds()


def read_nodes(target: Path) -> tuple[Node, ...]:
    """Nodes of the last run that left its results in this folder."""
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    return tuple(
        Node(
            result["unique_id"],
            min(_instant(timing["started_at"]) for timing in result["timing"]),
            max(_instant(timing["completed_at"]) for timing in result["timing"]),
        )
        for result in results
        if result["timing"] and not result["unique_id"].startswith("exposure.")
    )


def span(nodes: Sequence[Node]) -> float:
    """Seconds from the first node's begin to the last one's end: dbt without its start-up."""
    started, ended = min(node.started for node in nodes), max(node.ended for node in nodes)
    return (ended - started).total_seconds()


def slowest(nodes: Sequence[Node], number: int) -> list[Node]:
    """The nodes that took longest."""
    return sorted(nodes, key=lambda node: node.seconds, reverse=True)[:number]


def seconds_by_kind(nodes: Sequence[Node]) -> dict[str, float]:
    """Summed seconds of models, tests, seeds and snapshots, also of those side by side."""
    sums: dict[str, float] = {}
    for node in nodes:
        sums[node.kind] = sums.get(node.kind, 0.0) + node.seconds
    return sums


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
