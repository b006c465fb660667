"""Built warehouses beside the oracles: every row of every mart that the definitions describe.

Each data set (of CDNOW its published tenth) at two business dates, once fixed lifecycle and
quantile RFM, once adaptive lifecycle and fixed RFM (of The Complete Journey then every fourth
household); and the two-year fixtures once more without what came later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from benchmarks import models_page
from tests.households import write_households
from tests.modelling.shipped import assert_shipped_again
from tests.oracles import fixtures, profile, replenished
from tests.oracles.book import NEW_YORK, SHANGHAI
from tests.oracles.compare import MARTS, check, frame_differences
from tests.oracles.everything import compute
from tests.oracles.landing import read_landing

if TYPE_CHECKING:
    from tests.conftest import BuildWarehouse

MadeOnce = Callable[[str, Callable[[Path], None]], Path]


@dataclass(frozen=True)
class Case:
    """One build: which landing folder, which day, which modes, and which marts (none: all)."""

    data: Literal["complete_journey", "quarter_journey", "cdnow_sample", "shanghai", "new_york"]
    as_of: date
    rfm_mode: Literal["quantile", "fixed"]
    lifecycle_mode: Literal["fixed", "adaptive"]
    marts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.data}-{self.as_of}-rfm_{self.rfm_mode}-lifecycle_{self.lifecycle_mode}"


COMPARED = ("oneid_map", *(mart.table.split(".")[1] for mart in MARTS))
CASES = (
    # 2017-12-31 and 1998-06-30 are the ends of the data; the last month is complete.
    Case("complete_journey", date(2017, 12, 31), "quantile", "fixed"),
    Case("quarter_journey", date(2017, 9, 30), "fixed", "adaptive", COMPARED),
    Case("cdnow_sample", date(1998, 2, 14), "quantile", "fixed"),
    Case("cdnow_sample", date(1998, 6, 30), "fixed", "adaptive", COMPARED),
    Case("shanghai", fixtures.AS_OF_SHANGHAI, "quantile", "fixed"),
    Case("new_york", fixtures.AS_OF_NEW_YORK, "fixed", "adaptive"),
)
# Tables whose rows must not change by what comes after their business date.
LASTING_SCHEMAS = ("core", "insight", "measurement", "kpi")


@cache
def two_years() -> fixtures.Fixture:
    return fixtures.two_years()


@pytest.fixture(scope="session")
def landings(
    made_once: MadeOnce,
    complete_journey_landing: Path,
    cdnow_sample_landing: Path,
) -> Mapping[str, Path]:
    """Landing folders by name."""

    def write(zone: str) -> Callable[[Path], None]:
        def write_two_years(folder: Path) -> None:
            two_years().book.write(folder, zone)

        return write_two_years

    def write_quarter(folder: Path) -> None:
        write_households(complete_journey_landing, folder, one_of=4)

    return {
        "complete_journey": complete_journey_landing,
        "quarter_journey": made_once("quarter_journey", write_quarter),
        "cdnow_sample": cdnow_sample_landing,
        "shanghai": made_once("two_years_shanghai", write(SHANGHAI)),
        "new_york": made_once("two_years_new_york", write(NEW_YORK)),
    }


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_row_of_every_mart_is_that_of_the_oracle(
    case: Case, landings: Mapping[str, Path], build_warehouse: BuildWarehouse
) -> None:
    landing = landings[case.data]
    modes = case.rfm_mode, case.lifecycle_mode
    build_file = build_warehouse(landing, case.as_of, *modes, case.marts)
    persons = two_years().persons if case.data in {"shanghai", "new_york"} else {}
    marts = compute(read_landing(landing), case.as_of, case.rfm_mode, case.lifecycle_mode, persons)
    with duckdb.connect(str(build_file), read_only=True) as connection:
        check(connection, marts, persons)


@pytest.mark.slow
def test_a_build_for_an_old_date_is_unchanged_by_data_that_came_later(
    landings: Mapping[str, Path], made_once: MadeOnce, build_warehouse: BuildWarehouse
) -> None:
    as_of = fixtures.AS_OF_NEW_YORK
    whole = landings["new_york"]

    def write_what_was_known(folder: Path) -> None:
        fixtures.truncate(whole, folder, as_of)

    known_then = made_once("two_years_known_then", write_what_was_known)
    with (
        duckdb.connect(
            str(build_warehouse(whole, as_of, "fixed", "adaptive")), read_only=True
        ) as a,
        duckdb.connect(
            str(build_warehouse(known_then, as_of, "fixed", "adaptive")), read_only=True
        ) as b,
    ):
        tables = [table for table in tables_of(a) if table.split(".")[0] in LASTING_SCHEMAS]
        assert tables == [t for t in tables_of(b) if t.split(".")[0] in LASTING_SCHEMAS]
        lasting = {mart.table for mart in MARTS if mart.table.split(".")[0] in LASTING_SCHEMAS}
        assert lasting <= set(tables)
        names_a, names_b = person_names(a), person_names(b)
        reports = []
        for table in tables:
            rows_a, rows_b = renamed(a, table, names_a), renamed(b, table, names_b)
            report = bag_differences(rows_a, rows_b)
            reports += [f"{table}: {report}"] if report else []
    assert not reports, "\n\n".join(reports)


@pytest.mark.slow
def test_replenishment_of_the_fixtures_is_that_of_the_oracle(
    landings: Mapping[str, Path],
    build_warehouse: BuildWarehouse,
    loaded: Callable[[Path], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    landing = landings["shanghai"]
    build_file = build_warehouse(landing, fixtures.AS_OF_SHANGHAI, "quantile", "fixed")
    monkeypatch.chdir(loaded(landing))
    with duckdb.connect(str(build_file), read_only=True) as connection:
        result = replenished.expected(connection)
        assert len(result.forecasts) > 10
        assert replenished.differences(connection, result) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES[-2:], ids=str)
def test_profiles_and_tags_of_the_fixtures_are_those_of_the_oracle(
    case: Case,
    landings: Mapping[str, Path],
    build_warehouse: BuildWarehouse,
    loaded: Callable[[Path], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    landing = landings[case.data]
    build_file = build_warehouse(landing, case.as_of, case.rfm_mode, case.lifecycle_mode)
    monkeypatch.chdir(loaded(landing))
    zone = {"shanghai": SHANGHAI, "new_york": NEW_YORK}[case.data]
    with duckdb.connect(str(build_file), read_only=True) as connection:
        result = profile.expected(connection, zone)
        assert len(result.profiles) > 300
        assert len(result.tags) > 300
        assert profile.differences(connection, result) == []


REPLENISHMENT_BAR = 1.10
"""What the hit rate has to be of the category median's."""


