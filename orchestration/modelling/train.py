"""Trains BG/NBD, Gamma–Gamma and the churn classifier on a built brand, and writes the policy.

The newest outcome a build knows (its last 90 days) judges; only what came before teaches. A new
version that is not better there than every version in force is not written.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from orchestration.errors import UsageError
from orchestration.modelling import bg_nbd, churn, gamma_gamma
from orchestration.modelling.bg_nbd import BgNbd, Histories
from orchestration.modelling.churn import Buyers, Classifier
from orchestration.modelling.features import FEATURES
from orchestration.modelling.gamma_gamma import GammaGamma, Spending

TRIAL, TEACHING = 1, (2, 3)
"""Steps of 90 days before as_of: the one that judges, those that teach."""
FEWEST = 50
"""Fewer people who stay or who go than these teach nothing."""
LEAST_GAIN = 1e-4
"""By how much log loss a new version has to be better than every other."""
_HISTORIES = """
select repeats, active_days, age_days, silent_days, dates_30d, dates_90d, longest_gap_days, is_gone
from intermediate.int_insight__buying_histories
where step = ?
order by one_id
"""
_SPENDING = """
select purchases, past_revenue
from intermediate.int_insight__spending_histories
where step = ?
order by one_id
"""


class TooYoungError(UsageError):
    """A brand of whose past there is too little to learn from."""


@dataclass(frozen=True)
class Version:
    """A BG/NBD model, what purchases are worth, and the classifier that builds on the first."""

    code: str
    model: BgNbd
    classifier: Classifier
    values: GammaGamma
    valid_from: date
    trained_date: date | None


def in_force(versions: Mapping[str, Version], day: date) -> dict[str, Version]:
    """The versions that a build of a day chooses from: the untrained one if there is no other."""
    begun = {code: one for code, one in versions.items() if one.valid_from <= day}
    trained = {code: one for code, one in begun.items() if one.trained_date is not None}
    return trained or begun


@dataclass(frozen=True)
class Trained:
    """A new version, how it and those before it did on the trial, and whether it was written."""

    version: Version
    log_loss: float
    others: dict[str, float]
    people: int
    is_written: bool


def business_date(build_file: Path) -> date:
    """The day that a build describes.

    Raises UsageError where the brand has not been built, TooYoungError where it has no dated fact.
    """
    if not build_file.is_file():
        raise UsageError(f"{build_file} is not there: build the brand first (rekindle build).")
    with duckdb.connect(str(build_file), read_only=True) as connection:
        rows = connection.execute(
            "select as_of_date from intermediate.int_insight__model_days where step = 0"
        ).fetchall()
    if not rows:
        raise TooYoungError(
            f"{build_file} holds no dated fact: there is nothing to learn from yet."
        )
    day: date = rows[0][0]
    return day


def code_of(brand: str, day: date) -> str:
    """The name of a version trained on a brand at a business date: letters, digits, _."""
    name = re.sub(r"[^a-z0-9]+", "_", brand.lower()).strip("_")[:48]
    return f"{name if name[:1].isalpha() else f'brand_{name}'}_{day:%Y%m%d}"


def train(build_file: Path, parameters_file: Path, code: str, valid_from: date) -> Trained:
    """Train a version on a build and write it where it is better on the trial than all in force.

    Raises UsageError where the file has the version already or it would be in force before it was
    trained, TooYoungError where there is too little to learn from.
    """
    day = business_date(build_file)
    if valid_from < day:
        raise UsageError(
            f"The build describes {day}: what is learnt from it cannot be in force from "
            f"{valid_from}, for scores of days before would know what came later. Give "
            f"--valid-from {day} or a later day."
        )
    known = read_versions(parameters_file)
    if code in known:
        raise UsageError(f"{parameters_file} has the version {code} already: give another --code.")
    with duckdb.connect(str(build_file), read_only=True) as connection:
        teaching = [_buyers(connection, step) for step in TEACHING]
        trial = _buyers(connection, TRIAL)
        spending = _spending(connection, TEACHING[0])
    version = fit_version(code, teaching, spending, valid_from, day)
    others = {name: trial_loss(other, trial) for name, other in in_force(known, valid_from).items()}
    loss = trial_loss(version, trial)
    is_written = all(loss < other - LEAST_GAIN for other in others.values())
    if is_written:
        _append(parameters_file, version)
    return Trained(version, loss, others, len(trial.silent), is_written)


def fit_version(
    code: str, teaching: Sequence[Buyers], spending: Spending, valid_from: date, day: date
) -> Version:
    """BG/NBD and Gamma–Gamma from the newest teaching day, the classifier from all of them."""
    gone = np.concatenate([buyers.is_gone for buyers in teaching])
    if min(int(gone.sum()), int((~gone).sum())) < FEWEST:
        raise TooYoungError(
            f"Of {len(gone):,} histories {int(gone.sum()):,} ended within the 90 days after them: "
            f"at least {FEWEST} have to end and {FEWEST} to go on. Train on a brand with more "
            "people or a longer past."
        )
    model = bg_nbd.fit(teaching[0].histories)
    values = np.concatenate([churn.features(model, buyers) for buyers in teaching])
    classifier, worth = churn.fit(values, gone), gamma_gamma.fit(spending)
    return Version(code, model, classifier, worth, valid_from, day)


def trial_loss(version: Version, trial: Buyers) -> float:
    """The log loss of a version's classifier."""
    found = churn.probabilities(version.classifier, churn.features(version.model, trial))
    return churn.log_loss(found, trial.is_gone)


