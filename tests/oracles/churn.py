"""insight.churn_reason_profile: person by person, reason by reason, from the definitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import pairwise

import polars as pl

from tests.oracles.days import add_months
from tests.oracles.landing import Known
from tests.oracles.lifecycle import Lifecycle
from tests.oracles.orders import as_money, persons_orders
from tests.oracles.policy import (
    AT_RISK,
    CHURN_ZH,
    CHURNED,
    DEFAULT,
    DORMANT,
    LIFE_STAGES,
    Policy,
    PolicyRow,
)
from tests.oracles.warnings import Warned, expected_interval, grouped

SILENT = (AT_RISK, DORMANT, CHURNED)


@dataclass(frozen=True)
class Reason:
    """A finding: how strong, and the facts."""

    strength: float
    day: date
    count: int
    limit: float | None = None
    cents: int | None = None
    text: str | None = None


@dataclass(frozen=True)
class Line:
    """A line of a valid order."""

    day: date
    product: str | None
    category: str | None
    cents: int


class Facts:
    """What the reasons look at, by person."""

    def __init__(self, known: Known, warned: Warned, row: PolicyRow, silent: Iterable[str]) -> None:
        self.known, self.warned, self.row = known, warned, row
        self.as_of = known.as_of
        orders = persons_orders(known).filter(pl.col("person").is_in(list(silent)))
        self.orders = grouped(orders.select("person", "order_date", "is_discounted"), 1)
        lines = known.lines.join(orders.select("order_id", "person", "order_date"), on="order_id")
        self.lines = {
            person: [Line(*line) for line in mine]
            for (person,), mine in grouped(
                lines.select("person", "order_date", "product_id", "category_id", "net_cents"), 1
            ).items()
        }
        self.tickets = grouped(known.tickets.select("person", "id", "date", "kind", "csat"), 1)
        self.offers = grouped(known.offers.select("person", "date"), 1)
        self.births = grouped(known.births.select("person", "attribute", "value"), 1)
        self.prices: dict[str, dict[date, int]] = defaultdict(dict)
        for product, day, cents in (
            known.prices.sort("valid_from")
            .select("product_id", "from_date", "price_cents")
            .iter_rows()
        ):
            self.prices[product][day] = cents  # the last of a day stays
        self.places = {person: place for place, person in enumerate(warned.persons)}


def bad_service(facts: Facts, person: str, last: date) -> Iterator[Reason]:
    """Complaints and bad ratings around the last order."""
    row = facts.row
    for number, day, kind, csat in facts.tickets[(person,)]:
        is_bad = kind == "complaint" or (csat is not None and csat <= row.bad_csat)
        after = (day - last).days
        if is_bad and -row.service_before <= after <= row.service_after:
            longest = max(row.service_before, row.service_after)
            yield Reason(1 - abs(after) / (longest + 1), day, abs(after), csat, text=number)


def end_of_need(facts: Facts, person: str, category: str) -> date | None:
    """Return when a person no longer needs a category, as far as is known."""
    ends = []
    for attribute, of_category, months in LIFE_STAGES:
        born = [value for code, value in facts.births[(person,)] if code == attribute and value[:4]]
        if of_category == category and born:
            year, month, _ = map(int, max(born).split("-"))
            ends.append(add_months(date(year, month, 1), months))
    return min((end for end in ends if end <= facts.as_of), default=None)


def categories(facts: Facts, person: str, last: date, code: str) -> Iterator[Reason]:
    """Categories that are overdue, before the last order or since, or that somebody grew out of."""
    lines = [line for line in facts.lines.get(person, []) if line.category]
    total = sum(line.cents for line in lines)
    for category in {line.category for line in lines if line.category}:
        mine = [line for line in lines if line.category == category]
        dates = sorted({line.day for line in mine})
        end = end_of_need(facts, person, category)
        share = sum(line.cents for line in mine) / total if total else 0.0
        since = (facts.as_of - dates[-1]).days
        if end is not None and 0 < (end - dates[-1]).days <= facts.row.life_stage:
            if code == "life_stage_end":
                yield Reason(share, end, (facts.as_of - end).days, text=category)
            continue
        numbers = [day.toordinal() for day in dates]
        cycle = facts.known.cycles.get(category)
        interval = expected_interval(numbers[0], numbers[-1], len(numbers), cycle, facts.row)
        if interval is None or since <= facts.row.overdue_times * interval:
            continue
        is_first = (last - dates[-1]).days > facts.row.overdue_times * interval
        if code == ("category_stopped" if is_first else "category_overdue"):
            yield Reason(share, dates[-1], since, interval, text=category)


def price_rise(facts: Facts, person: str, last: date) -> Iterator[Reason]:
    """The favourite became dearer after it was last bought, around the last order."""
    amounts: dict[str, int] = defaultdict(int)
    for line in facts.lines.get(person, []):
        if line.product:
            amounts[line.product] += line.cents
    if not amounts:
        return
    favourite = min(amounts, key=lambda product: (-amounts[product], product))
    bought = max(line.day for line in facts.lines[person] if line.product == favourite)
    prices = sorted(facts.prices[favourite].items())
    for (_, before), (day, price) in pairwise(prices):
        is_near = -facts.row.price_before <= (day - last).days <= facts.row.price_after
        if is_near and bought < day <= facts.as_of and price > before:
            strength = min(1.0, (price - before) / before / facts.row.full_rise)
            since = (facts.as_of - day).days
            yield Reason(strength, day, since, before / 100, price, favourite)
            return


def out_of_promotion(facts: Facts, person: str, last: date) -> Iterator[Reason]:
    """Bought on promotion, and was sent none since."""
    orders = facts.orders[(person,)]
    discounted = sum(is_discounted for _, is_discounted in orders)
    is_bent = discounted >= facts.row.promotion_share * len(orders)
    is_offered = any(day > last for (day,) in facts.offers[(person,)])
    if len(orders) >= facts.row.promotion_orders and is_bent and not is_offered:
        yield Reason(discounted / len(orders), last, discounted, len(orders))


def social_cooling(facts: Facts, person: str, last: date) -> Iterator[Reason]:
    """Had cooled in communities before the last order."""
    days, flags = facts.warned.days, facts.warned.holds["social_cooling"]
    mine = {day for day, cold in zip(days, flags[:, facts.places[person]], strict=True) if cold}
    for start in sorted(day for day in mine if day - timedelta(days=1) not in mine):
        end = start
        while end in mine:
            end += timedelta(days=1)
        if start <= last and end > last - timedelta(days=facts.row.cooling_before):
            yield Reason(1.0, start, (facts.as_of - start).days)


REASONS: dict[str, tuple[float, Callable[[Facts, str, date], Iterator[Reason]]]] = {
    "bad_service": (1.0, bad_service),
    "life_stage_end": (0.9, partial(categories, code="life_stage_end")),
    "category_stopped": (0.8, partial(categories, code="category_stopped")),
    "price_rise": (0.7, price_rise),
    "out_of_promotion": (0.6, out_of_promotion),
    "social_cooling": (0.5, social_cooling),
    "category_overdue": (0.3, partial(categories, code="category_overdue")),
}


def churn_reason_profile(
    known: Known, life: Lifecycle, warned: Warned, policy: Policy = DEFAULT
) -> pl.DataFrame:
    """Return the columns of insight.churn_reason_profile, with `person` in place of `one_id`."""
    rows = []
    stages = life.stages_at(known.as_of)
    silent = [
        (person, stage, last)
        for person, stage, last in zip(life.persons, stages, life.last, strict=True)
        if stage in SILENT and last is not None
    ]
    facts = Facts(known, warned, policy.at(known.as_of), (person for person, *_ in silent))
    for person, stage, last in silent:
        found = {
            code: sorted(
                ask(facts, person, last),
                key=lambda one: (-one.strength, -one.day.toordinal(), one.text or ""),
            )
            for code, (_, ask) in REASONS.items()
        }
        scored = [
            (REASONS[code][0] * reasons[0].strength, code, reasons)
            for code, reasons in found.items()
            if reasons
        ]
        if not scored:
            nothing = Reason(0.0, last, (known.as_of - last).days)
            scored = [(0.0, "unexplained", [nothing])]
        scored.sort(key=lambda one: -one[0])  # stable: of equals in the order of REASONS
        for rank, (score, code, reasons) in enumerate(scored, start=1):
            one = reasons[0]
            rows.append(
                (
                    known.as_of,
                    person,
                    rank,
                    stage,
                    code,
                    CHURN_ZH[code],
                    score,
                    len(reasons),
                    one.day,
                    one.count,
                    one.limit,
                    one.cents,
                    one.text,
                )
            )
    frame = pl.DataFrame(
        rows,
        schema={
            "as_of_date": pl.Date,
            "person": pl.String,
            "rank": pl.Int64,
            "lifecycle_stage": pl.String,
            "reason_code": pl.String,
            "reason_zh": pl.String,
            "score": pl.Float64,
            "findings": pl.Int64,
            "evidence_date": pl.Date,
            "evidence_count": pl.Int64,
            "evidence_limit": pl.Float64,
            "evidence_cents": pl.Int64,
            "evidence_text": pl.String,
        },
        orient="row",
    )
    return frame.with_columns(as_money("evidence_cents").alias("evidence_amount")).drop(
        "evidence_cents"
    )
