"""The demo brand in daily deliveries, with late, repeated and corrected records, and all of them
delivered once more: the rows are those of one full refresh, and those of the oracles."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.demo_brand.generate import Slice, write_brand
from orchestration.demo_brand.settings import LAST_DATE, BrandSpec
from tests.conftest import WHAT_GROWS, WHAT_LASTS, BuildWarehouse, hand_over, make_workspace
from tests.demo_brand.clean import persons_of, read_clean, with_tenures
from tests.oracles.compare import check
from tests.oracles.everything import compute
from tests.scenarios.same_rows import compare_marts

SPEC = BrandSpec(members=600)
BASE = LAST_DATE - timedelta(days=7)
DAYS = [BASE + timedelta(days=number) for number in range(1, 8)]
"""Each is handed over and built for itself, after two years but a week."""
MadeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="module")
def whole(made_once: MadeOnce) -> Path:
    """The landing folder of a small demo brand, all in one delivery."""
    folder = made_once("small_demo_brand", lambda folder: write_brand(folder, SPEC))
    return folder / "landing"


@pytest.fixture(scope="module")
def full_refresh(whole: Path, build_warehouse: BuildWarehouse) -> Path:
    """The build file of all in one delivery."""
    return build_warehouse(whole)


@pytest.fixture(scope="module")
def day_by_day(whole: Path, made_once: MadeOnce) -> Path:
    """The build file after the daily deliveries and a last one of everything again."""

    def write(folder: Path) -> None:
        workspace = make_workspace(folder, folder / "landing")
        write_brand(folder, SPEC, Slice(BASE))
        hand_over(workspace, *WHAT_LASTS)
        later = folder / "later"
        write_brand(later, SPEC, Slice(first=DAYS[0], last=DAYS[-1]))
        for day in DAYS:
            parts = sorted(later.glob(f"landing/*/*/dt={day}"))
            assert parts
            for part in parts:
                shutil.copytree(part, folder / part.relative_to(later))
            hand_over(workspace, *WHAT_GROWS)
        for table in whole.glob("*/*"):
            shutil.copytree(table, workspace.landing / table.relative_to(whole) / "once-more")
        hand_over(workspace)

    return make_workspace(made_once("small_demo_brand_in_days", write), Path()).build_file()


@pytest.mark.slow
def test_daily_deliveries_end_like_one_full_refresh(full_refresh: Path, day_by_day: Path) -> None:
    comparison = compare_marts(full_refresh, day_by_day)
    assert len(comparison.marts) > 15
    assert not comparison.differing


@pytest.mark.slow
def test_persons_become_one_day_by_day(day_by_day: Path) -> None:
    with duckdb.connect(str(day_by_day), read_only=True) as connection:
        merges, resolved, of_days = connection.execute(
            """
            select
                count(*),
                count(*) filter (current_one_id <> other_one_id),
                count(*) filter (changed_at < cast(? as timestamp))
            from identity.oneid_events
            where event_type = 'merge' and other_one_id is not null
            """,
            [DAYS[-1]],
        ).fetchall()[0]
    assert merges == resolved
    assert of_days > 0


@pytest.mark.slow
def test_the_rows_are_those_of_the_oracles(whole: Path, day_by_day: Path, tmp_path: Path) -> None:
    """And with them those of the full refresh, which has the same."""
    with duckdb.connect(str(day_by_day), read_only=True) as connection:
        landing = with_tenures(connection, read_clean(whole, tmp_path / "clean"))
        persons = persons_of(connection, tmp_path / "clean")
        check(connection, compute(landing, LAST_DATE, persons=persons), persons)
