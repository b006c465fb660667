"""Expected purchases in SQL beside the paper's formula with scipy's hypergeometric function."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import hyp2f1

from orchestration.modelling.bg_nbd import BgNbd, Floats, Histories, p_alive
from tests.identity.harness import Models
from tests.oracles.lifetime import expected_purchases, integral

BRANDS = {
    "demo brand": BgNbd(0.427, 24.17, 0.1536, 1.9656),
    "hardly anybody leaves": BgNbd(1.416, 9.428, 0.00856, 4.316),
    "CDNOW": BgNbd(0.2655, 38.1, 0.598, 2.2265),
    "the formula's pole": BgNbd(0.5, 10.0, 1.0, 2.0),
    "beyond the pole": BgNbd(0.5, 10.0, 3.0, 2.0),
    "most leave at once": BgNbd(0.5, 10.0, 0.5, 0.01),
    "the least parameters of all": BgNbd(0.0004, 0.0004, 0.0004, 0.0004),
    "people are alike": BgNbd(5.0, 1000.0, 300.0, 5000.0),
    "the greatest parameters of all": BgNbd(160_000.0, 160_000.0, 160_000.0, 160_000.0),
}
REPEATS, AGES = (0, 1, 10, 300), (0, 30, 365, 3000)
HISTORIES = [(x, age) for x in REPEATS for age in AGES if x <= age]
ERROR = 1e-6
"""What docs/definitions.md promises."""


def models(brand: BgNbd, discount: float) -> Models:
    """Expected purchases of all histories, by the SQL."""
    run = Models()
    version = f"{brand.r} as r, {brand.alpha} as alpha, {brand.a} as a, {brand.b} as b"
    doubles = "r::double as r, alpha::double as alpha, a::double as a, b::double as b"
    run.table(
        "int_insight__model_versions",
        f"select 'v' as version_code, {doubles} from (select {version})",
    )
    run.table(
        "int_insight__churn_trials",
        "select 'v' as version_code, 'bg_nbd' as kind, 1 as rank_of_kind",
    )
    run.table(
        "value_policy", f"select date '1900-01-01' as valid_from, {discount} as yearly_discount"
    )
    run.frame(
        "int_insight__buying_histories",
        [(step, float(x), float(age)) for step in (0, 1, 2) for x, age in HISTORIES],
        {"step": int, "repeats": float, "age_days": float},
    )
    run.run("int_insight__expected_purchases")
    return run


@pytest.mark.parametrize("brand", BRANDS.values(), ids=BRANDS)
def test_sql_is_right_to_a_millionth(brand: BgNbd) -> None:
    """Whatever the parameters that a training can give, and however long the history."""
    rows = models(brand, 0.1).connection.execute(
        "select step, repeats, age_days, purchases, discounted_purchases"
        " from ref.int_insight__expected_purchases"
    )
    found = {(step, x, age): told for step, x, age, *told in rows.fetchall()}
    assert len(found) == 2 * len(HISTORIES)
    for (step, x, age), (purchases, discounted) in found.items():
        part = 91.25 if step == 0 else 45.0
        sums = [expected_purchases(brand, x, age, part * k) for k in range(5)]
        worth = [1.1 ** -(k / 4 + 0.125) for k in range(4)]
        assert purchases == pytest.approx(sums[4], rel=ERROR, abs=1e-12)
        assert discounted == pytest.approx(float(np.diff(sums) @ worth), rel=ERROR, abs=1e-12)


@pytest.mark.parametrize(("x", "t_x", "age"), [(0, 0.0, 30.0), (2, 20.0, 60.0), (9, 300.0, 365.0)])
def test_the_oracle_is_the_formula_of_the_paper(x: int, t_x: float, age: float) -> None:
    """Formula (10) of Fader, Hardie and Lee (2005), as it is printed, where it has no pole."""
    for brand in (BRANDS["demo brand"], BRANDS["CDNOW"], BRANDS["beyond the pole"]):
        r, alpha, a, b = brand.r, brand.alpha, brand.a, brand.b
        t = 365.0
        h = hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + age + t))
        above = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + t)) ** (r + x) * h)
        below = 1 + (x > 0) * a / (b + x - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x)
        alive = p_alive(brand, Histories(*(np.array([float(n)]) for n in (x, t_x, age))))[0]
        told = alive * expected_purchases(brand, x, age, t)
        assert told == pytest.approx(above / below, rel=1e-9)
        assert integral(brand, x, age, t) == pytest.approx(above / below / alive, rel=1e-9)


def test_no_discount_is_no_discount() -> None:
    rows = models(BRANDS["CDNOW"], 0.0).connection.execute(
        "select purchases, discounted_purchases from ref.int_insight__expected_purchases"
    )
    plain: Floats = np.array(rows.fetchall())
    assert plain[:, 0] == pytest.approx(plain[:, 1])
