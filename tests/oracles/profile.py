"""An independent calculation of insight.member_profile, member_tags, member_tag_history and
member_interests.

Orders, lines, events, products and members come from the core marts, which have oracles of their
own, and whose a card or contact is from the map; everything else is read from staging. `tables`
says where each of them lies, so that hand-made tables will do as well as a build, whose views need
the folder of its lake as working directory. Everything here is plain loops over lists of facts.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import partial
from typing import Any, cast
from zoneinfo import ZoneInfo

import duckdb

from orchestration.workspace import PROJECT

AS_OF = "stg_rekindle__as_of"
SHARED_CHANNELS = ("mini_program", "app")
"""Where there is content."""
CHOICES = (
    "category_interest",
    "category_preference",
    "channel_preference",
    "hour_preference",
    "content_taste",
)
MOTIVES = ("material", "emotional", "social")
COLUMNS = (
    "lifecycle_stage",
    *(column for name in CHOICES for column in (name, f"{name}_share")),
    "price_sensitivity",
    "promotion_dependency",
    "motivation",
    *(f"{motive}_score" for motive in MOTIVES),
    "content_contributions",
    "social_spreads",
    "community_actions",
    "task_completion_rate",
    "tag_count",
    "tags",
)
TAG_COLUMNS = (
    "tag_zh",
    "tag_group",
    "tag_value",
    "since_date",
    "evidence_text",
    "evidence_value",
    "evidence_limit",
    "evidence_count",
    "evidence_first_date",
    "evidence_date",
)
HISTORY_COLUMNS = (
    "valid_to_date",
    "is_begin_seen",
    "judged_days",
    "tag_group",
    "evidence_value",
    "evidence_limit",
    "evidence_count",
    "evidence_date",
)
INTERESTS = {"view": "view", "add_to_cart": "cart", "purchase": "purchase"}
"""Parts of an interest, by what is done."""
INTEREST_COLUMNS = (
    "score",
    "share",
    "interest_rank",
    *(f"{part}_{name}" for part in INTERESTS.values() for name in ("score", "count")),
    "evidence_first_date",
    "evidence_date",
)


def in_build(name: str) -> str:
    """Where a table lies in a build."""
    if name.startswith("stg_"):
        return f"staging.{name}"
    return {
        "dim_member": "identity.dim_member",
        "oneid_map": "identity.oneid_map",
        "member_lifecycle": "insight.member_lifecycle",
    }.get(name, f"core.{name}")


@dataclass
class Metric:
    """A figure of a person, the dates of the facts that speak for it, and how many there are."""

    value: float
    days: list[date]
    facts: int
    text: str | None = None


@dataclass
class Person:
    """Somebody's facts within the window."""

    orders: dict[str, tuple[date, str, int, bool, bool]] = field(default_factory=dict)
    """Of each valid order: date, channel, hour, whether discounted, whether with a coupon."""
    lines: list[tuple[date, str, str | None, int, int]] = field(default_factory=list)
    """Of each of their lines: date, product, category, net amount, discount (both in cents)."""
    choices: dict[str, list[tuple[str, float, date]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    interests: dict[str, dict[str, list[tuple[float, date]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    """Of each category the weights and days of what was viewed, carted and bought."""
    deeds: dict[str, list[date]] = field(default_factory=lambda: defaultdict(list))
    tasks: list[tuple[str, date]] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """Rows by one_id, and by one_id and tag_code, in the order of COLUMNS and TAG_COLUMNS."""

    profiles: dict[str, tuple[object, ...]]
    tags: dict[tuple[str, str], tuple[object, ...]]
    history: dict[tuple[str, str, str, date], tuple[object, ...]]
    """By one_id, tag_code, tag_value and valid_from_date, in the order of HISTORY_COLUMNS."""
    interests: dict[tuple[str, str], tuple[object, ...]]
    """By one_id and category_id, in the order of INTEREST_COLUMNS."""
    days: tuple[date, ...]
    """The days that were judged."""


def rule_rows(seed: str, day: date, *key: str) -> list[dict[str, str]]:
    """Of each key of a policy file the row in force on a day."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    with (PROJECT / f"seeds/policy/{seed}.csv").open(encoding="utf-8") as lines:
        for row in sorted(csv.DictReader(lines), key=lambda one: one["valid_from"]):
            if row["valid_from"] <= day.isoformat():
                found[tuple(row[column] for column in key)] = row
    return list(found.values())


def expected(
    connection: duckdb.DuckDBPyConnection,
    zone: str = "Asia/Shanghai",
    tables: Callable[[str], str] = in_build,
    of_history: Sequence[date] | None = None,
) -> Result:
    """What the profiles and tags of a build have to be; `of_history` are the days before as_of that
    are judged, all by default."""
    ((as_of,),) = connection.execute(f"select as_of_date from {tables(AS_OF)}").fetchall()
    before = judged_before(as_of) if of_history is None else of_history
    judged = {
        day: _Profiles(connection, ZoneInfo(zone), tables, day).result() for day in (*before, as_of)
    }
    today = judged[as_of]
    history = spells({day: result.tags for day, result in judged.items()})
    since = {
        (one_id, code): start
        for (one_id, code, _, start), spell in history.items()
        if spell[0] is None
    }
    tags = {key: (*row[:3], since[key], *row[3:]) for key, row in today.tags.items()}
    return replace(today, tags=tags, history=history, days=tuple(judged))


def judged_before(as_of: date) -> list[date]:
    """The month ends that are judged beside as_of."""
    (policy,) = rule_rows("profile_policy", as_of)
    ends = [as_of.replace(day=1) - timedelta(days=1)]
    while len(ends) < int(policy["history_months"]):
        ends.append(ends[-1].replace(day=1) - timedelta(days=1))
    return ends[::-1]


def spells(
    judged: Mapping[date, Mapping[tuple[str, str], tuple[object, ...]]],
) -> dict[tuple[str, str, str, date], tuple[object, ...]]:
    """The history that the tags of judged days in turn make."""
    days = list(judged)
    found: dict[tuple[str, str, str, date], list[object]] = {}
    running: dict[tuple[str, str, str], date] = {}
    for number, day in enumerate(days):
        tags = {(one, code, str(row[2])): row for (one, code), row in judged[day].items()}
        for key in [key for key in running if key not in tags]:
            found[(*key, running.pop(key))][0] = days[number - 1] + timedelta(days=1)
        for key, row in tags.items():
            if key in running:
                spell = found[(*key, running[key])]
                spell[2] = cast("int", spell[2]) + 1
                continue
            running[key] = days[number - 1] + timedelta(days=1) if number else day
            _, group, _, _, value, limit, facts, _, last = row
            found[(*key, running[key])] = [
                None, number > 0, 1, group, value, limit, facts, last,
            ]  # fmt: skip
    return {key: tuple(spell) for key, spell in found.items()}


class _Profiles:
    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        zone: ZoneInfo,
        tables: Callable[[str], str],
        day: date,
    ) -> None:
        self.connection, self.zone, self.tables = connection, zone, tables
        self.as_of = day
        (policy,) = rule_rows("profile_policy", self.as_of)
        self.policy = {name: float(value) for name, value in policy.items() if name[:5] != "valid"}
        self.opens_after = self.as_of - timedelta(days=int(self.policy["window_days"]))
        self.people = {
            one_id: Person()
            for one_id, is_test, is_staff in self.rows("dim_member", "one_id, is_test, is_staff")
            if not is_test and not is_staff
        }
        self.holders = {
            (system, key): one_id
            for system, key, one_id in self.rows("oneid_map", "source_system, source_key, one_id")
        }
        self.products = dict(self.rows("dim_product", "product_id, category_id"))
        self.read_orders()
        self.read_events()
        self.read_deeds()
        self.open_tasks = {
            task
            for task, starts_at, ends_at in self.rows(
                "stg_loyalty__tasks", "task_id, starts_at, ends_at"
            )
            if (starts_at is None or self.day(starts_at) <= self.as_of)
            and (ends_at is None or self.day(ends_at) > self.opens_after)
        }

    # ------------------------------------------------------------------------------------- reading

    def rows(self, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
        """Columns of a table."""
        place = self.tables(table)
        yield from self.connection.execute(f"select {columns} from {place}").fetchall()

    def local(self, instant: datetime) -> datetime:
        return instant.replace(tzinfo=UTC).astimezone(self.zone)

    def day(self, instant: datetime) -> date:
        return self.local(instant).date()

    def counts(self, day: date) -> bool:
        return self.opens_after < day <= self.as_of

    def is_far(self, instant: datetime) -> bool:
        """Whether an instant is out of the window in any zone, which is quicker to find out."""
        two, day = timedelta(days=2), instant.date()
        return day <= self.opens_after - two or day >= self.as_of + two

    def faded(self, weight: float, day: date) -> float:
        age = (self.as_of - day).days
        return float(weight * math.pow(0.5, age / self.policy["half_life_days"]))

    def read_orders(self) -> None:
        for order, one_id, day, is_valid, channel, ordered_at, discounted, coupon in self.rows(
            "fct_orders",
            "order_id, one_id, order_date, is_valid, order_channel, ordered_at, is_discounted,"
            " is_coupon_used",
        ):
            person = self.people.get(one_id)
            if person is None or not is_valid or not self.counts(day):
                continue
            hour = self.local(ordered_at).hour
            person.orders[order] = (day, channel, hour, discounted, coupon)
            person.choices["channel_preference"].append((channel, 1, day))
            person.choices["hour_preference"].append((str(hour), 1, day))
            if discounted:
                person.deeds["discounted_order"].append(day)
        for order, one_id, product, category, net, promotion, coupon in self.rows(
            "fct_order_lines",
            "order_id, one_id, product_id, category_id, net_amount, promotion_discount,"
            " coupon_discount",
        ):
            person = self.people.get(one_id)
            if person is None or order not in person.orders:
                continue
            day = person.orders[order][0]
            cents, discount = cents_of(net), cents_of(promotion) + cents_of(coupon)
            person.lines.append((day, product, category, cents, discount))
            if category is not None:
                weight = self.faded(self.policy["purchase_weight"], day)
                person.choices["category_interest"].append((category, weight, day))
                person.interests[category]["purchase"].append((weight, day))
                person.choices["category_preference"].append((category, cents, day))

    def read_events(self) -> None:
        contents = {
            (channel, event): kind
            for channel in SHARED_CHANNELS
            for event, kind in self.rows(f"stg_{channel}__events", "event_id, content_type")
            if kind is not None
        }
        weights = {"view": "view_weight", "add_to_cart": "cart_weight"}
        for channel, event, one_id, kind, product, category, occurred_at in self.rows(
            "fct_events",
            "event_channel, event_id, one_id, event_type, product_id, category_id, occurred_at",
        ):
            person = self.people.get(one_id)
            is_told = kind in weights or kind in {"open", "share"} or (channel, event) in contents
            if person is None or not is_told or self.is_far(occurred_at):
                continue
            when = self.local(occurred_at)
            day = when.date()
            if not self.counts(day):
                continue
            if category is None:
                category = self.products.get(product)
            if kind in weights and category is not None:
                weight = self.faded(self.policy[weights[kind]], day)
                person.choices["category_interest"].append((category, weight, day))
                person.interests[category][INTERESTS[kind]].append((weight, day))
            if kind == "open":
                person.choices["hour_preference"].append((str(when.hour), 1, day))
            if (channel, event) in contents:
                content = contents[channel, event]
                person.choices["content_taste"].append((content, self.faded(1, day), day))
                person.deeds["content"].append(day)
            if kind == "share":
                person.deeds["share"].append(day)

    def read_deeds(self) -> None:
        member, contact = partial(self.holder, "crm"), partial(self.holder, "wecom")
        for member_no, claimed_at in self.rows("stg_coupons__coupons", "member_no, claimed_at"):
            self.add(member(member_no), "coupon_claimed", claimed_at)
        for member_no, reason, at in self.rows(
            "stg_loyalty__points_transactions", "member_no, reason, occurred_at"
        ):
            if reason in {"redeem", "referral"}:
                self.add(member(member_no), reason, at)
        offers = dict(self.rows("stg_campaigns__campaigns", "campaign_id, offer_kind"))
        sends = {
            send: (member_no, offers.get(campaign))
            for send, campaign, member_no in self.rows(
                "stg_campaigns__sends", "send_id, campaign_id, member_no"
            )
        }
        for send, kind, at in self.rows(
            "stg_campaigns__engagements", "send_id, engagement_type, occurred_at"
        ):
            if kind == "click" and send in sends:
                member_no, offer = sends[send]
                self.add(member(member_no), f"click_{offer}", at)
        for member_no, at in self.rows("stg_service__surveys", "member_no, responded_at"):
            self.add(member(member_no), "survey", at)
        for member_no, kind, at in self.rows("stg_community__posts", "member_no, kind, posted_at"):
            self.add(member(member_no), kind, at)
            self.add(member(member_no), "post", at)
        for user, direction, at in self.rows(
            "stg_wecom__messages", "external_userid, direction, occurred_at"
        ):
            if direction == "in":
                self.add(contact(user), "message", at)
        for member_no, task, at in self.rows(
            "stg_loyalty__task_completions", "member_no, task_id, completed_at"
        ):
            person = member(member_no)
            if person is not None and not self.is_far(at) and self.counts(self.day(at)):
                person.tasks.append((task, self.day(at)))

    def holder(self, system: str, key: str | None) -> Person | None:
        """Whose a card or contact is; nobody's, of a test and of staff count for nothing."""
        return self.people.get(self.holders.get((system, key or ""), ""))

    def add(self, person: Person | None, deed: str, at: datetime | None) -> None:
        if person is not None and at is not None and not self.is_far(at):
            day = self.day(at)
            if self.counts(day):
                person.deeds[deed].append(day)

    # --------------------------------------------------------------------------------------- rules

    def is_price_fall(self, product: str, day: date) -> bool:
        """Whether the price on a day is one in its first days, and below the one before it."""
        spells = [
            (starts, price) for starts, price in self.prices[product].items() if starts <= day
        ]
        if len(spells) < 2:
            return False
        (_, before), (starts, price) = spells[-2:]
        return price < before and (day - starts).days < self.policy["price_fall_days"]

    def sensitivity(self, person: Person) -> float:
        discounts = sum(line[4] for line in person.lines)
        paid = sum(line[3] for line in person.lines)
        depth = Fraction(discounts, discounts + paid) if discounts else Fraction(0)
        coupons = sum(order[4] for order in person.orders.values())
        falls = sum(self.is_price_fall(line[1], line[0]) for line in person.lines)
        parts = (
            min(1.0, float(depth) / self.policy["full_discount_share"]),
            coupons / len(person.orders),
            falls / len(person.lines) if person.lines else 0.0,
        )
        return sum(parts) / 3

    def metrics(self, person: Person, means: Mapping[str, float]) -> dict[str, Metric]:
        """Every metric that a person has."""
        found = {}
        for name in CHOICES:
            choice = chosen(person.choices[name])
            if choice is not None:
                found[name] = choice
        if person.orders:
            days = [order[0] for order in person.orders.values()]
            discounted = sum(order[3] for order in person.orders.values())
            found["price_sensitivity"] = Metric(self.sensitivity(person), days, len(days))
            found["promotion_dependency"] = Metric(discounted / len(days), days, len(days))
            rest = len(days) - discounted
            found["full_price_share"] = Metric(rest / len(days), days, len(days))
        deeds = motive_days(person)
        every = sum(map(len, deeds.values()))
        if every:
            scores = {}
            for motive in MOTIVES:
                number = len(deeds[motive])
                scores[motive] = number / (number + means[motive]) if number else 0.0
                found[f"{motive}_score"] = Metric(scores[motive], deeds[motive], number)
            best = max(MOTIVES, key=lambda one: scores[one])  # of equals the first
            found["motivation"] = Metric(scores[best], deeds[best], every, best)
        roles = {
            "content_contribution": ("ugc_photo", "review", "story"),
            "social_spread": ("share", "forward", "referral"),
            "community_activity": ("message", "post", "share"),
        }
        for name, kinds in roles.items():
            days = [day for kind in kinds for day in person.deeds[kind]]
            found[name] = Metric(len(days), days, len(days))
        done = [(task, day) for task, day in person.tasks if task in self.open_tasks]
        tasks = len({task for task, _ in done})
        rate = tasks / len(self.open_tasks) if self.open_tasks else 0.0
        found["task_completion"] = Metric(rate, [day for _, day in done], tasks)
        return found

    # -------------------------------------------------------------------------------------- result

    def result(self) -> Result:
        # Of a day the last price counts.
        self.prices: dict[str, dict[date, int]] = defaultdict(dict)
        for product, price, at in sorted(
            self.rows("stg_catalog__price_changes", "product_id, price, valid_from"),
            key=lambda row: row[2],
        ):
            self.prices[product][self.day(at)] = cents_of(price)
        counts = [
            {motive: len(days) for motive, days in motive_days(person).items()}
            for person in self.people.values()
        ]
        doers = [count for count in counts if any(count.values())]
        means = {
            motive: sum(count[motive] for count in doers) / len(doers) if doers else 0.0
            for motive in MOTIVES
        }
        rules = rule_rows("tag_rules", self.as_of, "tag_code")
        rules.sort(key=lambda rule: rule["tag_code"])
        stages = dict(self.rows("member_lifecycle", "one_id, lifecycle_stage"))
        result = Result({}, {}, {}, {}, ())
        for one_id, person in self.people.items():
            metrics = self.metrics(person, means)
            had = []
            for rule in rules:
                metric = metrics.get(rule["metric_code"])
                if metric is None or metric.facts < int(rule["min_facts"]):
                    continue
                if metric.value < float(rule["at_least"]):
                    continue
                value = metric.text or "yes"
                had.append(f"{rule['tag_code']}:{value}")
                result.tags[one_id, rule["tag_code"]] = (
                    rule["label_zh"],
                    rule["tag_group"],
                    value,
                    rule["metric_code"],
                    metric.value,
                    float(rule["at_least"]),
                    metric.facts,
                    min(metric.days),
                    max(metric.days),
                )
            for category, row in interest_rows(person).items():
                result.interests[one_id, category] = row
            result.profiles[one_id] = profile_row(stages[one_id], metrics, had)
        return result


def interest_rows(person: Person) -> dict[str, tuple[object, ...]]:
    """Of each category that somebody is interested in, its row; none where nothing weighs."""
    scores = {
        category: math.fsum(weight for part in parts.values() for weight, _ in part)
        for category, parts in person.interests.items()
    }
    total = math.fsum(scores.values())
    found = {}
    order = sorted(scores, key=lambda category: (-round(scores[category], 9), category))
    for rank, category in enumerate(order if total > 0 else (), start=1):
        parts = person.interests[category]
        days = [day for part in parts.values() for _, day in part]
        row: list[object] = [scores[category], scores[category] / total, rank]
        for part in INTERESTS.values():
            row += [math.fsum(weight for weight, _ in parts[part]), len(parts[part])]
        found[category] = (*row, min(days), max(days))
    return found


def cents_of(amount: Any) -> int:
    """An amount of money, or nothing, in cents."""
    return round(amount * 100) if amount is not None else 0


def chosen(facts: Sequence[tuple[str, float, date]]) -> Metric | None:
    """What has the greatest share, of equals the smallest text; nothing where nothing weighs."""
    weights: dict[str, list[float]] = defaultdict(list)
    for text, weight, _ in facts:
        weights[text].append(weight)
    sums = {text: math.fsum(parts) for text, parts in weights.items()}
    total = math.fsum(sums.values())
    if total <= 0:
        return None
    best = min(sums, key=lambda text: (-sums[text], text))
    days = [day for text, _, day in facts if text == best]
    return Metric(sums[best] / total, days, len(facts), best)


def motive_days(person: Person) -> dict[str, list[date]]:
    """The dates of somebody's deeds by motive."""
    kinds = {
        "material": (
            "discounted_order", "coupon_claimed", "redeem", "click_discount", "click_points",
        ),
        "emotional": (
            "content", "survey", "ugc_photo", "review", "story", "click_gift", "click_content",
        ),
        "social": ("share", "forward", "message", "referral"),
    }  # fmt: skip
    return {
        motive: [day for deed in deeds for day in person.deeds[deed]]
        for motive, deeds in kinds.items()
    }


def profile_row(
    stage: str, metrics: Mapping[str, Metric], tags: Sequence[str]
) -> tuple[object, ...]:
    """The columns of a profile."""

    def value(name: str) -> float | None:
        return metrics[name].value if name in metrics else None

    row: list[object] = [stage]
    for name in CHOICES:
        text = metrics[name].text if name in metrics else None
        row += [int(text) if text and name == "hour_preference" else text, value(name)]
    row += [value("price_sensitivity"), value("promotion_dependency")]
    row += [metrics["motivation"].text if "motivation" in metrics else None]
    row += [value(f"{motive}_score") for motive in MOTIVES]
    row += [value(name) for name in ("content_contribution", "social_spread")]
    row += [value("community_activity"), value("task_completion")]
    return (*row, len(tags), " ".join(tags) or None)


def differences(
    connection: duckdb.DuckDBPyConnection,
    result: Result,
    profiles: str = "insight.member_profile",
    tags: str = "insight.member_tags",
    interests: str = "insight.member_interests",
    *,
    of_since: bool = True,
) -> list[str]:
    """Where the marts differ from the oracle, a sentence each; `of_since` is false where the oracle
    has not judged all days, so that it cannot know since when a tag is had."""
    found = connection.execute(f"select one_id, {', '.join(COLUMNS)} from {profiles}").fetchall()
    problems = list(
        _compared({one: tuple(row) for one, *row in found}, result.profiles, COLUMNS, "profile")
    )
    found = connection.execute(
        f"select one_id, tag_code, {', '.join(TAG_COLUMNS)} from {tags}"
    ).fetchall()
    told = {(one, code): tuple(row) for one, code, *row in found}
    wanted = result.tags
    if not of_since:
        told, wanted = (
            {key: row[:3] + row[4:] for key, row in rows.items()} for rows in (told, wanted)
        )
    columns = [name for name in TAG_COLUMNS if of_since or name != "since_date"]
    problems += _compared(told, wanted, columns, "tag")
    found = connection.execute(
        f"select one_id, category_id, {', '.join(INTEREST_COLUMNS)} from {interests}"
    ).fetchall()
    told = {(one, category): tuple(row) for one, category, *row in found}
    return problems + list(_compared(told, result.interests, INTEREST_COLUMNS, "interest"))


def history_differences(
    connection: duckdb.DuckDBPyConnection,
    result: Result,
    history: str = "insight.member_tag_history",
) -> list[str]:
    """Where the history of tags differs from the oracle, which has judged all days."""
    found = connection.execute(
        f"select one_id, tag_code, tag_value, valid_from_date, {', '.join(HISTORY_COLUMNS)}"
        f" from {history}"
    ).fetchall()
    told = {tuple(row[:4]): tuple(row[4:]) for row in found}
    return list(_compared(told, result.history, HISTORY_COLUMNS, "tag history"))


def _compared(
    found: Mapping[Any, Sequence[object]],
    wanted: Mapping[Any, Sequence[object]],
    columns: Iterable[str],
    what: str,
) -> Iterator[str]:
    for key in sorted(found.keys() ^ wanted.keys()):
        yield f"{what} {key}: only {'the mart' if key in found else 'the oracle'} has it"
    for key in sorted(found.keys() & wanted.keys()):
        for column, one, other in zip(columns, found[key], wanted[key], strict=True):
            if not _equal(one, other):
                yield f"{what} {key}: {column} is {one} instead of {other}"


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other