@pytest.mark.slow
def test_replenishment_beats_the_category_median_on_real_data(
    landings: Mapping[str, Path],
    build_warehouse: BuildWarehouse,
    record_property: Callable[[str, object], None],
) -> None:
    build_file = build_warehouse(landings["complete_journey"], date(2017, 12, 31))
    with duckdb.connect(str(build_file), read_only=True) as connection:
        figures = figures_of(connection, "replenishment")
    for metric, (value, baseline) in figures.items():
        record_property(
            f"figure: replenishment, The Complete Journey, {metric}",
            f"{value:.4f}" + (f" (baseline {baseline:.4f})" if baseline else ""),
        )
    rate, median_rate = figures["hit_rate"]
    assert rate >= REPLENISHMENT_BAR * median_rate
    assert figures["mean_absolute_error_days"][0] < figures["mean_absolute_error_days"][1]
    assert abs(figures["interval_coverage"][0] - 0.8) < 0.03


@pytest.mark.slow
def test_the_churn_probability_beats_bg_nbd_on_real_data(
    landings: Mapping[str, Path],
    build_warehouse: BuildWarehouse,
    record_property: Callable[[str, object], None],
) -> None:
    build_file = build_warehouse(landings["complete_journey"], date(2017, 12, 31))
    with duckdb.connect(str(build_file), read_only=True) as connection:
        figures = figures_of(connection, "churn")
        trial = connection.execute(
            "select probability, forecast_gone, 1 - p_alive as left_for_good, is_gone"
            " from intermediate.int_insight__churn_scores where step = 1 order by one_id"
        ).fetchnumpy()
    gone = np.asarray(trial.pop("is_gone"), dtype=bool)
    told = {name: np.asarray(values, dtype=np.float64) for name, values in trial.items()}
    rng = np.random.default_rng(1)
    samples = [rng.integers(0, len(gone), len(gone)) for _ in range(500)]
    lows = {}
    for baseline in ("forecast_gone", "left_for_good"):
        gains = [
            auc(told["probability"][s], gone[s]) - auc(told[baseline][s], gone[s]) for s in samples
        ]
        low, high = np.quantile(gains, [0.025, 0.975])
        record_property(
            f"figure: churn, The Complete Journey, AUC above {baseline}",
            f"{np.mean(gains):.4f} ({low:.4f} to {high:.4f})",
        )
        lows[baseline] = low
    assert lows["left_for_good"] > 0
    for metric, (value, baseline_value) in figures.items():
        record_property(
            f"figure: churn, The Complete Journey, {metric}",
            f"{value:.4f} (baseline {baseline_value:.4f})",
        )
    assert figures["auc_over_p_alive"][0] >= figures["auc_over_p_alive"][1] + 0.02
    assert figures["auc"][0] > figures["auc"][1]
    assert figures["log_loss"][0] < figures["log_loss"][1]
    assert figures["calibration_error"][0] <= 0.03


