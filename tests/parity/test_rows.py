"""Every model has the same rows on DuckDB and on Spark, after a first and after a second day."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.parity.brands import Brand, demo_brand, the_complete_journey
from tests.parity.builds import build_both
from tests.parity.rows import Compared

Report = dict[tuple[str, int], list[Compared]]


@pytest.mark.parametrize("brand", [demo_brand(), the_complete_journey()], ids=lambda one: one.name)
def test_the_same_rows_on_two_days(brand: Brand, tmp_path: Path, report: Report) -> None:
    for day, deliver in enumerate(brand.deliveries, 1):
        deliver(tmp_path / "landing")
        models = build_both(tmp_path)
        report[brand.name, day] = models
        different = {one.name: one.problem or one.differing for one in models if not one.is_equal}
        assert not different
    log = (tmp_path / "spark_build.log").read_text(encoding="utf-8", errors="replace")
    refreshes = [line for line in log.splitlines() if line.startswith("full refresh: ")]
    assert refreshes == ["full refresh: first build", "full refresh: None"]
    shutil.rmtree(tmp_path)
