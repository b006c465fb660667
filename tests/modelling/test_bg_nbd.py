"""BG/NBD: CDNOW's published parameters, formulas written another way, and simulated people."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.special import beta, gamma

from orchestration.adapters import cdnow
from orchestration.modelling import bg_nbd, gamma_gamma
from orchestration.modelling.bg_nbd import BgNbd, Histories
from tests.modelling.simulation import order_days

END = date(1997, 9, 30)
PUBLISHED = BgNbd(0.243, 4.414, 0.793, 2.426)
"""Fader, Hardie and Lee (2005), CDNOW, weeks; their sample, calibrated to 1997-09-30."""


def cdnow_days(folder: Path) -> dict[str, dict[date, float]]:
    """What each one of the sample spent on which day up to 1997-09-30."""
    cdnow.write_landing(folder, sample=True)
    orders = pl.concat(
        pl.read_parquet(file) for file in folder.glob("commerce/orders/**/*.parquet")
    )
    day = pl.col("ordered_at").dt.convert_time_zone(cdnow.BUSINESS_ZONE).dt.date()
    days: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for key, when, amount in (
        orders.select("buyer_key", day, pl.col("net_amount").cast(pl.Float64))
        .filter(pl.col("ordered_at") <= END)
        .iter_rows()
    ):
        days[key][when] += amount
    return days


def cdnow_weeks(days: dict[str, dict[date, float]]) -> Histories:
    """Their histories in weeks, orders of one day being one."""
    rows = [
        (len(each) - 1, (max(each) - min(each)).days / 7, (END - min(each)).days / 7)
        for each in days.values()
    ]
    x, t_x, age = np.array(rows, dtype=float).T
    return Histories(x, t_x, age)


@pytest.mark.slow
def test_the_published_parameters_of_cdnow_come_out(tmp_path: Path) -> None:
    days = cdnow_days(tmp_path / "cdnow_sample")
    histories = cdnow_weeks(days)
    assert len(histories.repeats) == 2357
    found = bg_nbd.fit(histories)
    for name in ("r", "alpha", "a", "b"):
        assert getattr(found, name) == pytest.approx(getattr(PUBLISHED, name), rel=0.01)
    assert bg_nbd.log_likelihood(found, histories).sum() == pytest.approx(-9582.4, abs=0.2)

    # Their note on Gamma–Gamma takes the repeats of the 946 who had any.
    repeats = [[each[day] for day in sorted(each)[1:]] for each in days.values() if len(each) > 1]
    assert len(repeats) == 946
    counts = np.array([float(len(each)) for each in repeats])
    means = np.array([sum(each) / len(each) for each in repeats])
    values = gamma_gamma.fit(gamma_gamma.Spending(counts, means))
    assert values.p == pytest.approx(6.25, abs=0.01)
    assert values.q == pytest.approx(3.74, abs=0.01)
    assert values.v == pytest.approx(15.44, abs=0.01)
    told = gamma_gamma.expected_value(
        values, gamma_gamma.Spending(np.array([0.0, 1.0, 7.0]), np.array([0.0, 35.0, 35.0]))
    )
    # Who repeats nothing is like everybody: p v / (q - 1); the others go from there to their own.
    assert told[0] == pytest.approx(6.25 * 15.44 / 2.74, rel=0.01)
    weights = 6.25 * np.array([1, 7]) / (6.25 * np.array([1, 7]) + 2.74)
    assert told[1:] == pytest.approx(weights * 35 + (1 - weights) * told[0], rel=0.01)


@pytest.mark.parametrize(("x", "t_x", "age"), [(0, 0, 10), (1, 4, 20), (3, 18, 20), (7, 30, 38)])
def test_formulas_are_those_of_the_paper(x: int, t_x: float, age: float) -> None:
    """Likelihood and P(alive) without logarithms, as they are printed."""
    r, alpha, a, b = 0.5, 6.0, 0.9, 2.2
    history = Histories(np.array([float(x)]), np.array([float(t_x)]), np.array([float(age)]))
    model = BgNbd(r, alpha, a, b)
    first = beta(a, b + x) / beta(a, b) * gamma(r + x) * alpha**r / gamma(r)
    left = 0.0
    if x:
        left = beta(a + 1, b + x - 1) / beta(a, b) * gamma(r + x) * alpha**r / gamma(r)
        left /= (alpha + t_x) ** (r + x)
    alive = first / (alpha + age) ** (r + x)
    assert bg_nbd.log_likelihood(model, history)[0] == pytest.approx(math.log(alive + left))
    assert bg_nbd.p_alive(model, history)[0] == pytest.approx(alive / (alive + left))


def test_as_many_are_gone_as_foretold() -> None:
    model, age = BgNbd(0.8, 20.0, 0.7, 3.0), 300
    series = order_days(model, 4_000, age + 90, seed=11)
    known = [days[days <= age] for days in series]
    histories = Histories(
        np.array([len(days) - 1.0 for days in known]),
        np.array([days[-1] for days in known]),
        np.full(len(known), float(age)),
    )
    gone = np.array([not (days > age).any() for days in series])
    told = bg_nbd.p_gone(model, histories, 90)
    assert told.mean() == pytest.approx(gone.mean(), abs=0.02)
    for part in np.array_split(np.argsort(told), 5):
        assert told[part].mean() == pytest.approx(gone[part].mean(), abs=0.04)
    found = bg_nbd.fit(histories)
    assert found.r == pytest.approx(model.r, rel=0.25)
    assert found.alpha == pytest.approx(model.alpha, rel=0.3)


def test_long_histories_neither_overflow_nor_vanish() -> None:
    histories = Histories(np.array([2000.0]), np.array([10.0]), np.array([3000.0]))
    model = BgNbd(1.0, 5.0, 0.5, 3.0)
    assert bg_nbd.p_alive(model, histories)[0] == pytest.approx(0.0, abs=1e-300)
    assert bg_nbd.p_gone(model, histories, 90)[0] == 1.0
