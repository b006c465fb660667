"""Lifetime value from the orders, with scipy: an independent second implementation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.integrate import quad
from scipy.special import betaln, hyp2f1

from orchestration.modelling.bg_nbd import BgNbd, Floats, Histories, p_alive
from orchestration.modelling.gamma_gamma import GammaGamma

POLE = 1e-3
"""So near to a = 1 the paper's formula divides two numbers that are nearly 0."""
SMALL = 1e-8
"""So little left of 1 - 1 has lost its digits."""
AHEAD, TRIAL = 365, 180


def formula(model: BgNbd, x: Floats, age: Floats, days: float) -> tuple[Floats, Floats]:
    """The factor and the bracket of the numerator of formula (10), Fader, Hardie and Lee (2005)."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    reach = alpha + age
    left = hyp2f1(r + x, b + x, a + b + x - 1, days / (reach + days))
    bracket = 1 - (reach / (reach + days)) ** (r + x) * left
    return np.asarray((a + b + x - 1) / (a - 1 or np.nan)), np.asarray(bracket)


def expected_purchases(model: BgNbd, x: float, age: float, days: float) -> float:
    """Purchases in so many days of somebody who has not left after x repeats at that age.

    By the formula; where it has a pole, or nearly nothing is left of two large numbers, by the
    integral over the chance to leave.
    """
    if days == 0:
        return 0.0
    factor, bracket = formula(model, np.asarray(float(x)), np.asarray(float(age)), days)
    if not np.isfinite(bracket) or abs(model.a - 1) < POLE or abs(bracket) < SMALL:
        return integral(model, x, age, days)
    return float(factor * bracket)


def integral(model: BgNbd, x: float, age: float, days: float) -> float:
    """The same as an integral over the chance to leave: of (1 - (1 + p t / A)^-R) / p."""
    reach, shape = model.alpha + age, model.r + x
    a, b = model.a, model.b + x
    norm = betaln(a, b)

    def density(logit: float) -> float:
        p = 1 / (1 + np.exp(-logit))
        logs = -a * np.logaddexp(0, -logit) - b * np.logaddexp(0, logit) - norm
        bought = -np.expm1(-shape * np.log1p(p * days / reach)) / p
        return float(bought * np.exp(logs))

    width = np.sqrt(1 / a + 1 / b)
    ends = np.clip(np.log(a / b) + width * np.array([-700, -40, -8, 0, 8, 40, 700]), -700, 700)
    return float(
        sum(
            quad(density, low, high, limit=400, epsabs=0, epsrel=1e-11)[0]
            for low, high in pairwise(ends)
            if high > low
        )
    )


@dataclass(frozen=True, eq=False)
class Told:
    """What is said of people on a day: arrays of one length, in the order of `persons`."""

    persons: list[str]
    purchases: Floats
    past: Floats
    alive: Floats
    expected: Floats
    value: Floats
    worth: Floats
    recent_purchases: Floats
    recent: Floats
    later_purchases: Floats
    later: Floats


def told(
    orders: pl.DataFrame, day: date, ahead: int, model: BgNbd, values: GammaGamma, rate: float
) -> Told:
    """Expectations on a day, from `orders` (one_id, order_date, net_revenue as a double)."""
    days = orders.group_by("one_id", "order_date").agg(pl.col("net_revenue").sum())
    known = pl.col("order_date") <= day
    recent = known & (pl.col("order_date") > day - timedelta(days=TRIAL))
    later = ~known & (pl.col("order_date") <= day + timedelta(days=TRIAL))
    money = pl.col("net_revenue")
    people = (
        days.group_by("one_id")
        .agg(
            n=known.sum(),
            first=pl.col("order_date").filter(known).min(),
            last=pl.col("order_date").filter(known).max(),
            past=money.filter(known).sum(),
            recent_n=recent.sum(),
            recent=money.filter(recent).sum(),
            later_n=later.sum(),
            later=money.filter(later).sum(),
        )
        .filter(pl.col("n") > 0)
        .sort("one_id")
    )
    n = people["n"].to_numpy().astype(np.float64)
    past = people["past"].to_numpy()
    active = (people["last"] - people["first"]).dt.total_days().to_numpy().astype(np.float64)
    age = np.array([(day - first).days for first in people["first"]], dtype=np.float64)
    alive = p_alive(model, Histories(n - 1, active, age))
    sums = [np.zeros(len(n))]
    for part in range(1, 5):
        factor, bracket = formula(model, n - 1, age, ahead * part / 4)
        sums.append(factor * bracket)
    unit = past.sum() / n.sum() if len(n) else 0.0
    value = values.p * (values.v * unit + past) / (values.p * n + values.q - 1)
    discounts = [(1 + rate) ** -((part + 0.5) / 4) for part in range(4)]
    worth = sum(
        (after - before) * discount
        for before, after, discount in zip(sums[:-1], sums[1:], discounts, strict=True)
    )
    return Told(
        people["one_id"].to_list(),
        n,
        past,
        alive,
        alive * sums[4],
        value,
        np.asarray(alive * worth * value),
        people["recent_n"].to_numpy().astype(np.float64),
        people["recent"].to_numpy(),
        people["later_n"].to_numpy().astype(np.float64),
        people["later"].to_numpy(),
    )


def figures(trial: Told) -> dict[str, tuple[float, float]]:
    """Every figure of the trial with its baseline, by metric."""
    order = {person: place for place, person in enumerate(trial.persons)}
    found = []
    for purchases, revenue in (
        (trial.expected, trial.expected * trial.value),
        (trial.recent_purchases, trial.recent),
    ):
        ranked = sorted(trial.persons, key=lambda person: (-revenue[order[person]], person))
        places = np.array([order[person] for person in ranked])
        tenths = np.floor(10 * np.arange(len(places)) / len(places)).astype(int)
        said = np.bincount(tenths, revenue[places], 10)
        was = np.bincount(tenths, trial.later[places], 10)
        total = trial.later.sum()
        found.append(
            {
                "purchases_over_actual": purchases.sum() / trial.later_purchases.sum(),
                "revenue_over_actual": revenue.sum() / total,
                "mean_absolute_error": np.abs(revenue - trial.later).mean(),
                "root_mean_square_error": np.sqrt(((revenue - trial.later) ** 2).mean()),
                "tenth_error_share": np.abs(said - was).sum() / total,
                "top_tenth_revenue_share": was[0] / total,
            }
        )
        if len(found) == 1:
            people = np.bincount(tenths, minlength=10)
            curve = {
                f"revenue_of_tenth_{tenth + 1}": (
                    said[tenth] / people[tenth],
                    was[tenth] / people[tenth],
                )
                for tenth in range(10)
            }
    model, baseline = found
    return {metric: (model[metric], baseline[metric]) for metric in model} | curve
