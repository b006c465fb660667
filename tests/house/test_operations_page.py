"""docs/operations.md names every place that has to change with what it tells how to change."""

from __future__ import annotations

import csv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operations.md"
PLACES = ("orchestration", "models", "seeds", "dashboard", "docs", "tests/oracles")
KINDS = {".py", ".sql", ".yml", ".csv", ".md"}


def chapter(title: str) -> str:
    """A chapter of the page."""
    return PAGE.read_text("utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]


def files_with_all(words: set[str]) -> set[str]:
    """The files that name each of these words."""
    return {
        path.relative_to(ROOT).as_posix()
        for place in PLACES
        for path in (ROOT / place).rglob("*")
        if path.suffix in KINDS and all(word in path.read_text("utf-8") for word in words)
    }


def test_whoever_adds_a_metric_is_told_of_every_file_that_lists_them() -> None:
    with (ROOT / "seeds" / "policy" / "kpi_targets.csv").open(encoding="utf-8") as lines:
        codes = {row["metric_code"] for row in csv.DictReader(lines)}
    listing = files_with_all(codes)
    assert len(listing) >= 9
    told = chapter("Add a metric")
    assert {file for file in listing if Path(file).name not in told} == set()
