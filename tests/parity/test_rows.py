"""Every model has the same rows on DuckDB and on Spark, after a first and after a second day."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.workspace import PROJECT
from tests.parity.brands import Brand, demo_brand, the_complete_journey
from tests.parity.builds import BothEngines
from tests.parity.rows import Compared

Report = dict[tuple[str, int], list[Compared]]

DEMO_BRAND = demo_brand()
BRANDS = (the_complete_journey(), DEMO_BRAND)

CUT_BY_MONTH = sorted(
    f"staging.stg_{name}"
    for name in (
        "app__events",
        "commerce__carts",
        "commerce__order_lines",
        "commerce__orders",
        "loyalty__points_transactions",
        "mini_program__events",
        "website__events",
    )
)

SPARK_S_BODY = "cast(datediff({{ later }}, {{ earlier }}) as bigint)"
BAD_CAST = "cast(replace(cast({{ later }} - {{ earlier }} as string), ' days', '') as bigint)"
"""Spark writes such a difference as INTERVAL '7' DAY, which is no number."""


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothEngines]:
    """Both engines, for one brand after the other."""
    both = BothEngines(tmp_path_factory.mktemp("parity"))
    yield both
    both.close()


@pytest.mark.parametrize("brand", BRANDS, ids=lambda one: one.name)
def test_the_same_rows_on_two_days(engines: BothEngines, brand: Brand, report: Report) -> None:
    days = engines.days(brand)
    report.update({(brand.name, day): models for day, models in enumerate(days, 1)})
    different = {
        (day, one.name): one.problem or one.differing
        for day, models in enumerate(days, 1)
        for one in models
        if not one.is_equal
    }
    assert not different
    assert all(any(one.rows for one in models) for models in days)


def test_no_model_of_the_demo_brand_is_without_rows(engines: BothEngines) -> None:
    """Two tables without a row are equal whatever made them."""
    for models in engines.days(DEMO_BRAND):
        assert [one.name for one in models if not one.rows] == []


def test_the_second_day_touches_months_and_empties_one(engines: BothEngines) -> None:
    """Each table that Spark cuts by month has rewritten months, a new one or not, and one less."""
    engines.days(DEMO_BRAND)
    before, after = engines.months
    assert sorted(before) == sorted(after) == CUT_BY_MONTH
    for table in CUT_BY_MONTH:
        assert len(before[table] - after[table]) == 1, table
        assert len(before[table] & after[table]) > 12, table


def test_a_bad_cast_that_dbt_passes_is_noticed(engines: BothEngines, tmp_path: Path) -> None:
    """dbt and its tests are content with null where Spark could not cast; the rows tell.

    A row that differs counts on both engines; first orders have no days to differ in.
    """
    model = "core.fct_orders"
    before = engines.days(DEMO_BRAND)[-1]
    assert [one.differing for one in before if one.name == model] == [0]
    counts, compared = engines.rebuilt_on_spark(broken_project(tmp_path), model)
    assert set(counts) == {"success", "pass"}
    assert counts["pass"] >= 1
    assert 2 * compared.rows > compared.differing > 0


def broken_project(folder: Path) -> Path:
    """The project with a body for Spark that casts what is no number."""
    for name in ("models", "seeds", "snapshots", "tests", "dbt_project.yml", "profiles.yml"):
        (folder / name).symlink_to(PROJECT / name)
    shutil.copytree(PROJECT / "macros", folder / "macros")
    macro = folder / "macros" / "dialect" / "days_between.sql"
    text = macro.read_text(encoding="utf-8")
    assert text.count(SPARK_S_BODY) == 1
    macro.write_text(text.replace(SPARK_S_BODY, BAD_CAST), encoding="utf-8")
    return folder
