"""The demo brand in three deliveries, with late, repeated and corrected records: the rows are those
of one full refresh, and the full refresh is what the oracles say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.demo_brand.generate import Slice, write_brand
from orchestration.demo_brand.settings import LAST_DATE, BrandSpec
from tests.conftest import BuildWarehouse, hand_over, make_workspace
from tests.demo_brand.clean import persons_of, read_clean
from tests.oracles.compare import check
from tests.oracles.everything import compute
from tests.scenarios.same_rows import compare_marts

SPEC = BrandSpec(members=1_000)
BASE = LAST_DATE - timedelta(days=14)
DELIVERIES = (
    Slice(BASE),
    Slice(first=BASE + timedelta(days=1), last=BASE + timedelta(days=1)),
    Slice(first=BASE + timedelta(days=2), last=LAST_DATE),
)
"""Two years but two weeks, then one day, then the others."""
MadeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="module")
def whole(made_once: MadeOnce) -> Path:
    """The landing folder of a small demo brand, all in one delivery."""
    folder = made_once("small_demo_brand", lambda folder: write_brand(folder, SPEC))
    return folder / "landing"


@pytest.mark.slow
def test_three_deliveries_end_like_one_full_refresh(
    whole: Path, made_once: MadeOnce, build_warehouse: BuildWarehouse
) -> None:
    full_refresh = build_warehouse(whole)

    def write(folder: Path) -> None:
        workspace = make_workspace(folder, folder / "landing")
        for days in DELIVERIES:
            write_brand(folder, SPEC, days)
            hand_over(workspace)

    day_by_day = make_workspace(made_once("small_demo_brand_in_days", write), Path()).build_file()
    comparison = compare_marts(full_refresh, day_by_day)
    assert len(comparison.marts) > 15
    assert not comparison.differing


@pytest.mark.slow
def test_the_full_refresh_is_that_of_the_oracles(
    whole: Path, tmp_path: Path, build_warehouse: BuildWarehouse
) -> None:
    with duckdb.connect(str(build_warehouse(whole)), read_only=True) as connection:
        landing = read_clean(whole, tmp_path / "clean")
        persons = persons_of(connection, tmp_path / "clean")
        check(connection, compute(landing, LAST_DATE, persons=persons), persons)
