"""Recommendations in SQL beside plain loops over the purchases of random people."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from tests.identity.harness import Models

AS_OF = date(2025, 6, 30)
HISTORY, HORIZON, HALF_LIFE = 200, 20, 60.0
PAIRED, SUPPORT, SHRINKAGE, PER_PRODUCT, ANCHORS, POPULAR = 6, 3, 2, 3, 2, 8
POLICY = (
    f"select date '1900-01-01' as valid_from, {HISTORY} as history_days, {HORIZON} as horizon_days,"
    f" {HALF_LIFE}::double as half_life_days, {PAIRED} as paired_products, 1000000 as learnt_pairs,"
    f" {SUPPORT} as min_support, {SHRINKAGE} as shrinkage, {PER_PRODUCT} as pairs_per_product,"
    f" {ANCHORS} as anchor_products, {POPULAR} as popular_products, 3 as categories, 2 as benefits,"
    " 20.0::double as like_members, 50000 as trial_people"
)
MODELS = (
    "int_insight__recommendation_days",
    "int_insight__product_histories",
    "int_insight__product_popularity",
    "int_insight__recommendation_sizes",
    "int_insight__product_pairs",
    "int_insight__unwanted_products",
    "int_insight__product_candidates",
    "int_insight__recommendation_figures",
)


def category_of(product: str) -> str:
    """Four products a category."""
    return f"c{int(product[1:]) // 4}"


@dataclass(frozen=True)
class Shop:
    """Purchases (person, product, day, returned) and, of person and category, days until due."""

    lines: list[tuple[str, str, date, bool]]
    shortest: dict[tuple[str, str], float]
    inactive: str = "p3"


def random_shop(seed: int) -> Shop:
    """Sixty people who mostly go on from a product to the next one, or buy it again."""
    rng = np.random.default_rng(seed)
    lines = []
    for number in range(60):
        product = int(rng.integers(0, 24))
        for gap in rng.integers(0, 45, rng.integers(1, 16)).cumsum():
            day = AS_OF - timedelta(days=230) + timedelta(days=int(gap))
            if day <= AS_OF:
                lines.append((f"n{number:02}", f"p{product}", day, bool(rng.random() < 0.12)))
            product = (product + int(rng.integers(0, 3)) ** 2) % 24
    # The edges of the windows: the last day that counts, and the first that does not.
    for back in (0, HORIZON - 1, HORIZON, HORIZON + 1, 2 * HORIZON, HISTORY - 1, HISTORY):
        lines.append(("n98", "p1", AS_OF - timedelta(days=back), False))
        lines.append(("n99", "p2", AS_OF - timedelta(days=HORIZON + back), False))
    people = sorted({line[0] for line in lines})
    pairs = [(person, f"c{n}") for person in people for n in range(6)]
    shortest = {pair: float(rng.uniform(1, 90)) for pair in pairs}
    return Shop(lines, shortest)


@dataclass
class Oracle:
    """What is recommended on a day, by loops."""

    shop: Shop
    day: date
    kept: dict[str, dict[str, list[date]]] = field(default_factory=dict)
    later: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept: dict[str, dict[str, set[date]]] = defaultdict(lambda: defaultdict(set))
        later: dict[str, set[str]] = defaultdict(set)
        for person, product, day, is_returned in self.shop.lines:
            if is_returned or day <= self.day - timedelta(days=HISTORY):
                continue
            if day <= self.day:
                kept[person][product].add(day)
            elif day <= self.day + timedelta(days=HORIZON):
                later[person].add(product)
        self.kept = {
            person: {product: sorted(days) for product, days in products.items()}
            for person, products in kept.items()
        }
        self.later = dict(later)
        recent = self.day - timedelta(days=HORIZON)
        self.buyers: dict[str, int] = defaultdict(int)
        fresh: dict[str, int] = defaultdict(int)
        active = set()
        for person, products in self.kept.items():
            for product, days in products.items():
                self.buyers[product] += 1
                if days[-1] > recent:
                    fresh[product] += 1
                    active.add(person)
        self.popularity = {
            product: fresh[product] / len(active) if active else 0.0
            for product in self.buyers
            if product != self.shop.inactive
        }
        self.popular = sorted(self.popularity, key=lambda one: (-self.popularity[one], one))
        self.pairs = self.learn()

    def learn(self) -> dict[str, dict[str, float]]:
        """Of each product the best ones to go on to, with their scores."""
        taught = {}
        for person, products in self.kept.items():
            spread = [
                one for one in products if one in self.popularity and self.buyers[one] >= SUPPORT
            ]
            spread.sort(key=lambda one: (-self.buyers[one], one))
            if spread:
                taught[person] = {one: products[one][0] for one in spread[:PAIRED]}
        count: dict[str, int] = defaultdict(int)
        both: dict[tuple[str, str], int] = defaultdict(int)
        for firsts in taught.values():
            for one, day in firsts.items():
                count[one] += 1
                for other, other_day in firsts.items():
                    both[one, other] += day < other_day
        found: dict[str, dict[str, float]] = defaultdict(dict)
        for (one, other), people in both.items():
            chance = count[one] * count[other] / 2 / len(taught)
            lift = (people + SHRINKAGE) / (chance + SHRINKAGE)
            if people >= SUPPORT and lift > 1 and self.popularity[other] > 0:
                found[one][other] = lift * self.popularity[other]
        return {
            one: dict(sorted(others.items(), key=lambda pair: (-pair[1], pair[0]))[:PER_PRODUCT])
            for one, others in found.items()
        }

    def is_unwanted(self, person: str, product: str) -> bool:
        """Not due within the horizon, or returned and not kept since."""
        category = category_of(product)
        bought = [
            day
            for who, what, day, is_returned in self.shop.lines
            if who == person
            and category_of(what) == category
            and day <= self.day
            and not is_returned
        ]
        if bought:
            due = max(bought) + timedelta(days=math.floor(self.shop.shortest[person, category]))
            if due > self.day + timedelta(days=HORIZON):
                return True
        returned = [
            day
            for who, what, day, is_returned in self.shop.lines
            if who == person and what == product and is_returned and day <= self.day
        ]
        kept = self.kept[person].get(product, [date.min])
        return bool(returned) and kept[-1] <= max(returned)

    def recommended(self, person: str) -> list[tuple[str, str, str | None, float]]:
        """Product, reason, because of which product, score: the ten best."""
        mine = self.kept[person]
        found: list[tuple[str, str, str | None, float]] = []
        for product, days in mine.items():
            if product in self.popularity:
                weight = sum(0.5 ** ((self.day - day).days / HALF_LIFE) for day in days)
                own = weight * HORIZON * math.log(2) / HALF_LIFE
                found.append((product, "again", None, own + self.popularity[product]))
        anchors = sorted(mine, key=lambda one: (-mine[one][-1].toordinal(), -len(mine[one]), one))
        offers: dict[str, tuple[float, str]] = {}
        for anchor in sorted(anchors[:ANCHORS]):
            for product, score in self.pairs.get(anchor, {}).items():
                if product not in mine and score > offers.get(product, (0.0, ""))[0]:
                    offers[product] = (score, anchor)
        found += [(one, "bought_next", anchor, score) for one, (score, anchor) in offers.items()]
        known = {one[0] for one in found}
        found = [one for one in found if not self.is_unwanted(person, one[0])]
        found = sorted(found, key=lambda one: (-one[3], one[0]))[:10]
        for product in self.popular[:POPULAR]:
            is_new = product not in known and self.popularity[product] > 0
            if len(found) < 10 and is_new and not self.is_unwanted(person, product):
                found.append((product, "popular", None, self.popularity[product]))
        return found

    def figures(self) -> dict[str, float]:
        """The model's and both baselines' figures of the trial."""
        told = {person: [one[0] for one in self.recommended(person)] for person in self.kept}
        told = {person: products for person, products in told.items() if products}
        last = {
            person: sorted(mine, key=lambda one: (-mine[one][-1].toordinal(), one))[:10]
            for person, mine in self.kept.items()
            if person in told
        }
        buyers = [person for person in told if self.later.get(person)]
        popular = dict.fromkeys(buyers, self.popular[:10])
        found: dict[str, float] = {"people": len(buyers)}
        for side, said in (("model", told), ("popularity", popular), ("repeat_last", last)):
            hits = [len(self.later[one] & set(said[one])) for one in buyers]
            shares = [hit / len(self.later[one]) for hit, one in zip(hits, buyers, strict=True)]
            found[f"{side} recall_at_10"] = float(np.mean(shares))
            found[f"{side} hit_rate_at_10"] = float(np.mean([hit > 0 for hit in hits]))
            variety = {one for products in said.values() for one in products}
            found[f"{side} coverage"] = len(variety) / len(self.buyers)
        return found


def run_sql(shop: Shop) -> Models:
    """Run the models over the shop."""
    run = Models()
    run.table("recommendation_policy", POLICY)
    frame = pl.DataFrame(
        [
            (f"o{number}", "1", *line[:3], category_of(line[1]), line[3])
            for number, line in enumerate(shop.lines)
        ],
        schema=[
            "order_id", "line_no", "one_id", "product_id", "order_date", "category_id", "is_back",
        ],
        orient="row",
    )  # fmt: skip
    run.connection.register("shop_lines", frame)
    run.table("fct_order_lines", "select *, true as is_valid, 1 as quantity from shop_lines")
    run.table("int_insight__kept_lines", "select * from shop_lines where not is_back")
    run.table("stg_commerce__orders", "select 'none' as order_id, true as is_gift")
    run.table(
        "dim_product",
        "select distinct product_id, category_id,"
        f" product_id <> '{shop.inactive}' as is_active from shop_lines",
    )
    run.frame(
        "shortest",
        [(*pair, days) for pair, days in shop.shortest.items()],
        {"one_id": str, "category_id": str, "shortest_days": float},
    )
    # Of each series every purchase as the trial sees it, and the last one as the forecast.
    run.table(
        "int_insight__replenishment_expectations",
        """
        with days as (
            select distinct one_id, category_id, order_date as purchase_date
            from ref.int_insight__kept_lines
        ),

        series as (
            select *, lead(purchase_date) over (
                partition by one_id, category_id order by purchase_date
            ) as next_date
            from days
        )

        select series.*, is_forecast, shortest_days
        from series
        inner join ref.shortest using (one_id, category_id)
        cross join (select unnest([true, false]) as is_forecast)
        where next_date is null or not is_forecast
        """,
    )
    run.run(*MODELS)
    return run


def place(one: tuple[str, str, str | None, float]) -> tuple[bool, float, str]:
    """The order of recommendations; scores that differ by how sums are rounded are equal."""
    product, reason, _, score = one
    return reason == "popular", -round(score, 12), product


@pytest.mark.parametrize("seed", [1, 2])
def test_sql_recommends_what_loops_do(seed: int) -> None:
    shop = random_shop(seed)
    run = run_sql(shop)
    reasons = set()
    for step, day in ((0, AS_OF), (1, AS_OF - timedelta(days=HORIZON))):
        oracle = Oracle(shop, day)
        pairs = run.connection.execute(
            "select product_id, next_product_id, score from ref.int_insight__product_pairs"
            " where step = ?",
            [step],
        ).fetchall()
        expected_pairs = {
            (one, other): score
            for one, others in oracle.pairs.items()
            for other, score in others.items()
        }
        assert {(one, other): score for one, other, score in pairs} == pytest.approx(expected_pairs)
        found = defaultdict(list)
        for person, *row in run.connection.execute(
            "select one_id, product_id, reason, because_product_id, score"
            " from ref.int_insight__product_candidates where step = ?"
            " order by one_id, product_rank",
            [step],
        ).fetchall():
            found[person].append(tuple(row))
        for person in oracle.kept:
            wanted = sorted(oracle.recommended(person), key=place)
            rows = sorted(found[person], key=place)
            assert [one[:3] for one in rows] == [one[:3] for one in wanted], person
            assert [one[3] for one in rows] == pytest.approx([one[3] for one in wanted])
            assert [one[3] for one in found[person]] == pytest.approx([one[3] for one in rows])
            reasons |= {one[1] for one in wanted}
    assert reasons == {"again", "bought_next", "popular"}
    figures = oracle.figures()
    measured = run.connection.execute(
        "select metric, baseline, value, baseline_value"
        " from ref.int_insight__recommendation_figures"
    ).fetchall()
    assert len(measured) == 7
    for metric, baseline, value, baseline_value in measured:
        name = metric.removesuffix("_over_last")
        assert value == pytest.approx(figures[name if name == "people" else f"model {name}"])
        if baseline != "none":
            assert baseline_value == pytest.approx(figures[f"{baseline} {name}"])


def test_as_many_teach_and_are_tried_as_the_policy_bounds() -> None:
    """Strides so that the pairs of all teachers, and all who are tried, come to the bounds."""
    run = run_sql(random_shop(1))
    days = "select * replace (300 as learnt_pairs, 7 as trial_people) from ref.days"
    run.table("days", "select * from ref.int_insight__recommendation_days")
    run.table("int_insight__recommendation_days", days)
    run.run("int_insight__recommendation_sizes")
    buyers = {
        (step, product): number
        for step, product, number in run.connection.execute(
            "select step, product_id, buyers from ref.int_insight__product_popularity"
        ).fetchall()
    }
    spread: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for step, person, product in run.connection.execute(
        "select step, one_id, product_id from ref.int_insight__product_histories"
        " where purchases > 0"
    ).fetchall():
        spread[step][person] += buyers.get((step, product), 0) >= SUPPORT
    expected = {
        step: (
            math.ceil(sum(math.comb(min(one, PAIRED), 2) for one in people.values()) / 300),
            math.ceil(len(people) / 7),
        )
        for step, people in spread.items()
    }
    strides = run.connection.execute("from ref.int_insight__recommendation_sizes").fetchall()
    assert {step: tuple(both) for step, *both in strides} == expected
    assert all(stride > 1 for both in expected.values() for stride in both)


MISTAKES = {
    "the first day of the history counts": (
        "purchases.order_date > days.h",
        "purchases.order_date >= days.h",
    ),
    "the day itself is later": (
        "order_date > days.evaluated_date",
        "order_date >= days.evaluated_date",
    ),
    "recent is a day longer": ("last_date > recent_after_date", "last_date >= recent_after_date"),
    "the same day is later": (
        "earlier.first_date < later.first_date",
        "earlier.first_date <= later.first_date",
    ),
    "support is one more": ("pairs.people >= policy", "pairs.people > policy"),
    "chance is not halved": ("next_buyers.buyers * 0.5", "next_buyers.buyers"),
    "due on the last day is not due": ("days.outcome_date < {{", "days.outcome_date <= {{"),
    "what was returned is recommended": (
        "kept.last_date <= last_returned",
        "kept.last_date > last_returned",
    ),
    "one more anchor": ("histories.anchor_rank <= policy", "histories.anchor_rank - 1 <= policy"),
    "what was bought is popular": ("and found.one_id is null", ""),
}


@pytest.mark.parametrize("change", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_shows(change: tuple[str, str]) -> None:
    """Each changes a text of one of the models; somewhere other rows come out."""

    def rows(run: Models) -> list[object]:
        tables = ("product_candidates", "product_pairs", "recommendation_figures")
        return [
            run.connection.execute(
                f"select * from ref.int_insight__{table} order by all"
            ).fetchall()
            for table in tables
        ]

    shop = random_shop(1)
    run = run_sql(shop)
    right = rows(run)
    changed = run.changed
    for model in MODELS:
        run.run(model, change=change)
    assert run.changed > changed
    assert rows(run) != right