def read_versions(parameters_file: Path) -> dict[str, Version]:
    """The versions of the policy file by code."""
    values: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    days: dict[str, tuple[date, date | None]] = {}
    with parameters_file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            key = (row["model_name"], row["parameter"])
            values[row["version_code"]][key] = float(row["value"])
            trained = row["trained_date"]
            days[row["version_code"]] = (
                date.fromisoformat(row["valid_from"]),
                date.fromisoformat(trained) if trained else None,
            )
    return {
        code: Version(
            code,
            BgNbd(*(found["bg_nbd", name] for name in ("r", "alpha", "a", "b"))),
            Classifier(
                found["churn_classifier", "bias"],
                {name: found["churn_classifier", f"{name}_weight"] for name in FEATURES},
                {name: found["churn_classifier", f"{name}_mean"] for name in FEATURES},
            ),
            GammaGamma(*(found["gamma_gamma", name] for name in ("p", "q", "v"))),
            *days[code],
        )
        for code, found in values.items()
    }


def _append(parameters_file: Path, version: Version) -> None:
    """Add the rows of a version that was trained."""
    begin = (version.valid_from.isoformat(), version.code, str(version.trained_date))
    model, classifier = version.model, version.classifier
    rows = [
        ("bg_nbd", "r", model.r),
        ("bg_nbd", "alpha", model.alpha),
        ("bg_nbd", "a", model.a),
        ("bg_nbd", "b", model.b),
        ("gamma_gamma", "p", version.values.p),
        ("gamma_gamma", "q", version.values.q),
        ("gamma_gamma", "v", version.values.v),
        ("churn_classifier", "bias", classifier.bias),
    ]
    for name in FEATURES:
        rows.append(("churn_classifier", f"{name}_weight", classifier.weights[name]))
        rows.append(("churn_classifier", f"{name}_mean", classifier.means[name]))
    with parameters_file.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for model_name, parameter, value in rows:
            writer.writerow((*begin, model_name, parameter, f"{value:.9f}"))


def _buyers(connection: duckdb.DuckDBPyConnection, step: int) -> Buyers:
    rows = connection.execute(_HISTORIES, [step]).fetchnumpy()
    columns = [np.asarray(rows[name], dtype=np.float64) for name in list(rows)[:-1]]
    repeats, active, age, silent, dates_30d, dates_90d, longest = columns
    return Buyers(
        Histories(repeats, active, age),
        silent,
        dates_30d,
        dates_90d,
        longest,
        np.asarray(rows["is_gone"], dtype=np.bool_),
    )


def _spending(connection: duckdb.DuckDBPyConnection, step: int) -> Spending:
    rows = connection.execute(_SPENDING, [step]).fetchnumpy()
    purchases, revenue = (np.asarray(rows[name], dtype=np.float64) for name in rows)
    return gamma_gamma.in_units(purchases, revenue)
