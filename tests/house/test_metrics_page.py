"""The metric catalogue is that of the project as it is."""

from __future__ import annotations

import json

from orchestration.publishing.metrics import PAGE, benchmark, catalogue, read_targets
from orchestration.warehouse.manifest import prepared_manifest


def test_the_catalogue_is_up_to_date() -> None:
    manifest = json.loads(prepared_manifest().read_text("utf-8"))
    targets = read_targets()
    page = catalogue(manifest, targets)
    assert PAGE.read_text("utf-8") == page, "run make metrics"
    assert page.count("\n## ") == len({row["metric_code"] for row in targets})
    later = {**targets[0], "valid_from": "2999-01-01", "label_zh": "新名"}
    assert "新名" in catalogue(manifest, [later, *targets])


def test_a_benchmark_says_its_unit_direction_and_origin() -> None:
    row = {"unit": "ratio", "direction": "up", "benchmark": "0.40", "benchmark_kind": "target"}
    assert benchmark(row) == "≥ 40 % (target)"
    assert benchmark({**row, "unit": "count", "direction": "down"}) == "≤ 0.4 (target)"
    assert benchmark({**row, "benchmark": ""}) == "–"
