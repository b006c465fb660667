"""Draws which mart reads which, from a manifest; `make lineage` keeps it as docs/lineage.svg.

Staging and intermediates are folded away.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import networkx as nx

from orchestration.workspace import PROJECT

PICTURE = PROJECT / "docs" / "lineage.svg"
COLUMNS = (
    ("landing systems", ("landing",), "#5b6770"),
    ("identity", ("identity",), "#0072b2"),
    ("core", ("core",), "#009e73"),
    ("insight", ("insight",), "#b8620a"),
    ("measurement, kpi", ("measurement", "kpi"), "#9a4a7d"),
    ("snapshots, ops", ("snapshots", "ops"), "#7a5c00"),
)
WIDTH, HEIGHT, GAP_ACROSS, GAP_DOWN, TOP = 186, 26, 62, 10, 64
Box = tuple[str, str]
"""Schema and name of a mart, or `landing` and the system."""


def boxes(manifest: Mapping[str, Any]) -> dict[str, Box]:
    """What is drawn, by unique id: landing systems, public marts and snapshots."""
    found = {key: ("landing", node["source_name"]) for key, node in manifest["sources"].items()}
    for key, node in manifest["nodes"].items():
        if node.get("access") == "public" or node["resource_type"] == "snapshot":
            found[key] = (node["schema"], node["name"])
    return found


def edges(manifest: Mapping[str, Any], drawn: Mapping[str, Box]) -> set[tuple[Box, Box]]:
    """Which box reads which, through whatever lies between them and is not drawn.

    What a box reads that one before it has read already is left out, or nobody would see anything.
    """

    def read_by(key: str) -> Iterator[Box]:
        """The boxes next before a node."""
        seen, waiting = set(), list(manifest["parent_map"].get(key, []))
        while waiting:
            parent = waiting.pop()
            if parent in drawn:
                yield drawn[parent]
            elif parent not in seen:
                seen.add(parent)
                waiting += manifest["parent_map"].get(parent, [])

    graph: nx.DiGraph[Box] = nx.DiGraph(
        (before, box) for key, box in drawn.items() for before in read_by(key) if before != box
    )
    return set(nx.transitive_reduction(graph).edges)


def places(drawn: Mapping[str, Box]) -> dict[Box, tuple[float, float]]:
    """The upper left corner of each box."""
    columns = {
        number: sorted(box for box in set(drawn.values()) if box[0] in schemas)
        for number, (_, schemas, _) in enumerate(COLUMNS)
    }
    most = max(map(len, columns.values()))
    step = HEIGHT + GAP_DOWN
    return {
        box: (14 + number * (WIDTH + GAP_ACROSS), TOP + (most - len(found)) * step / 2 + row * step)
        for number, found in columns.items()
        for row, box in enumerate(found)
    }


def curve(before: tuple[float, float], after: tuple[float, float], colour: str) -> str:
    """A line from one box to another, on the right of both where they share a column."""
    (x, y), (to_x, to_y) = before, after
    y, to_y = y + HEIGHT / 2, to_y + HEIGHT / 2
    start = x + WIDTH
    if x == to_x:
        end, first, second = start, start + GAP_ACROSS / 2, start + GAP_ACROSS / 2
    elif x > to_x:
        end, first, second = to_x + WIDTH, x - GAP_ACROSS / 2, to_x + WIDTH + GAP_ACROSS / 2
        start = x
    else:
        end, first, second = to_x, start + GAP_ACROSS / 2, to_x - GAP_ACROSS / 2
    return (
        f'<path d="M{start:g},{y:g} C{first:g},{y:g} {second:g},{to_y:g} {end:g},{to_y:g}"'
        f' fill="none" stroke="{colour}" stroke-width="0.9" opacity="0.45"/>'
    )


def draw(manifest: Mapping[str, Any]) -> str:
    """The picture as SVG."""
    drawn = boxes(manifest)
    corner = places(drawn)
    colours = {schema: colour for _, schemas, colour in COLUMNS for schema in schemas}
    width = 28 + len(COLUMNS) * WIDTH + (len(COLUMNS) - 1) * GAP_ACROSS
    height = max(y for _, y in corner.values()) + HEIGHT + 20
    lines: list[str] = []
    systems: set[Box] = set()
    for before, after in sorted(edges(manifest, drawn)):
        if (before[0], after[0]) == ("landing", "identity"):
            systems.add(before)  # nearly every system goes into nearly every mart of identity
        else:
            lines.append(curve(corner[before], corner[after], colours[before[0]]))
    identity = [place for (schema, _), place in corner.items() if schema == "identity"]
    (left, top), (_, bottom) = min(identity), max(identity)
    left, top, bottom = left - 10, top - 10, bottom + HEIGHT + 10
    for number, system in enumerate(sorted(systems), start=1):
        end = (left, top + number * (bottom - top) / (len(systems) + 1) - HEIGHT / 2)
        lines.append(curve(corner[system], end, colours["landing"]))
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
            f' width="{width:g}" height="{height:g}" font-family="Helvetica, Arial, sans-serif">'
        ),
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
        *lines,
        (
            f'<rect x="{left:g}" y="{top:g}" width="{WIDTH + 20}" height="{bottom - top:g}" rx="8"'
            f' fill="none" stroke="{colours["identity"]}" stroke-dasharray="4 3"/>'
        ),
    ]
    for number, (title, _, colour) in enumerate(COLUMNS):
        middle = 14 + number * (WIDTH + GAP_ACROSS) + WIDTH / 2
        parts.append(
            f'<text x="{middle:g}" y="40" text-anchor="middle" font-size="16"'
            f' font-weight="bold" fill="{colour}">{escape(title)}</text>'
        )
    for (schema, name), (x, y) in sorted(corner.items()):
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#ffffff"'
            f' stroke="{colours[schema]}" stroke-width="1.4"/>'
        )
        parts.append(
            f'<text x="{x + WIDTH / 2:g}" y="{y + 17:g}" text-anchor="middle" font-size="12"'
            f' fill="#20292f">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(draw(json.loads(Path(sys.argv[1]).read_text("utf-8"))), "utf-8")
