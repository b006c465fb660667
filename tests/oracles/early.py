"""How early warnings came and how many were false, counted person by person and day by day."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median

import numpy as np
import polars as pl

from tests.oracles.landing import Known
from tests.oracles.lifecycle import CODES, Lifecycle
from tests.oracles.orders import persons_orders
from tests.oracles.policy import CHURNED, DEFAULT, DORMANT, Policy
from tests.oracles.warnings import WATCHED, Flags, Warned

RECENCY = "recency"
Row = tuple[str, str, float, float | None, str]


@dataclass
class Counted:
    """What came of the warnings of one signal; numbers are of members, runs and lapses."""

    members: int = 0
    gone: int = 0
    runs: int = 0
    false: int = 0
    leads: list[int] = field(default_factory=list)
    at_last_order: int = 0


@dataclass(frozen=True)
class Lapse:
    """Somebody whom nobody watches any more from a day on."""

    person: str
    last_order: date
    day: date


class Trial:
    """The orders, the signals day by day, and the days of the trial."""

    def __init__(self, known: Known, life: Lifecycle, warned: Warned, policy: Policy) -> None:
        row = policy.at(known.as_of)
        self.as_of, self.life, self.outcome = known.as_of, life, timedelta(row.outcome_days)
        self.length = timedelta(row.trial_days)
        self.places = {person: place for place, person in enumerate(life.persons)}
        self.dates: dict[str, list[date]] = defaultdict(list)
        for person, day in persons_orders(known).select("person", "order_date").iter_rows():
            self.dates[person].append(day)
        for days in self.dates.values():
            days.sort()
        holds = warned.holds
        others = [flags for reason, flags in holds.items() if reason != RECENCY]
        self.signals: dict[str, Flags] = {
            "any": np.any(list(holds.values()), axis=0),
            "any_but_recency": np.any(others, axis=0),
            **holds,
        }

    def is_tried(self, day: date) -> bool:
        """Whether what a warning of this day came to is known, and it is not too old."""
        last = self.as_of - self.outcome
        return last - self.length < day <= last

    def is_gone(self, person: str, day: date) -> bool:
        """Whether no order follows within the outcome days."""
        dates = self.dates[person]
        return bisect_right(dates, day + self.outcome) == bisect_right(dates, day)

    def runs(self, flags: Flags) -> Iterator[tuple[str, date]]:
        """First days of unbroken days, within the trial."""
        eve = np.vstack([np.zeros((1, flags.shape[1]), dtype=bool), flags[:-1]])
        for number, place in np.argwhere(flags & ~eve):
            day = self.life.days[number]
            if self.is_tried(day):
                yield self.life.persons[place], day

    def lapses(self) -> Iterator[Lapse]:
        """First days of dormant (or churned) persons who were watched on the eve."""
        watched = [CODES.index(stage) for stage in WATCHED]
        lapsed = [CODES.index(stage) for stage in (DORMANT, CHURNED)]
        stages = self.life.stages
        begins = np.isin(stages[1:], lapsed) & np.isin(stages[:-1], watched)
        for number, place in np.argwhere(begins):
            day, person = self.life.days[number + 1], self.life.persons[place]
            if self.as_of - self.length < day <= self.as_of:
                dates = self.dates[person]
                yield Lapse(person, dates[bisect_left(dates, day) - 1], day)


def counted(trial: Trial, risks: pl.DataFrame) -> tuple[dict[str, Counted], list[Lapse]]:
    """What came of each signal, and of all who are watched (`watched`); and all lapses."""
    found: dict[str, Counted] = defaultdict(Counted)
    first = trial.life.days[0]
    levels: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for end, person, level in risks.select("as_of_date", "person", "risk_level").iter_rows():
        levels[person].append((end, f"level_{level}"))
        if not trial.is_tried(end):
            continue
        number, place = (end - first).days, trial.places[person]
        holding = [name for name, flags in trial.signals.items() if flags[number, place]]
        for name in ("watched", f"level_{level}", *holding):
            found[name].members += 1
            found[name].gone += trial.is_gone(person, end)
    for name, flags in trial.signals.items():
        if name == "any_but_recency":
            continue
        for person, day in trial.runs(flags):
            found[name].runs += 1
            found[name].false += not trial.is_gone(person, day)
    lapses = list(trial.lapses())
    for lapse in lapses:
        told: dict[str, list[date]] = defaultdict(list)
        for end, name in levels[lapse.person]:
            if lapse.last_order <= end < lapse.day and name != "level_0":
                told[name].append(end)
        start, stop = (lapse.last_order - first).days, (lapse.day - first).days
        for name, flags in trial.signals.items():
            mine = np.flatnonzero(flags[start:stop, trial.places[lapse.person]])
            told[name] += [lapse.last_order + timedelta(int(days)) for days in mine[:1]]
        for name, days in told.items():
            if days:
                found[name].leads.append((lapse.day - min(days)).days)
                found[name].at_last_order += min(days) == lapse.last_order
    return found, lapses


def figures(found: dict[str, Counted], lapses: int) -> Iterator[Row]:
    """Signal, metric, value, baseline value and baseline."""
    everybody, late = found.get("watched", Counted()), found.get(RECENCY, Counted())
    for name, one in found.items():
        if name == "watched":
            continue
        if one.members:
            base = everybody.gone / everybody.members
            yield name, "gone_share", one.gone / one.members, base, "all_watched"
            yield name, "member_months", float(one.members), None, "none"
            if everybody.gone:
                chance = one.members / everybody.members
                yield name, "recall", one.gone / everybody.gone, chance, "chance"
        if one.runs:
            base_share = late.false / late.runs if late.runs else None
            yield name, "false_share", one.false / one.runs, base_share, RECENCY
            yield name, "warnings", float(one.runs), None, "none"
        if one.leads:
            leads = late.leads
            for metric, value, baseline in (
                ("warned_share", len(one.leads) / lapses, len(leads) / lapses),
                ("lead_days", median(one.leads), median(leads) if leads else None),
                (
                    "warned_at_last_order_share",
                    one.at_last_order / lapses,
                    late.at_last_order / lapses,
                ),
            ):
                yield name, metric, value, baseline if leads else None, RECENCY
    if lapses:
        yield "any", "lapses", float(lapses), None, "none"


def warning_figures(
    known: Known,
    life: Lifecycle,
    warned: Warned,
    risks: pl.DataFrame,
    policy: Policy = DEFAULT,
) -> pl.DataFrame:
    """Return the columns of int_insight__warning_figures."""
    rows: list[Row] = []
    if warned.holds:
        found, lapses = counted(Trial(known, life, warned, policy), risks)
        rows = list(figures(found, len(lapses)))
    return pl.DataFrame(
        rows,
        schema={
            "signal": pl.String,
            "metric": pl.String,
            "value": pl.Float64,
            "baseline_value": pl.Float64,
            "baseline": pl.String,
        },
        orient="row",
    )
