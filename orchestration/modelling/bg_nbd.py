"""The BG/NBD model of repeat buying: its likelihood and what it says about the future.

Fader, Hardie and Lee (2005), *"Counting Your Customers" the Easy Way*. Somebody buys at a rate that
is gamma (r, alpha) over people, and leaves after each purchase with a probability that is beta
(a, b) over people. A history is (x, t_x, T): repeat days, days from the first to the last purchase,
days from the first purchase to the day of the look.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]

_BOUNDS = [(-8.0, 12.0)] * 4
"""Of the parameters' logarithms: from 1 in 3,000 to 160,000."""


@dataclass(frozen=True)
class BgNbd:
    """The four parameters; `alpha` is in the unit of the days that were fitted."""

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True, eq=False)
class Histories:
    """Repeat days, days to the last purchase, days to the look: arrays of one length."""

    repeats: Floats
    active: Floats
    age: Floats


def log_likelihood(model: BgNbd, histories: Histories) -> Floats:
    """Formula (6) of the paper, in logarithms, one number a history."""
    x, t_x, age = histories.repeats, histories.active, histories.age
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    alive = -(r + x) * np.log(alpha + age)
    left = np.where(
        x > 0,
        np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x),
        -np.inf,
    )
    return np.asarray(common + stays + np.logaddexp(alive, left))


def fit(histories: Histories) -> BgNbd:
    """The parameters of greatest likelihood; the same data give the same answer.

    Equal histories are counted, not repeated, so the time depends on how many there are of them.
    """
    rows, weights = np.unique(
        np.stack([histories.repeats, histories.active, histories.age], axis=1),
        axis=0,
        return_counts=True,
    )
    counted = Histories(rows[:, 0], rows[:, 1], rows[:, 2])

    def badness(logs: Floats) -> float:
        r, alpha, a, b = np.exp(logs)
        total = np.sum(weights * log_likelihood(BgNbd(r, alpha, a, b), counted))
        return -float(total) / float(weights.sum())

    # Where few leave, the likelihood has a long ridge (a and b great): several ways lead up to it.
    scale = np.log(max(float(counted.age.mean()) / 4, 1e-3))
    ways = [
        minimize(badness, np.array([r, scale + r, a, b]), method="L-BFGS-B", bounds=_BOUNDS)
        for r, a, b in ((-1.0, 0.0, 1.0), (-1.0, -1.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.5, 3.0))
    ]
    best = min(ways, key=lambda way: float(way.fun)).x
    found = minimize(
        badness, best, method="L-BFGS-B", bounds=_BOUNDS, options={"ftol": 1e-14, "gtol": 1e-8}
    )
    r, alpha, a, b = (float(value) for value in np.exp(found.x))
    return BgNbd(r, alpha, a, b)


def p_alive(model: BgNbd, histories: Histories) -> Floats:
    """The probability that somebody has not left (Fader, Hardie and Lee 2008, formula (1))."""
    x, t_x, age = histories.repeats, histories.active, histories.age
    log_odds = (
        np.log(model.a)
        - np.log(model.b + np.maximum(x, 1) - 1)
        + (model.r + x) * (np.log(model.alpha + age) - np.log(model.alpha + t_x))
    )
    return np.asarray(1 / (1 + np.where(x > 0, np.exp(np.minimum(log_odds, 700)), 0)))


def p_gone(model: BgNbd, histories: Histories, days: float) -> Floats:
    """The probability of no purchase in the next so many days: left, or alive and not coming.

    Alive, the rate is gamma (r + x, alpha + T), so nothing comes with ((alpha + T) / (alpha + T +
    days)) to the power of r + x.
    """
    alive = p_alive(model, histories)
    reach = model.alpha + histories.age
    nothing = np.exp((model.r + histories.repeats) * (np.log(reach) - np.log(reach + days)))
    return np.asarray(1 - alive + alive * nothing)
