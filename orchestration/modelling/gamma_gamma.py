"""The Gamma–Gamma model of what a purchase is worth, independent of how often somebody buys.

Fader and Hardie (2013), *The Gamma-Gamma Model of Monetary Value*. Purchases of a person are gamma
(p, nu) in value, and nu is gamma (q, v) over people. Values are in units of the brand's mean
purchase, so that parameters learnt on one brand, in one currency, can serve another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from orchestration.modelling.bg_nbd import Floats

_BOUNDS = [(-6.0, 8.0)] * 3
"""Of the logarithms of p, q − 1 and v: q has to be above one, or nothing has a mean."""


@dataclass(frozen=True)
class GammaGamma:
    """The three parameters; `v` is in the unit of the values that were fitted."""

    p: float
    q: float
    v: float


@dataclass(frozen=True, eq=False)
class Spending:
    """Purchases a person made and their mean value, one number each a person."""

    purchases: Floats
    mean_value: Floats


def in_units(purchases: Floats, revenue: Floats) -> Spending:
    """Revenue over all people's purchases, in units of the mean purchase."""
    unit = revenue.sum() / purchases.sum() if revenue.sum() > 0 else 1.0
    return Spending(purchases, revenue / purchases / unit)


def log_likelihood(model: GammaGamma, spending: Spending) -> Floats:
    """Formula (1a) of the note, in logarithms; of values above zero."""
    x, mean = spending.purchases, spending.mean_value
    p, q, v = model.p, model.q, model.v
    return np.asarray(
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(mean)
        + p * x * np.log(x)
        - (p * x + q) * np.log(v + mean * x)
    )


def fit(spending: Spending) -> GammaGamma:
    """The parameters of greatest likelihood, of those who spent anything at all."""
    spent = spending.mean_value > 0
    paid = Spending(spending.purchases[spent], spending.mean_value[spent])

    def badness(logs: Floats) -> float:
        p, beyond, v = np.exp(logs)
        return -float(np.mean(log_likelihood(GammaGamma(p, 1 + beyond, v), paid)))

    ways = [
        minimize(badness, np.log(start), method="L-BFGS-B", bounds=_BOUNDS)
        for start in ((1.0, 1.0, 1.0), (2.0, 3.0, 3.0), (6.0, 3.0, 15.0))
    ]
    best = min(ways, key=lambda way: float(way.fun)).x
    found = minimize(
        badness, best, method="L-BFGS-B", bounds=_BOUNDS, options={"ftol": 1e-14, "gtol": 1e-8}
    )
    p, beyond, v = (float(value) for value in np.exp(found.x))
    return GammaGamma(p, 1 + beyond, v)


def expected_value(model: GammaGamma, spending: Spending) -> Floats:
    """What the next purchase of each is worth (formula (5) of the note)."""
    p, q, v = model.p, model.q, model.v
    x = spending.purchases
    return np.asarray(p * (v + x * spending.mean_value) / (p * x + q - 1))
