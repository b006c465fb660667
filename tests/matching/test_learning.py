"""Learning finds the weights that made the pairs, and never ends where everybody is one person."""

from __future__ import annotations

import csv
import itertools
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from orchestration.matching.learning import (
    GIVEN_CHANCE_PAIRS,
    Level,
    Pattern,
    Sample,
    Weight,
    learn,
    probability,
)
from orchestration.matching.patterns import read_sample, read_weights, write_weights
from orchestration.workspace import PROJECT
from tests.matching import febrl
from tests.matching.generator import brand
from tests.matching.harness import Matching, figures

TRUE: dict[Level, Weight] = {
    ("name", "same"): Weight(0.85, 0.001),
    ("name", "near"): Weight(0.10, 0.010),
    ("name", "different"): Weight(0.05, 0.989),
    ("day", "same"): Weight(0.90, 0.002),
    ("day", "different"): Weight(0.10, 0.998),
    ("street", "same"): Weight(0.70, 0.003),
    ("street", "different"): Weight(0.30, 0.997),
}
GIVEN: dict[Level, Weight] = {
    ("name", "same"): Weight(0.5, 0.01),
    ("name", "near"): Weight(0.3, 0.10),
    ("name", "different"): Weight(0.2, 0.89),
    ("day", "same"): Weight(0.6, 0.01),
    ("day", "different"): Weight(0.4, 0.99),
    ("street", "same"): Weight(0.6, 0.01),
    ("street", "different"): Weight(0.4, 0.99),
}
CHANCE_PAIRS = 1e5
SHIPPED = PROJECT / "seeds/policy/match_weights.csv"


def made(matches: float, strangers: float) -> Sample:
    """All pairs of a world with `TRUE` weights, in the numbers that chance gives on average."""
    by_comparison: dict[str, list[Level]] = {}
    for level in TRUE:
        by_comparison.setdefault(level[0], []).append(level)
    candidates, by_chance = [], []
    for levels in itertools.product(*by_comparison.values()):
        of_one = math.prod(TRUE[level].m for level in levels)
        of_strangers = math.prod(TRUE[level].u for level in levels)
        candidates.append(Pattern(levels, matches * of_one + strangers * of_strangers))
        by_chance.append(Pattern(levels, CHANCE_PAIRS * of_strangers))
    return Sample(
        tuple(candidates), tuple(by_chance), math.log(matches / strangers), matches + strangers
    )


def test_the_weights_that_made_the_pairs_are_found() -> None:
    found = learn([made(20_000, 2e7)], GIVEN)
    for level, weight in TRUE.items():
        # What was given counts like some pairs that were seen.
        seen, given = CHANCE_PAIRS, GIVEN_CHANCE_PAIRS
        expected = (weight.u * seen + GIVEN[level].u * given) / (seen + given)
        assert found[level].m == pytest.approx(weight.m, abs=0.04), level
        assert found[level].u == pytest.approx(expected, rel=0.05), level


def test_shares_make_one() -> None:
    found = learn([made(20_000, 2e7), made(500, 2e6)], GIVEN)
    for comparison in {level[0] for level in TRUE}:
        weights = [weight for level, weight in found.items() if level[0] == comparison]
        assert sum(weight.m for weight in weights) == pytest.approx(1)
        assert sum(weight.u for weight in weights) == pytest.approx(1)
        assert all(0 < weight.m < 1 and 0 < weight.u < 1 for weight in weights)


@pytest.mark.parametrize("matches", [1e-9, 1.0, 1e6])
def test_it_does_not_collapse(matches: float) -> None:
    """Whatever share is in truth one person's, agreement stays evidence for it."""
    sample = made(matches, 2e6)
    found = learn([sample], GIVEN)
    for comparison in {level[0] for level in TRUE}:
        same, different = found[comparison, "same"], found[comparison, "different"]
        assert same.m / same.u > 10
        assert different.m / different.u < 1
    nothing = Pattern(
        tuple((comparison, "different") for comparison in ("name", "day", "street")), 1
    )
    assert probability(nothing, found, sample.prior) < 0.01


def test_nothing_to_learn_from_leaves_what_was_given() -> None:
    found = learn([Sample((), (), -10.0, 1.0)], GIVEN)
    for level, weight in GIVEN.items():
        assert found[level].m == pytest.approx(weight.m)
        assert found[level].u == pytest.approx(weight.u)


def test_what_common_values_take_off_is_what_scoring_takes_off() -> None:
    """The probability of a pattern with one pair is that of the models."""
    records, _ = brand(21, 900)
    matching = Matching(records)
    weights = read_weights(SHIPPED)
    sample = read_sample(matching.connection, weights, "ref")
    scores = np.array(
        sorted(
            float(str(score))
            for (score,) in matching.rows(
                "select match_probability from ref.int_identity__match_scores"
            )
        )
    )
    likely = sorted(
        probability(pattern, weights, sample.prior)
        for pattern in sample.candidates
        if pattern.pairs == 1
    )
    likely = [value for value in likely if value >= scores[0]]
    assert len(likely) > 50
    for value in likely:
        assert np.abs(scores - value).min() < 1e-9


def test_written_weights_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "match_weights.csv"
    path.write_bytes(SHIPPED.read_bytes())
    before = read_weights(path)
    changed = {level: Weight(weight.m, weight.u / 2) for level, weight in before.items()}
    write_weights(path, changed, date(2025, 6, 1).isoformat())
    after = read_weights(path)
    for level, weight in changed.items():
        assert after[level].u == pytest.approx(weight.u, abs=1e-9)
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 2 * len(before)
    joins = {(row["comparison"], row["level_code"], row["joins"]) for row in rows}
    assert len(joins) == len(before)
    write_weights(path, before, date(2025, 6, 1).isoformat())
    with path.open(encoding="utf-8") as lines:
        assert len(list(csv.DictReader(lines))) == 2 * len(before)


def test_learning_anew_serves_as_well() -> None:
    """Weights learnt from a set that nobody labelled find its duplicates."""
    import polars as pl

    records, truth = febrl.records(1)
    given = read_weights(SHIPPED)
    sample = read_sample(Matching(records).connection, given, "ref")
    learnt = learn([sample], given)
    frame = pl.read_csv(SHIPPED, try_parse_dates=True)
    rows = [
        {
            **row,
            "m_probability": learnt[row["comparison"], row["level_code"]].m,
            "u_probability": learnt[row["comparison"], row["level_code"]].u,
        }
        for row in frame.to_dicts()
    ]
    found = figures(truth, Matching(records, {"match_weights": pl.DataFrame(rows)}).persons())
    assert found.f1 >= 0.995
