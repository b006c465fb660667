"""Writes the metric catalogue from a manifest and the policy; `make metrics` keeps docs/metrics.md.

What a metric is stands in the semantic layer (the manifest); unit, direction and benchmark stand in
the policy of the KPIs.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.workspace import PROJECT

PAGE = PROJECT / "docs" / "metrics.md"
TARGETS = PROJECT / "seeds" / "policy" / "kpi_targets.csv"
HEAD = """# Metrics

Every KPI, as the semantic layer and the policy define it; `make metrics` writes this page. A KPI
has a row for each period and dimension value in `kpi.kpi_monthly` (by day in `kpi.kpi_daily`, where
it is counted by day), with numerator, denominator and value. A value over nothing is null, and so
is that of a period whose outcome is not known yet (`is_complete`). Edges:
[definitions.md](definitions.md#kpis); change a benchmark:
[operations.md](operations.md#change-a-threshold); ask for metrics by name:
[bi.md](bi.md#metrics-by-name).
"""
KINDS = {
    "target": "target",
    "published_case": "published case",
}
"""How a benchmark came to be, as the page says it; other kinds have none."""


def catalogue(manifest: Mapping[str, Any], targets: Sequence[Mapping[str, str]]) -> str:
    """The page. `targets` are the rows of the policy; of each metric the newest counts."""
    newest = {row["metric_code"]: row for row in sorted(targets, key=lambda row: row["valid_from"])}
    metrics: dict[str, list[Mapping[str, Any]]] = {code: [] for code in newest}
    for node in sorted(manifest["metrics"].values(), key=lambda node: str(node["name"])):
        code = node["config"]["meta"].get("metric_code")
        if code in metrics:
            metrics[code].append(node)
    lines = [
        HEAD,
        "| code | English | 中文 | unit | good is | benchmark | by |",
        "| --- | --- | --- | --- | --- | ---: | --- |",
    ]
    for code, row in newest.items():
        by = "month, day" if row["is_daily"] == "true" else "month"
        lines.append(
            f"| [`{code}`](#{code}) | {row['label_en']} | {row['label_zh']} | {row['unit']} "
            f"| {row['direction']} | {benchmark(row)} | {by} |"
        )
    for code, row in newest.items():
        lines += ["", *entry(code, row, metrics[code])]
    return "\n".join([*lines, ""])


def benchmark(row: Mapping[str, str]) -> str:
    """`≥ 40 %`, with what it is; a dash where a metric has none."""
    if not row["benchmark"]:
        return "–"
    value = float(row["benchmark"])
    text = f"{100 * value:g} %" if row["unit"] == "ratio" else f"{value:g}"
    sign = "≥" if row["direction"] == "up" else "≤"
    kind = KINDS.get(row["benchmark_kind"])
    return f"{sign} {text}" + (f" ({kind})" if kind else "")


def entry(code: str, row: Mapping[str, str], nodes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the page says about one KPI."""
    yield f"## {code}"
    yield ""
    yield f"{row['label_en']} · {row['label_zh']}. {nodes[0]['description']}"
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    meta = nodes[0]["config"]["meta"]
    yield f"| numerator | {meta['numerator']} |"
    yield f"| denominator | {meta['denominator']} |"
    for node in nodes:
        yield f"| `{node['name']}` is complete when | {node['config']['meta']['complete_when']} |"


def read_targets() -> list[dict[str, str]]:
    """The rows of the policy of KPIs."""
    with TARGETS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    read = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    PAGE.write_text(catalogue(read, read_targets()), "utf-8")