@pytest.mark.slow
def test_training_again_gives_the_version_that_is_shipped(
    landings: Mapping[str, Path], build_warehouse: BuildWarehouse, tmp_path: Path
) -> None:
    build_file = build_warehouse(landings["complete_journey"], date(2017, 12, 31))
    assert_shipped_again(build_file, "complete_journey_2017", tmp_path)


@pytest.mark.slow
def test_the_page_of_the_models_says_what_real_data_do(
    landings: Mapping[str, Path], build_warehouse: BuildWarehouse
) -> None:
    build_file = build_warehouse(landings["complete_journey"], date(2017, 12, 31))
    with duckdb.connect(str(build_file), read_only=True) as connection:
        assert list(models_page.differences(connection, "complete_journey")) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "known"),
    [
        (CASES[0], ["cdnow_1998", "complete_journey_2017"]),
        (CASES[1], ["cdnow_1998"]),
        (CASES[2], ["untrained"]),
        (CASES[3], ["cdnow_1998"]),
    ],
    ids=str,
)
def test_a_build_for_an_old_date_chooses_from_what_was_trained_by_then(
    case: Case, known: list[str], landings: Mapping[str, Path], build_warehouse: BuildWarehouse
) -> None:
    build_file = build_warehouse(
        landings[case.data], case.as_of, case.rfm_mode, case.lifecycle_mode, case.marts
    )
    with duckdb.connect(str(build_file), read_only=True) as connection:
        rows = connection.execute(
            "select distinct version_code from intermediate.int_insight__churn_trials order by all"
        ).fetchall()
    assert [code for (code,) in rows] == known


@pytest.mark.slow
def test_values_and_recommendations_on_real_data(
    landings: Mapping[str, Path],
    build_warehouse: BuildWarehouse,
    record_property: Callable[[str, object], None],
) -> None:
    """Where a baseline is not beaten, docs/models.md says so; it must not get worse unseen."""
    build_file = build_warehouse(landings["complete_journey"], date(2017, 12, 31))
    with duckdb.connect(str(build_file), read_only=True) as connection:
        told = {name: figures_of(connection, name) for name in ("ltv", "recommendations")}
    for name, figures in told.items():
        for metric, (value, baseline) in figures.items():
            if baseline is not None:
                record_property(
                    f"figure: {name}, The Complete Journey, {metric}",
                    f"{value:.4f} (baseline {baseline:.4f})",
                )
    for metric in ("root_mean_square_error", "tenth_error_share"):
        value, baseline = told["ltv"][metric]
        assert value < baseline
    value, baseline = told["ltv"]["mean_absolute_error"]
    assert value < 1.05 * baseline
    assert abs(told["ltv"]["revenue_over_actual"][0] - 1) < 0.05
    for metric in ("recall_at_10", "hit_rate_at_10"):
        for suffix in ("", "_over_last"):
            value, baseline = told["recommendations"][metric + suffix]
            assert value > 1.1 * baseline


