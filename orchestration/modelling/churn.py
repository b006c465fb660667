"""The churn classifier: a logistic regression on what a buying history shows.

Says how probably somebody places no valid order in the next 90 days. One of its features is what
BG/NBD says about the same question, so it learns where that model is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from orchestration.modelling.bg_nbd import BgNbd, Histories, p_gone
from orchestration.modelling.features import FEATURES

Floats = npt.NDArray[np.float64]

HORIZON = 90
LEAST_ODDS = 1e-6
RIDGE = 1.0
"""How much a standardised weight is drawn to zero, in people."""


@dataclass(frozen=True, eq=False)
class Buyers:
    """Histories with what the classifier asks beyond BG/NBD, and who was gone afterwards."""

    histories: Histories
    silent: Floats
    dates_30d: Floats
    dates_90d: Floats
    longest_gap: Floats
    is_gone: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Classifier:
    """A bias, and of each feature the weight and the mean it was trained with."""

    bias: float
    weights: dict[str, float]
    means: dict[str, float]


def features(model: BgNbd, buyers: Buyers) -> Floats:
    """One column a feature, in the order of FEATURES (docs/definitions.md, Churn)."""
    history = buyers.histories
    gone = np.clip(p_gone(model, history, HORIZON), LEAST_ODDS, 1 - LEAST_ODDS)
    mean_gap = np.where(
        history.repeats > 0, history.active / np.maximum(history.repeats, 1), history.age
    )
    silence = np.log1p(buyers.silent)
    return np.stack(
        [
            np.log(gone / (1 - gone)),
            silence,
            np.log1p(history.repeats),
            np.log1p(history.age),
            np.log1p(buyers.dates_30d),
            np.log1p(buyers.dates_90d),
            silence - np.log1p(mean_gap),
            silence - np.log1p(buyers.longest_gap),
            (history.repeats == 0).astype(np.float64),
        ],
        axis=1,
    )


def fit(values: Floats, is_gone: npt.NDArray[np.bool_]) -> Classifier:
    """Greatest penalised likelihood; convex, so there is one answer and no seed."""
    means, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    scaled = np.column_stack([np.ones(len(values)), (values - means) / spread])
    truth = is_gone.astype(np.float64)

    def badness(weights: Floats) -> tuple[float, Floats]:
        total = scaled @ weights
        loss = float(np.sum(np.logaddexp(0, total) - truth * total))
        slope = scaled.T @ (1 / (1 + np.exp(-total)) - truth)
        drawn = np.concatenate([[0.0], weights[1:]])
        return loss + RIDGE / 2 * float(drawn @ drawn), np.asarray(slope + RIDGE * drawn)

    found = minimize(
        badness, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 1000}
    ).x
    weights = found[1:] / spread
    return Classifier(
        float(found[0]),
        dict(zip(FEATURES, map(float, weights), strict=True)),
        dict(zip(FEATURES, map(float, means), strict=True)),
    )


def probabilities(classifier: Classifier, values: Floats) -> Floats:
    """How probably each one is gone."""
    weights = np.array([classifier.weights[name] for name in FEATURES])
    means = np.array([classifier.means[name] for name in FEATURES])
    return np.asarray(1 / (1 + np.exp(-(classifier.bias + (values - means) @ weights))))


def log_loss(found: Floats, is_gone: npt.NDArray[np.bool_]) -> float:
    """The mean of minus the logarithm of the probability given to what happened."""
    safe = np.clip(found, LEAST_ODDS, 1 - LEAST_ODDS)
    return float(-np.mean(np.where(is_gone, np.log(safe), np.log(1 - safe))))
