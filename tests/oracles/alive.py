"""P(alive) of persons at the end of any day, by the version that tells best who went lately."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from orchestration.modelling import bg_nbd
from orchestration.modelling.bg_nbd import BgNbd, Histories
from orchestration.modelling.train import in_force, read_versions
from orchestration.workspace import PARAMETERS
from tests.oracles.landing import Known
from tests.oracles.orders import persons_orders

TRIAL = 90
LEAST = 1e-6


class Alive:
    """The order days of persons, and the BG/NBD that does best on the last 90 days."""

    def __init__(self, known: Known) -> None:
        days = persons_orders(known).group_by("person").agg(pl.col("order_date").unique().sort())
        self.days: dict[str, list[date]] = dict(days.iter_rows())
        shipped = in_force(read_versions(PARAMETERS), known.as_of)
        models = {code: version.model for code, version in shipped.items()}
        look = known.as_of - timedelta(days=TRIAL)
        people = [person for person, mine in self.days.items() if mine[0] <= look]
        gone = np.array([not any(day > look for day in self.days[person]) for person in people])

        def loss(code: str) -> float:
            histories = Histories(
                *(np.array(column) for column in zip(*self.counts(people, look), strict=True))
            )
            told = bg_nbd.p_gone(models[code], histories, TRIAL)
            happened = np.clip(np.where(gone, told, 1 - told), LEAST, 1)
            return float(-np.log(happened).mean())

        best = min(sorted(models), key=loss) if people else min(models)
        self.model: BgNbd = models[best]

    def counts(self, people: list[str], day: date) -> list[tuple[float, float, float]]:
        """Repeats, days to the last order and age of people on a day."""
        found = []
        for person in people:
            mine = [one for one in self.days[person] if one <= day]
            found.append(
                (len(mine) - 1.0, float((mine[-1] - mine[0]).days), float((day - mine[0]).days))
            )
        return found

    def at(self, people: list[str], day: date) -> dict[str, float]:
        """P(alive) of people with an order by the day."""
        if not people:
            return {}
        rows = self.counts(people, day)
        histories = Histories(*(np.array(column) for column in zip(*rows, strict=True)))
        told = bg_nbd.p_alive(self.model, histories)
        return dict(zip(people, map(float, told), strict=True))