@pytest.mark.slow
def test_recency_and_halved_orders_tell_who_goes_on_real_data(
    landings: Mapping[str, Path],
    build_warehouse: BuildWarehouse,
    record_property: Callable[[str, object], None],
) -> None:
    """They, and level 2, tell it several times better than chance does."""
    build_file = build_warehouse(landings["complete_journey"], date(2017, 12, 31))
    signals = ("any", "recency", "frequency_drop", "replenishment_overdue", "level_2", "level_3")
    gone = {}
    with duckdb.connect(str(build_file), read_only=True) as connection:
        for signal in signals:
            name = "early_warning" if signal == "any" else f"early_warning/{signal}"
            gone[signal] = value, baseline = figures_of(connection, name)["gone_share"]
            record_property(
                f"figure: {name}, The Complete Journey, gone_share",
                f"{value:.4f} (baseline {baseline:.4f})",
            )
    for signal, times in {"recency": 4.5, "frequency_drop": 2.8, "level_2": 3.0}.items():
        value, baseline = gone[signal]
        assert value >= times * baseline, signal


def figures_of(connection: duckdb.DuckDBPyConnection, model: str) -> dict[str, tuple[Any, Any]]:
    """Value and baseline of each figure that the scorecard has of a model."""
    rows = connection.execute(
        "select metric, value, baseline_value from insight.model_scorecard where model_name = ?",
        [model],
    ).fetchall()
    return {metric: (value, baseline) for metric, value, baseline in rows}


def auc(told: NDArray[np.float64], gone: NDArray[np.bool_]) -> float:
    """The chance that somebody who went was told so more strongly than somebody who stayed."""
    went = gone.sum()
    total = rankdata(told)[gone].sum() - went * (went + 1) / 2
    return float(total / (went * (len(gone) - went)))


def tables_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return schema.table of everything that was built."""
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables order by all"
    ).fetchall()
    return [name for (name,) in rows]


def person_names(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return one_id -> a name of the person that does not depend on how ids are minted."""
    rows = connection.execute(
        """
        select one_id, min(source_system || '/' || source_table || '/' || source_key)
        from identity.oneid_map
        group by one_id
        """
    ).fetchall()
    return dict(rows)


def renamed(
    connection: duckdb.DuckDBPyConnection, table: str, names: Mapping[str, str]
) -> pl.DataFrame:
    """Return the rows of a table with persons by name."""
    frame: pl.DataFrame = connection.sql(f"select * from {table}").pl()
    columns = [column for column in frame.columns if column.endswith("one_id")]
    return frame.with_columns(
        pl.Series(column, [names.get(one_id, one_id) for one_id in frame[column]], pl.String)
        for column in columns
    )


def bag_differences(left: pl.DataFrame, right: pl.DataFrame) -> str:
    """Return how two tables differ as bags of rows (doubles: as written, to nine digits)."""
    if left.columns != right.columns:
        return f"columns differ: {left.columns}, {right.columns}"

    def counted(frame: pl.DataFrame) -> pl.DataFrame:
        text = frame.select(
            pl.col(c).round_sig_figs(9).cast(pl.String)
            if frame.schema[c].is_float()
            else pl.col(c).cast(pl.String)
            for c in frame.columns
        )
        row = text.select(row=pl.concat_str(pl.all().fill_null("∅"), separator=" | "))
        return row.group_by("row").agg(rows=pl.len())

    return frame_differences(counted(left), counted(right), ["row"])
