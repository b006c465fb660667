"""Profiles and tags in SQL beside the oracle, over the facts of random people, and with mistakes.

Days and hours of facts lie at the edges of the window, of the business date and of prices more
often than chance would have it; few values make for many ties.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from tests.identity.harness import Models
from tests.oracles.profile import Result, differences, expected, history_differences

AS_OF = date(2025, 6, 30)
ZONE = ZoneInfo("Asia/Shanghai")
MODELS = (
    "int_insight__price_spells",
    "int_insight__profile_days",
    "int_insight__category_interests",
    "int_insight__profile_orders",
    "int_core__deeds",
    "fct_deeds",
    "int_insight__profile_deeds",
    "int_insight__motivations",
    "int_insight__profile_metrics",
    "int_insight__tags",
    "int_insight__tag_spells",
    "member_interests",
    "member_profile",
    "member_tags",
    "member_tag_history",
)
PEOPLE = 90
TASKS = {
    # The days of its start and end, before as_of; none: it always was, or still is open.
    "t-ever": (None, None),
    "t-now": (0, None),
    "t-first-day": (400, 364),
    "t-over": (400, 365),
    "t-later": (-1, None),
    "t-short": (200, 190),
}
PRODUCTS = {"p-cream": "cream", "p-mask": "mask", "p-lip": "lip", "p-serum": "serum"}
PRICES = {
    # Days before as_of and prices; of two on one day the later counts.
    "p-cream": ((500, 100), (100, 90), (60, 95), (30, 80), (29, 70)),
    "p-mask": ((200, 50), (40, 40), (40, 60)),
    "p-lip": ((120, 30), (90, 20)),
    "p-serum": ((365, 90),),
}
OFFERS = ("discount", "points", "gift", "content", "other")
POSTS = ("ugc_photo", "review", "story", "forward", "other")
TEXT, WHOLE, MONEY, FLAG, INSTANT = (
    pl.String, pl.Int64, pl.Decimal(18, 2), pl.Boolean, pl.Datetime("us"),
)  # fmt: skip


class World:
    """The facts of people, of whom some are tests or staff, table by table."""

    def __init__(self, seed: int, people: int = PEOPLE) -> None:
        self.rng = np.random.default_rng(seed)
        self.tables: dict[str, list[tuple[object, ...]]] = {name: [] for name in SCHEMAS}
        self.numbers = iter(range(10**6))
        for task, (starts, ends) in TASKS.items():
            span = [None if days is None else self.instant(days, 12) for days in (starts, ends)]
            self.tables["stg_loyalty__tasks"].append((task, *span))
        self.tables["dim_product"] = list(PRODUCTS.items())
        for product, changes in PRICES.items():
            for hour, (days, price) in enumerate(changes):
                changed = self.instant(days, 1 + hour)
                self.tables["stg_catalog__price_changes"].append((product, Decimal(price), changed))
        for offer in OFFERS:
            self.tables["stg_campaigns__campaigns"].append((f"c-{offer}", offer))
        for number in range(people):
            self.add_person(f"n{number:02}", is_test=number % 15 == 7, is_staff=number % 15 == 11)

    def instant(self, days: int, hour: int) -> datetime:
        """An hour of a business date, so many days before as_of, in UTC."""
        local = datetime.combine(AS_OF - timedelta(days=days), time(hour), ZONE)
        return local.astimezone(UTC).replace(tzinfo=None)

    def moments(self, mean: float, span: int = 380) -> Iterator[tuple[date, datetime]]:
        """The business dates and times of about so many facts."""
        for _ in range(self.rng.poisson(mean)):
            edge = self.rng.random() < 0.15
            days = int(self.rng.choice([-1, 0, 364, 365]) if edge else self.rng.integers(0, span))
            # An early hour of the business zone lies on the day before in UTC.
            hour = int(self.rng.choice([3, 9, 10, 21]))
            yield AS_OF - timedelta(days=days), self.instant(days, hour)

    def pick(self, *values: str | None) -> str | None:
        return values[int(self.rng.integers(len(values)))]

    def add_records(self, one: str, *, is_test: bool = False, is_staff: bool = False) -> None:
        """Somebody with a card, a contact and two accounts, which are named like them."""
        self.tables["dim_member"].append((one, is_test, is_staff))
        for kind in ("crm.members", "wecom.contacts", "mini_program.users", "app.users"):
            self.tables["int_identity__record_persons"].append((f"{kind}:{one}", one))
        if not is_test and not is_staff:
            self.tables["member_lifecycle"].append((AS_OF, one, "active"))

    def add_person(self, one: str, *, is_test: bool, is_staff: bool) -> None:
        rows = self.tables
        self.add_records(one, is_test=is_test, is_staff=is_staff)
        zeal = dict.fromkeys(("orders", "looks", "talk", "posts", "offers", "tasks"), 0.0)
        for part in zeal:
            zeal[part] = float(self.rng.choice([0.0, 0.6, 3.0, 9.0]))
        thrift = float(self.rng.choice([0.0, 0.3, 0.9]))
        favourite, loyal = self.pick(*PRODUCTS), self.pick("app", "pos", "tmall")
        # Of prices that fell, the days around their start and after their first days.
        for days in (101, 100, 71, 70, 40, 30, 29, 0) if thrift and zeal["orders"] else ():
            day, at = AS_OF - timedelta(days=days), self.instant(days, 10)
            self.add_order(one, day, at, "pos", thrift, "p-cream")
        for day, at in self.moments(zeal["orders"]):
            channel = loyal if self.rng.random() < 0.7 else self.pick("website", "app")
            self.add_order(one, day, at, channel, thrift, favourite)
        for day, at in self.moments(2 * zeal["looks"]):
            self.add_event(one, day, at, favourite)
        for _, at in self.moments(2 * zeal["talk"]):
            rows["stg_wecom__messages"].append((one, self.pick("in", "in", "out"), at))
        for _, at in self.moments(zeal["posts"]):
            rows["stg_community__posts"].append((one, self.pick(*POSTS), at))
        for _, at in self.moments(zeal["posts"] / 2):
            rows["stg_service__surveys"].append((one, at))
        for _, at in self.moments(zeal["offers"]):
            rows["stg_coupons__coupons"].append((one, at if self.rng.random() < 0.5 else None))
        for _, at in self.moments(zeal["offers"]):
            reason = self.pick("redeem", "referral", "task", "purchase")
            rows["stg_loyalty__points_transactions"].append((one, reason, at))
        for _, at in self.moments(zeal["offers"]):
            send = f"s{next(self.numbers)}"
            rows["stg_campaigns__sends"].append((send, f"c-{self.pick(*OFFERS)}", one))
            kind = self.pick("click", "click", "open")
            rows["stg_campaigns__engagements"].append((send, kind, at))
        for _, at in self.moments(2 * zeal["tasks"]):
            task = self.pick(*TASKS, "t-unknown")
            rows["stg_loyalty__task_completions"].append((one, task, at))

    def add_order(
        self,
        one: str,
        day: date,
        at: datetime,
        channel: str | None,
        thrift: float,
        product: str | None,
    ) -> None:
        order, is_valid = f"o{next(self.numbers)}", bool(self.rng.random() < 0.9)
        discounted, coupon = (bool(self.rng.random() < thrift) for _ in range(2))
        self.tables["fct_orders"].append(
            (order, one, day, is_valid, channel, at, discounted, coupon and discounted)
        )
        for line in range(int(self.rng.integers(0, 4))):
            bought = product if line == 0 else self.pick(*PRODUCTS, "p-gone")
            paid = Decimal(int(self.rng.choice([0, 10, 20, 90])))
            promotion, by_coupon = (
                Decimal(int(self.rng.choice([1, 2, 5]))) if discounted else None for _ in range(2)
            )
            self.tables["fct_order_lines"].append(
                (
                    order, line, one, day, is_valid, bought, PRODUCTS.get(bought or ""), paid,
                    promotion, by_coupon,
                )
            )  # fmt: skip

    def add_event(self, one: str, day: date, at: datetime, favourite: str | None) -> None:
        event, channel = f"e{next(self.numbers)}", self.pick("mini_program", "app", "website")
        kind = self.pick("view", "view", "add_to_cart", "open", "share", "search")
        product = favourite if self.rng.random() < 0.5 else self.pick(*PRODUCTS, "p-gone", None)
        category = self.pick("lip", "mask") if self.rng.random() < 0.3 else None
        self.tables["fct_events"].append((channel, event, one, kind, product, category, at, day))
        if channel in {"mini_program", "app"}:
            content = self.pick("story", "guide", "video", None, None) if kind != "open" else None
            self.tables[f"stg_{channel}__events"].append((event, one, content, day))

    def load(self) -> Models:
        """The tables, and the models run over them."""
        run = Models()
        run.connection.execute("set threads = 1")
        for name, columns in SCHEMAS.items():
            run.frame(name, self.tables[name], columns)
        for name, keys in KEYS.items():
            run.table(name, f"select *, {keys} from ref.{name}")
        run.table(
            "oneid_map",
            "select split_part(source_record_key, '.', 1) as source_system,"
            " split_part(source_record_key, ':', 2) as source_key, one_id"
            " from ref.int_identity__record_persons",
        )
        run.policy("profile_policy", "tag_rules")
        run.table(
            "int_insight__month_ends",
            "select cast(day as date) as month_start_date,"
            " last_day(cast(day as date)) as month_end_date"
            " from generate_series(date '2023-01-01', date '2025-06-01', interval 1 month)"
            " as months (day)",
        )
        run.run(*MODELS)
        return run


SCHEMAS: dict[str, dict[str, object]] = {
    "dim_member": {"one_id": TEXT, "is_test": FLAG, "is_staff": FLAG},
    "int_identity__record_persons": {"source_record_key": TEXT, "one_id": TEXT},
    "member_lifecycle": {"as_of_date": pl.Date, "one_id": TEXT, "lifecycle_stage": TEXT},
    "dim_product": {"product_id": TEXT, "category_id": TEXT},
    "stg_catalog__price_changes": {"product_id": TEXT, "price": MONEY, "valid_from": INSTANT},
    "fct_orders": {
        "order_id": TEXT, "one_id": TEXT, "order_date": pl.Date, "is_valid": FLAG,
        "order_channel": TEXT, "ordered_at": INSTANT, "is_discounted": FLAG,
        "is_coupon_used": FLAG,
    },
    "fct_order_lines": {
        "order_id": TEXT, "line_no": WHOLE, "one_id": TEXT, "order_date": pl.Date,
        "is_valid": FLAG, "product_id": TEXT, "category_id": TEXT, "net_amount": MONEY,
        "promotion_discount": MONEY, "coupon_discount": MONEY,
    },
    "fct_events": {
        "event_channel": TEXT, "event_id": TEXT, "one_id": TEXT, "event_type": TEXT,
        "product_id": TEXT, "category_id": TEXT, "occurred_at": INSTANT, "event_date": pl.Date,
    },
    "stg_mini_program__events": {
        "event_id": TEXT, "openid": TEXT, "content_type": TEXT, "event_date": pl.Date,
    },
    "stg_app__events": {
        "event_id": TEXT, "app_user_id": TEXT, "content_type": TEXT, "event_date": pl.Date,
    },
    "stg_wecom__messages": {"external_userid": TEXT, "direction": TEXT, "occurred_at": INSTANT},
    "stg_community__posts": {"member_no": TEXT, "kind": TEXT, "posted_at": INSTANT},
    "stg_service__surveys": {"member_no": TEXT, "responded_at": INSTANT},
    "stg_coupons__coupons": {"member_no": TEXT, "claimed_at": INSTANT},
    "stg_loyalty__points_transactions": {
        "member_no": TEXT, "reason": TEXT, "occurred_at": INSTANT,
    },
    "stg_campaigns__campaigns": {"campaign_id": TEXT, "offer_kind": TEXT},
    "stg_campaigns__sends": {"send_id": TEXT, "campaign_id": TEXT, "member_no": TEXT},
    "stg_campaigns__engagements": {
        "send_id": TEXT, "engagement_type": TEXT, "occurred_at": INSTANT,
    },
    "stg_loyalty__tasks": {"task_id": TEXT, "starts_at": INSTANT, "ends_at": INSTANT},
    "stg_loyalty__task_completions": {
        "member_no": TEXT, "task_id": TEXT, "completed_at": INSTANT,
    },
}  # fmt: skip

KEYS = {
    "stg_community__posts": "'p' || row_number() over () as post_id",
    "stg_wecom__messages": "'m' || row_number() over () as message_id, 'text' as kind",
    "stg_loyalty__task_completions": "'t' || row_number() over () as completion_id",
    "stg_loyalty__points_transactions": "'x' || row_number() over () as transaction_id",
    "stg_campaigns__engagements": "'e' || row_number() over () as engagement_id",
}
"""What the sources have besides, of which no profile knows."""


def place_of(name: str) -> str:
    """Where the harness has a table."""
    return f"ref.{name}"


@cache
def world() -> tuple[Models, Result]:
    """The models over the people, and what the oracle says of them."""
    run = World(1).load()
    return run, expected(run.connection, str(ZONE), place_of)


def problems(run: Models, result: Result) -> list[str]:
    """Where the models differ from the oracle."""
    marts = ("ref.member_profile", "ref.member_tags", "ref.member_interests")
    return [
        *differences(run.connection, result, *marts),
        *history_differences(run.connection, result, "ref.member_tag_history"),
    ]


def test_sql_tells_of_people_what_loops_do() -> None:
    run, result = world()
    assert problems(run, result) == []
    assert len(result.profiles) == PEOPLE - 2 * (PEOPLE // 15)
    tagged = run.rows("select tag_code, count(*) from ref.member_tags group by all")
    rules = {code for (code,) in run.rows("select tag_code from ref.tag_rules")}
    assert {code for code, _ in tagged} == rules
    assert all(0 < number < len(result.profiles) for _, number in tagged)


MISTAKES = {
    "an interest of the first day is the day before": (
        "events.event_date as fact_date",
        (
            "case when events.event_date = date '2024-07-01' then date '2024-06-30'"
            " else events.event_date end as fact_date"
        ),
    ),
    "an interest of the day before the window": (
        "facts.fact_date > days.window_opens_after_date",
        "facts.fact_date >= days.window_opens_after_date",
    ),
    "interest in what comes after as_of": ("and facts.fact_date <= days.evaluated_date", ""),
    "interests do not fade": ("-0.6931471805599453 * half_lives", "0 * half_lives"),
    "interests fade by e": ("-0.6931471805599453 * half_lives", "-half_lives"),
    "a cart weighs as a view": ("* days.cart_weight", "* days.view_weight"),
    "an event has no category but its product's": (
        "coalesce(events.category_id, products.category_id)",
        "products.category_id",
    ),
    "an event has no category but its own": (
        "coalesce(events.category_id, products.category_id)",
        "events.category_id",
    ),
    "an order of the day before the window": (
        "daily.fact_date > days.window_opens_after_date",
        "daily.fact_date >= days.window_opens_after_date",
    ),
    "an order after as_of": ("and daily.fact_date <= days.evaluated_date", ""),
    "orders that are not valid": ("orders.is_valid\n        and orders.one_id", "orders.one_id"),
    "lines of orders that are not valid": ("where is_valid and one_id", "where one_id"),
    "the hour of an order in UTC": (
        "{{ business_hour('orders.ordered_at') }}",
        "cast(extract(hour from orders.ordered_at) as integer)",
    ),
    "the hour of an opening in UTC": (
        "{{ business_hour('occurred_at') }}",
        "cast(extract(hour from occurred_at) as integer)",
    ),
    "the date of a deed in UTC": (
        "{{ business_date(occurred_at) }}",
        "cast({{ occurred_at }} as date)",
    ),
    "coupons alone are discounts": (
        "coalesce(lines.promotion_discount, 0) + coalesce(lines.coupon_discount, 0)",
        "coalesce(lines.coupon_discount, 0)",
    ),
    "net amounts of known categories alone": (
        "when fact_code = 'paid'",
        "when fact_code = 'purchase'",
    ),
    "a discount of nothing but what was paid": ("sums.discount + sums.paid", "sums.paid"),
    "discounted orders are coupon orders": ("where is_coupon_used", "where is_discounted"),
    "a price is new for a day more": ("< days.price_fall_days", "<= days.price_fall_days"),
    "a rise is a fall": ("where price < previous_price", "where price > previous_price"),
    "a fall lasts when the price has changed": ("and lines.order_date < price_falls.to_date", ""),
    "of a day the first price": ("order by valid_from desc", "order by valid_from asc"),
    "discounts may weigh more than all": ("least(1, ", "greatest(0, "),
    "full depth is twice as deep": (
        "nullif(full_discount_share, 0)",
        "nullif(2 * full_discount_share, 0)",
    ),
    "of equals the greater": ("choice asc nulls last", "choice desc nulls last"),
    "the dates of all that were compared": (
        "        first_date,\n        last_date,\n        sum(facts) over",
        (
            "        min(first_date) over (partition by evaluated_date, one_id, metric_code)"
            " as first_date,\n"
            "        last_date,\n        sum(facts) over"
        ),
    ),
    "facts of the choice alone": (
        "sum(facts) over (partition by evaluated_date, one_id, metric_code) as facts",
        "facts",
    ),
    "content does not fade": (
        (
            "        weight,\n        first_date,\n        last_date\n    from deeds\n"
            "    where fact_code = 'content'"
        ),
        (
            "        facts,\n        first_date,\n        last_date\n    from deeds\n"
            "    where fact_code = 'content'"
        ),
    ),
    "tests and staff have part in means": (
        "and not members.is_test and not members.is_staff\n    group by",
        "and not members.is_staff\n    group by",
    ),
    "staff counts": ("not members.is_test and not members.is_staff", "not members.is_test"),
    "means of those with such a deed": (
        "avg(cast(social_facts as double))",
        "avg(nullif(cast(social_facts as double), 0))",
    ),
    "a motivation since any deed": (
        "motive,\n        min(first_date) as first_date",
        (
            "motive,\n        min(min(first_date)) over (partition by evaluated_date, one_id)"
            " as first_date"
        ),
    ),
    "a motivation until any deed": (
        "max(last_date) as last_date\n    from told",
        (
            "max(max(last_date)) over (partition by evaluated_date, one_id)"
            " as last_date\n    from told"
        ),
    ),
    "messages to the member count": ("where direction = 'in'", ""),
    "opening a message is a click": ("where engagements.engagement_type = 'click'", ""),
    "clicks on gifts are material": ("('discount', 'points')", "('discount', 'points', 'gift')"),
    "a post of another kind is emotional": (
        "in ('ugc_photo', 'review', 'story')\n                then",
        "<> 'forward'\n                then",
    ),
    "referrals are no deed": ("'redeem', 'referral'", "'redeem'"),
    "a forward is a contribution": (
        "fact_value in ('ugc_photo', 'review', 'story')\n    union",
        "fact_value in ('ugc_photo', 'review', 'story', 'forward')\n    union",
    ),
    "posts are no action": ("('share', 'post', 'message')", "('share', 'message')"),
    "referrals are no spread": ("or (fact_code = 'points' and fact_value = 'referral')", ""),
    "tasks that are not open count": (
        (
            "inner join tasks\n        on deeds.evaluated_date = tasks.evaluated_date"
            " and deeds.fact_value = tasks.task_id"
        ),
        (
            "inner join (select distinct evaluated_date, open_tasks from tasks) as tasks\n"
            "        on deeds.evaluated_date = tasks.evaluated_date"
        ),
    ),
    "every task is open": (
        "coalesce({{ business_date('tasks.ends_at') }} > days.window_opens_after_date, true)",
        "true",
    ),
    "a task that ended on the eve of the window is open": (
        "business_date('tasks.ends_at') }} > days",
        "business_date('tasks.ends_at') }} >= days",
    ),
    "a task that starts on as_of is not open": (
        "business_date('tasks.starts_at') }} <= days",
        "business_date('tasks.starts_at') }} < days",
    ),
    "a task without an end is over": (
        "> days.window_opens_after_date, true)",
        "> days.window_opens_after_date, false)",
    ),
    "a tag needs more than its limit": (
        "metrics.metric_value >= rules.at_least",
        "metrics.metric_value > rules.at_least",
    ),
    "a tag needs a fact more": (
        "metrics.facts >= rules.min_facts",
        "metrics.facts > rules.min_facts",
    ),
    "a tag needs no facts": ("and metrics.facts >= rules.min_facts", ""),
    "first is the last fact": (
        "tags.first_date as evidence_first_date",
        "tags.last_date as evidence_first_date",
    ),
    "since the first fact": ("spells.valid_from_date as since", "tags.first_date as since"),
    "a history of a month more": ("'-spans.history_months'", "'-spans.history_months - 1'"),
    "a history of a month less": ("'-spans.history_months'", "'1 - spans.history_months'"),
    "a history of days that are not over": (
        "month_ends.month_end_date as evaluated_date",
        "month_ends.month_start_date as evaluated_date",
    ),
    "since the judged day": (
        "coalesce({{ add_days('previous_date', 1) }}, evaluated_date) as from_date",
        "evaluated_date as from_date",
    ),
    "until the last judged day": (
        "{{ add_days('max(evaluated_date)', 1) }}",
        "{{ add_days('max(evaluated_date)', 0) }}",
    ),
    "a month without the tag does not end it": ("as run_number", "* 0 as run_number"),
    "another value does not end it": (
        "partition by tags.one_id, tags.tag_code, tags.tag_value\n",
        "partition by tags.one_id, tags.tag_code\n",
    ),
    "evidence of the last judged day": (
        (
            "partition by judged.one_id, judged.tag_code, judged.tag_value, judged.run_number\n"
            "            order by judged.evaluated_date nulls last"
        ),
        (
            "partition by judged.one_id, judged.tag_code, judged.tag_value, judged.run_number\n"
            "            order by judged.evaluated_date desc nulls last"
        ),
    ),
    "every begin is seen": ("previous_date is null as is_first", "false as is_first"),
    "of equal interests the greater": (
        "category_id asc nulls last",
        "category_id desc nulls last",
    ),
    "tests are interested": (
        "interests.interest_share is not null\n    and not members.is_test\n",
        "interests.interest_share is not null\n",
    ),
    "a cart is a view": (
        "('view', 'view'), ('add_to_cart', 'cart')",
        "('add_to_cart', 'view'), ('view', 'cart')",
    ),
}


@cache
def models_of_mistakes() -> Models:
    """Models of their own, which mistakes are made in."""
    return World(1).load()


@pytest.mark.parametrize("change", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_shows(change: tuple[str, str]) -> None:
    """Each changes a text of one of the models; somewhere the oracle then says otherwise."""
    run = models_of_mistakes()
    changed = run.changed
    run.run(*MODELS, change=change)
    assert run.changed > changed
    assert problems(run, world()[1])


def world_of_equals() -> World:
    """Three people: with one deed of each motive, with one of two of them, and with one of one."""
    equals = World(1, people=0)
    for one, motives in (("all", "mes"), ("rest", "es"), ("none", "m")):
        equals.add_records(one)
        at = equals.instant(5, 9)
        for motive in motives:
            name = {"m": "coupons__coupons", "e": "service__surveys", "s": "wecom__messages"}[
                motive
            ]
            equals.tables[f"stg_{name}"].append((one, *(["in"] if motive == "s" else []), at))
    return equals


ORDERS_OF_MOTIVES = {
    "as defined": "",
    "emotional before material": "material_score >= emotional_score",
    "social before material": "material_score >= social_score",
    "social before emotional": "emotional_score >= social_score",
}


@pytest.mark.parametrize("comparison", ORDERS_OF_MOTIVES.values(), ids=ORDERS_OF_MOTIVES)
def test_of_equal_motives_the_first_is_told(comparison: str) -> None:
    """Where a comparison leaves equals to the next motive, the oracle says otherwise."""
    run = world_of_equals().load()
    result = expected(run.connection, str(ZONE), place_of)
    assert problems(run, result) == []
    told = run.rows("select one_id, motivation from ref.member_profile order by one_id")
    assert told == [("all", "material"), ("none", "material"), ("rest", "emotional")]
    if comparison:
        changed = run.changed
        run.run(*MODELS, change=(comparison, comparison.replace(">=", ">")))
        assert run.changed > changed
        assert problems(run, result)


@pytest.mark.parametrize("is_exact", [True, False])
def test_half_of_all_content_is_half(is_exact: bool) -> None:
    """Of eight looks on one day four are at articles, whatever the day's weight is as a double."""
    halves = World(1, people=0)
    for days in range(60):
        one = f"n{days:02}"
        halves.add_records(one)
        for content in ("article",) * 4 + ("video",) * 3 + ("guide",):
            day = AS_OF - timedelta(days=days)
            halves.tables["stg_app__events"].append((content, one, content, day))
    run = halves.load()
    if not is_exact:
        run.run(*MODELS, change=("cast(weight as decimal(28, 12))", "weight"))
    told = run.rows(
        "select one_id from ref.member_tags where tag_value = 'article' and evidence_value = 0.5"
    )
    assert (len(told) == 60) == is_exact
