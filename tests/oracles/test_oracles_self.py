"""The oracles on examples small enough to work out by hand: the numbers stand in the comments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.oracles import cohorts, kpis, lifecycle, orders, rfm
from tests.oracles.book import NEW_YORK, SHANGHAI, Book, money
from tests.oracles.compare import MARTS, check, frame_differences, one_ids
from tests.oracles.everything import Marts, compute
from tests.oracles.fixtures import (
    AS_OF_NEW_YORK,
    AS_OF_SHANGHAI,
    Fixture,
    add_catalogue,
    hand_written,
    truncate,
)
from tests.oracles.landing import Known, end_of, known_at, read_landing
from tests.oracles.policy import Policy, PolicyRow

MARCH_31 = date(2024, 3, 31)

# numerator, denominator, value, is_complete
Figures = tuple[float, float, float | None, bool]


def shop() -> Book:
    """Four members, six orders, one campaign."""
    book = Book()
    book.add(
        "catalog.products",
        product_id="p-plain",
        product_name="plain",
        category_id="cat-plain",
        list_price=money(100),
        unit_cost=money(30),
        is_active=True,
        updated_at=datetime(2024, 1, 1, tzinfo=UTC),
    )
    book.add(
        "campaigns.campaigns",
        campaign_id="c",
        campaign_name="c",
        objective="recall",
        channel="sms",
        offer_kind="gift",
        starts_at=datetime(2024, 1, 8, 10, tzinfo=UTC),
        ends_at=datetime(2024, 1, 12, 10, tzinfo=UTC),
        updated_at=datetime(2024, 1, 1, tzinfo=UTC),
    )
    book.member("m1", registered=date(2024, 1, 1), register_channel="app")
    book.member("m2", updated=date(2024, 1, 25))  # no registration: born on 2024-01-20
    book.member("m3", registered=date(2024, 2, 10), register_channel="pos")
    book.member("m4", registered=date(2024, 1, 5), register_channel="app")
    book.add(
        "mini_program.events",
        event_id="e1",
        openid="o4",
        event_type="open",
        occurred_at=datetime(2024, 1, 1, 10, tzinfo=UTC),
    )
    book.same_person("openid:o4", "m4")
    book.order(
        "m1",
        date(2024, 1, 10),
        100,
        order_channel="app",
        is_private_domain=True,
        lines=[{"promotion_discount": 1}],
    )
    refunded = book.order("m1", date(2024, 2, 5), 50, is_private_domain=True)
    book.refund(refunded, date(2024, 2, 20), 20)
    book.order("m1", date(2024, 3, 5), 60)
    book.order("m2", date(2024, 1, 20), 200)
    book.order("m3", date(2024, 3, 1), 40, order_channel="website")
    book.order(None, date(2024, 1, 15), 10)
    return book


@pytest.fixture(scope="module")
def shop_marts(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    book = shop()
    landing = read_landing(book.write(tmp_path_factory.mktemp("shop")))
    return compute(landing, MARCH_31, persons=book.persons)


def known_shop(book: Book, folder: Path, as_of: date, zone: str = SHANGHAI) -> Known:
    return known_at(read_landing(book.write(folder, zone)), as_of, book.persons)


def kpi(
    marts: Marts, metric: str, month: date, dimension: str = "all", value: str = "all"
) -> Figures:
    """Return numerator, denominator, value, is_complete of a row of kpi_monthly."""
    row = marts.kpi_monthly.filter(
        (pl.col("metric_code") == metric)
        & (pl.col("period_start_date") == month)
        & (pl.col("dimension_type") == dimension)
        & (pl.col("dimension_value") == value)
    ).select("numerator", "denominator", "value", "is_complete")
    numerator, denominator, shown, is_complete = row.row(0)
    return numerator, denominator, shown, is_complete


JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)


@pytest.mark.parametrize(
    ("metric", "month", "numerator", "denominator", "value", "is_complete"),
    [
        # January: m1 100, m2 200, nobody 10.
        ("order_count", JANUARY, 3, 1, 3, True),
        ("net_revenue", JANUARY, 310, 1, 310, True),
        ("buyers", JANUARY, 2, 1, 2, True),
        ("aov", JANUARY, 310, 3, 310 / 3, True),
        ("orders_per_buyer_month", JANUARY, 2, 2, 1, True),
        ("next_month_retention", JANUARY, 1, 2, 0.5, True),  # m1 comes in February, m2 does not
        ("half_year_retention", JANUARY, 0, 2, None, False),  # July is not known in March
        ("yearly_repurchase", JANUARY, 0, 2, 0, True),
        ("repurchase_rate", JANUARY, 0, 2, 0, True),
        ("repeat_revenue_share", JANUARY, 0, 300, 0, True),
        ("repeat_profit_share", JANUARY, 0, 240, 0, True),  # 100 − 30 + 200 − 30
        ("private_domain_share", JANUARY, 0, 0, None, True),  # nothing was bought again
        ("promotion_dependency", JANUARY, 1, 2, 0.5, True),
        # 5 days inside with m1's order, 26 outside with m2's: (1/26) / (1/5)
        ("off_campaign_order_ratio", JANUARY, 1 / 26, 1 / 5, 5 / 26, True),
        # m1, m2, m4 are registered; m4's login lies 30 days before the month's end: out
        ("active_member_share", JANUARY, 2, 3, 2 / 3, True),
        ("awakened_aov_lift", JANUARY, 0, 0, None, False),  # month end + 180 is not known
        ("re_dormancy_rate", JANUARY, 0, 0, None, False),
        ("dormant_activation_rate_21d", JANUARY, 0, 0, None, True),
        # February: m1 again, 50 − 20.
        ("order_count", FEBRUARY, 1, 1, 1, True),
        ("net_revenue", FEBRUARY, 30, 1, 30, True),
        ("aov", FEBRUARY, 30, 1, 30, True),
        ("repeat_revenue_share", FEBRUARY, 30, 30, 1, True),
        ("repeat_profit_share", FEBRUARY, 20, 20, 1, True),  # 50 − 30: refunds do not enter
        ("private_domain_share", FEBRUARY, 30, 30, 1, True),
        ("next_month_retention", FEBRUARY, 0, 0, None, True),  # nobody came first in February
        ("repurchase_rate", FEBRUARY, 1, 2, 0.5, True),
        ("yearly_repurchase", FEBRUARY, 1, 2, 0.5, True),  # 3 orders, 2 of them first ones
        ("off_campaign_order_ratio", FEBRUARY, 1 / 29, 0, None, True),  # no day inside
        ("active_member_share", FEBRUARY, 1, 4, 0.25, True),
        # March: m1 60 (again), m3 40 (first, on the 1st: 30 days before the 31st, so inactive).
        ("repeat_revenue_share", MARCH, 60, 100, 0.6, True),
        ("repeat_profit_share", MARCH, 30, 40, 0.75, True),
        ("private_domain_share", MARCH, 0, 60, 0, True),
        ("active_member_share", MARCH, 1, 4, 0.25, True),
        ("next_month_retention", MARCH, 0, 1, None, False),
        ("dormant_activation_rate_30d", MARCH, 0, 0, None, True),  # February 29 + 30 = March 30
    ],
)
def test_kpi_of_the_shop(
    shop_marts: Marts,
    metric: str,
    month: date,
    numerator: float,
    denominator: float,
    value: float | None,
    is_complete: bool,
) -> None:
    expected = numerator, denominator, value, is_complete
    assert kpi(shop_marts, metric, month) == pytest.approx(expected)


def test_every_metric_has_a_row_for_all_in_every_period(shop_marts: Marts) -> None:
    monthly = shop_marts.kpi_monthly.filter(pl.col("dimension_type") == "all")
    assert monthly.height == 3 * len(kpis.MONTHLY_METRICS)
    assert set(monthly["metric_code"]) == set(kpis.MONTHLY_METRICS)
    daily = shop_marts.kpi_daily.filter(pl.col("dimension_type") == "all")
    assert daily.height == 91 * len(kpis.DAILY_METRICS)  # 31 + 29 + 31 days
    assert set(daily["metric_code"]) == set(kpis.DAILY_METRICS)


def test_dimensions_of_the_shop(shop_marts: Marts) -> None:
    # m1 came by app, m2 by pos, m3 by website; the order of nobody is `unknown` everywhere.
    assert kpi(shop_marts, "order_count", JANUARY, "first_order_channel", "app")[0] == 1
    assert kpi(shop_marts, "order_count", JANUARY, "first_order_channel", "unknown")[0] == 1
    # m2 has no register channel: unknown, together with nobody.
    assert kpi(shop_marts, "net_revenue", JANUARY, "register_channel", "unknown")[0] == 210
    assert kpi(shop_marts, "buyers", JANUARY, "register_channel", "unknown")[0] == 1
    # At the end of January m1 is `new`; m2 and m4 are new and prospect.
    assert kpi(shop_marts, "order_count", FEBRUARY, "lifecycle_stage", "new")[0] == 1
    assert kpi(shop_marts, "active_member_share", FEBRUARY, "lifecycle_stage", "prospect") == (
        0,
        1,
        0,
        True,
    )
    # m3 is born in February: it has no stage at its start.
    assert kpi(shop_marts, "active_member_share", FEBRUARY, "lifecycle_stage", "none")[1] == 1
    # m4 never ordered: first_order_channel `none`.
    assert kpi(shop_marts, "active_member_share", MARCH, "first_order_channel", "none")[1] == 1


def test_cohorts_of_the_shop(shop_marts: Marts) -> None:
    january = shop_marts.retention_cohorts.filter(
        (pl.col("cohort_month") == JANUARY) & (pl.col("segment_type") == "all")
    )
    # m1 and m2 come first in January; m1 buys in February and March.
    assert january.select("month_number", "cohort_size", "retained_members").rows() == [
        (0, 2, 2),
        (1, 2, 1),
        (2, 2, 1),
    ]
    assert january["is_complete"].to_list() == [True, True, True]


def test_cohort_month_that_is_not_over_has_no_rate(tmp_path: Path) -> None:
    known = known_shop(shop(), tmp_path, date(2024, 3, 30))
    last = cohorts.retention_cohorts(known).filter(
        (pl.col("cohort_month") == JANUARY)
        & (pl.col("segment_type") == "all")
        & (pl.col("month_number") == 2)
    )
    assert last.select("retained_members", "retention_rate", "is_complete").row(0) == (
        1,
        None,
        False,
    )


def test_reactivation_by_hand(tmp_path: Path) -> None:
    # Each: 40 on 2023-05-01, back with 70 on 2023-12-01, then 110 on that day, day 180, day 181.
    book = Book()
    add_catalogue(book)
    for days in (0, 180, 181):
        book.member(f"m{days}", registered=date(2023, 5, 1))
        book.order(f"m{days}", date(2023, 5, 1), 40)
        book.order(f"m{days}", date(2023, 12, 1), 70)
        book.order(f"m{days}", date(2023, 12, 1) + timedelta(days=days), 110)
    landing = read_landing(book.write(tmp_path))
    marts = compute(landing, date(2024, 6, 28), with_daily=False)  # 2023-12-31 + 180
    december = date(2023, 12, 1)
    # After: 70 + 110 + 70 + 110 + 70 over 5 orders = 86; before: 40.
    lift = kpi(marts, "awakened_aov_lift", december)
    assert lift == pytest.approx((86, 40, 86 / 40 - 1, True))
    # Day 0 is not "after the return", day 181 is too late: two of three are silent again.
    assert kpi(marts, "re_dormancy_rate", december) == pytest.approx((2, 3, 2 / 3, True))
    assert kpi(marts, "dormant_activation_rate_21d", december) == (3, 3, 1, True)
    a_day_earlier = compute(landing, date(2024, 6, 27), with_daily=False)
    assert kpi(a_day_earlier, "re_dormancy_rate", december) == (2, 3, None, False)


def test_quantile_scores() -> None:
    # Ranks 1 to 5 among five: 1 + floor(5 · (rank − 1) / 4) = 1, 2, 3, 4, 6 -> 5.
    assert rfm.quantile_scores([10, 20, 30, 40, 50], best_is_least=False) == [1, 2, 3, 4, 5]
    assert rfm.quantile_scores([10, 20, 30, 40, 50], best_is_least=True) == [5, 4, 3, 2, 1]
    # Ties share the lower rank: 1, 1, 3, 4, 4.
    assert rfm.quantile_scores([1, 1, 2, 3, 3], best_is_least=False) == [1, 1, 3, 4, 4]
    assert rfm.quantile_scores([7, 7, 7], best_is_least=False) == [1, 1, 1]
    assert rfm.quantile_scores([7], best_is_least=False) == [3]


def test_fixed_scores() -> None:
    row = PolicyRow()
    recency = [rfm.recency_score(d, row.recency_cuts) for d in (0, 7, 8, 30, 31, 60, 61, 120, 121)]
    assert recency == [5, 5, 4, 4, 3, 3, 2, 2, 1]
    frequency = [rfm.amount_score(f, row.frequency_cuts) for f in (1, 2, 3, 4, 5, 6, 9, 10)]
    assert frequency == [1, 2, 2, 3, 3, 4, 4, 5]
    amounts = (299.99, 300, 999.99, 1000, 2999.99, 3000, 4999.99, 5000)
    assert [rfm.amount_score(m, row.monetary_cuts) for m in amounts] == [1, 2, 2, 3, 3, 4, 4, 5]


def test_high_means_above_the_mean() -> None:
    assert rfm.are_high([1, 3, 5]) == [False, False, True]  # the mean itself is not high
    assert rfm.are_high([3]) == [False]


def test_member_rfm_of_the_shop(shop_marts: Marts) -> None:
    # m1: 26 days, 3 orders, 190; m2: 71 days, 1, 200; m3: 30 days, 1, 40.
    rows = shop_marts.member_rfm.select(
        "person", "recency_days", "frequency", "monetary", "r_score", "f_score", "m_score"
    ).rows()
    # Three persons: rank 1, 2, 3 -> 1, 1 + floor(5/2) = 3, 5.
    assert rows == [
        ("member_no:m1", 26, 3, money(190), 5, 5, 3),
        ("member_no:m2", 71, 1, money(200), 1, 1, 5),
        ("member_no:m3", 30, 1, money(40), 3, 1, 1),
    ]
    # Means 3, 7/3, 3: m1 high in R and F, m2 high in M only, m3 in nothing.
    assert shop_marts.member_rfm["rfm_group"].to_list() == [
        "general_value",
        "important_win_back",
        "general_win_back",
    ]


def test_lifecycle_intervals_by_hand(tmp_path: Path) -> None:
    book = Book()
    book.member("m", registered=date(2023, 1, 1))
    book.orders("m", [date(2023, 1, 10), date(2024, 1, 20)])
    known = known_shop(book, tmp_path, date(2024, 4, 1))
    life = lifecycle.evaluate(known)
    spells = lifecycle.lifecycle_intervals(life)
    assert spells.select("lifecycle_stage", "valid_from_date").rows() == [
        ("prospect", date(2023, 1, 1)),
        ("new", date(2023, 1, 10)),
        ("active", date(2023, 2, 10)),  # 31 days after the first order
        ("at_risk", date(2023, 3, 12)),  # 61 days
        ("dormant", date(2023, 7, 9)),  # 180 days
        ("churned", date(2024, 1, 10)),  # 365 days
        ("reactivated", date(2024, 1, 20)),
        ("active", date(2024, 2, 20)),  # 31 days after the return
        ("at_risk", date(2024, 3, 21)),  # 61 days after it
    ]
    assert spells["valid_to_date"].to_list() == [*spells["valid_from_date"].to_list()[1:], None]
    transitions = lifecycle.lifecycle_transitions(known, life).rows()
    assert transitions[0] == (date(2023, 1, 1), "none", "new", 1)
    assert transitions[1] == (date(2023, 2, 1), "new", "active", 1)
    assert transitions[-1] == (date(2024, 3, 1), "active", "at_risk", 1)
    row = lifecycle.member_lifecycle(known, life).row(0, named=True)
    assert row["stage_since_date"] == date(2024, 3, 21)
    assert row["days_since_last_order"] == 72


def test_a_threshold_holds_from_its_date(tmp_path: Path) -> None:
    book = Book()
    book.member("m", registered=date(2024, 1, 1))
    book.order("m", date(2024, 1, 1))
    known = known_shop(book, tmp_path, date(2024, 6, 30))
    rows = (PolicyRow(), PolicyRow(valid_from=date(2024, 2, 10), at_risk_days=40, dormant_days=100))
    life = lifecycle.evaluate(known, policy=Policy(rows))
    assert lifecycle.lifecycle_intervals(life)["valid_from_date"].to_list() == [
        date(2024, 1, 1),  # new
        date(2024, 2, 1),  # active: 31 days
        date(2024, 2, 11),  # at risk: 41 days, by the numbers of that day
        date(2024, 4, 10),  # dormant: 100 days
    ]


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fixture, Path]:
    fixture = hand_written()
    return fixture, fixture.book.write(tmp_path_factory.mktemp("by_hand"))


def stages(known: Known, mode: lifecycle.Mode) -> dict[str, str]:
    life = lifecycle.evaluate(known, mode)
    return dict(zip(life.persons, life.stages_at(known.as_of), strict=True))


def unexpected(found: dict[str, str], expected: dict[str, str | None]) -> dict[str, object]:
    return {
        number: (stage, found.get(f"member_no:{number}"))
        for number, stage in expected.items()
        if found.get(f"member_no:{number}") != stage
    }


def test_hand_written_persons_have_the_stage_that_their_author_expects(
    by_hand: tuple[Fixture, Path],
) -> None:
    fixture, folder = by_hand
    shanghai = known_at(read_landing(folder), AS_OF_SHANGHAI, fixture.persons)
    assert unexpected(stages(shanghai, "fixed"), fixture.fixed) == {}
    (folder / "brand.yml").write_text(f"business_zone: {NEW_YORK}\n", "utf-8")
    new_york = known_at(read_landing(folder), AS_OF_NEW_YORK, fixture.persons)
    (folder / "brand.yml").write_text(f"business_zone: {SHANGHAI}\n", "utf-8")
    assert unexpected(stages(new_york, "adaptive"), fixture.adaptive) == {}


def test_hand_written_amounts_and_flags(by_hand: tuple[Fixture, Path]) -> None:
    fixture, folder = by_hand
    known = known_at(read_landing(folder), AS_OF_SHANGHAI, fixture.persons)
    rows = {row["order_id"]: row for row in orders.fct_orders(known).iter_rows(named=True)}

    def revenue(name: str) -> str:
        return str(rows[f"{name}/1"]["net_revenue"])

    assert revenue("Am-partial") == "69.99"
    assert revenue("Am-full") == "0.00"
    assert revenue("Am-over") == "0.00"
    assert revenue("Am-refund_later") == "100.00"
    assert revenue("Am-twice") == "75.00"
    assert revenue("Am-refund_corrected") == "90.00"
    assert revenue("Am-refund_repeated") == "75.00"
    assert revenue("As-corrected") == "80.00"
    assert rows["Am-over/1"]["refunded_amount"] == money(150)

    def flags(name: str) -> tuple[bool, bool, bool]:
        row = rows[f"Am-{name}/1"]
        return row["is_discounted"], row["is_coupon_used"], row["is_promoted_only"]

    assert flags("promotion") == (True, False, True)
    assert flags("coupon") == (True, True, False)
    assert flags("coupon_no_code") == (True, True, False)
    assert flags("both") == (True, True, False)
    assert flags("tier_only") == (False, False, False)
    assert flags("points_only") == (False, False, False)
    assert flags("split_zero") == (False, True, False)
    assert flags("second_line") == (True, False, True)
    assert flags("split_on_one_line") == (False, False, False)
    assert flags("no_split_code") == (True, True, False)
    assert flags("no_split_amount") == (True, False, True)
    assert flags("no_split_nothing") == (False, False, False)
    assert flags("no_lines_amount") == (True, False, True)
    assert flags("no_lines") == (False, False, False)

    valid = {
        name
        for name in ("sale", "sample", "gift", "points_mall", "b2b", "None")
        if rows[f"Am-kind_{name}/1"]["is_valid"]
    }
    assert valid == {"sale", "None"}
    assert rows["Am-kind_b2b/1"]["order_kind"] == "other"
    assert rows["Am-channel/1"]["order_channel"] == "other"
    assert rows["Am-zero/1"]["is_valid"]
    assert not rows["Am-test_order/1"]["is_valid"]
    assert not rows["Z-test/1"]["is_valid"]
    assert not rows["Z-staff/1"]["is_valid"]
    assert rows["As-had_it/1"]["person"] == "member_no:As-had_it"
    assert "As-just_too_late/1" not in rows
    assert "As-pre_order/1" not in rows
    # Numbered by instant, then order id as text: /1, /10, /9.
    assert [rows[f"T-same/{n}"]["order_sequence"] for n in (1, 10, 9)] == [1, 2, 3]
    # The lines known then: one of the newer batch (no promotion any more), the first late batch.
    products = known.lines.filter(pl.col("order_id") == "As-lines/1")["product_id"].to_list()
    assert products == ["p-cream"]
    assert not rows["As-lines/1"]["is_discounted"]
    assert rows["As-late_lines/1"]["is_discounted"]


def test_register_channel_is_that_of_the_first_registered_record(
    by_hand: tuple[Fixture, Path],
) -> None:
    fixture, folder = by_hand
    known = known_at(read_landing(folder), AS_OF_SHANGHAI, fixture.persons)
    rows = {row["person"]: row for row in known.persons.iter_rows(named=True)}
    assert rows["member_no:K-one"]["register_channel"] == "mini_program"
    assert rows["member_no:K-one"]["birth_date"] == date(2024, 2, 1)  # the mini-program user
    assert rows["member_no:K-three"]["register_channel"] == "douyin"
    assert rows["member_no:K-three"]["registered_date"] == date(2024, 1, 1)
    assert rows["member_no:K-seven"]["register_channel"] == "pos"
    assert rows["member_no:K-five"]["is_test"]
    assert rows["member_no:N-sent"]["birth_date"] == date(2024, 5, 1)
    assert rows["member_no:N-cart"]["birth_date"] == date(2024, 3, 31)
    assert rows["member_no:N-favourite"]["birth_date"] == date(2023, 12, 31)
    assert rows["member_no:N-undated"]["birth_date"] == date(2024, 2, 29)
    assert rows["member_no:N-cancelled"]["birth_date"] == date(2024, 6, 1)


def test_business_dates_follow_the_zone(tmp_path: Path) -> None:
    book = Book()
    for name, when in {
        "shanghai_eve": datetime(2024, 2, 28, 15, 59, 59, 999_999, tzinfo=UTC),
        "shanghai_day": datetime(2024, 2, 28, 16, tzinfo=UTC),
        "dst_eve": datetime(2024, 3, 10, 4, 59, 59, tzinfo=UTC),  # 23:59:59 EST
        "dst_day": datetime(2024, 3, 11, 3, 59, 59, tzinfo=UTC),  # 23:59:59 EDT, same day
        "dst_next": datetime(2024, 3, 11, 4, tzinfo=UTC),
    }.items():
        book.order(name, when)
    shanghai = known_shop(book, tmp_path / "s", MARCH_31).orders.select("person", "order_date")
    new_york = known_shop(book, tmp_path / "n", MARCH_31, NEW_YORK).orders.select(
        "person", "order_date"
    )
    s, n = dict(shanghai.iter_rows()), dict(new_york.iter_rows())
    assert s["member_no:shanghai_eve"] == date(2024, 2, 28)
    assert s["member_no:shanghai_day"] == date(2024, 2, 29)
    assert n["member_no:dst_eve"] == date(2024, 3, 9)
    assert n["member_no:dst_day"] == date(2024, 3, 10)
    assert n["member_no:dst_next"] == date(2024, 3, 11)
    assert end_of(date(2024, 3, 10), NEW_YORK) == datetime(2024, 3, 11, 4, tzinfo=UTC)


def test_an_old_date_does_not_know_what_came_later(
    by_hand: tuple[Fixture, Path], tmp_path: Path
) -> None:
    fixture, folder = by_hand
    for as_of in (AS_OF_NEW_YORK, date(2024, 12, 31)):
        short = truncate(folder, tmp_path / str(as_of), as_of)
        whole = compute_few(folder, as_of, fixture)
        then = compute_few(short, as_of, fixture)
        for mine, other in zip(whole, then, strict=True):
            assert mine.equals(other)


def compute_few(folder: Path, as_of: date, fixture: Fixture) -> list[pl.DataFrame]:
    known = known_at(read_landing(folder), as_of, fixture.persons)
    life = lifecycle.evaluate(known, "adaptive")
    return [
        orders.fct_orders(known),
        rfm.member_rfm(known),
        lifecycle.lifecycle_intervals(life),
        lifecycle.member_lifecycle(known, life),
        known.persons,
        known.lines,
        known.campaigns.sort("first_date", "last_date"),
    ]


def test_an_empty_landing_folder_gives_empty_marts(tmp_path: Path) -> None:
    marts = compute(read_landing(tmp_path), MARCH_31)
    for mart in MARTS:
        assert mart.expected(marts).height == 0


def test_a_naive_time_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "commerce" / "orders"
    place.mkdir(parents=True)
    (place / "a.csv").write_text("order_id,ordered_at\n1,2024-01-01T00:00:00\n", "utf-8")
    with pytest.raises(ValueError, match="has no zone"):
        read_landing(tmp_path)


# ------------------------------------------------------------------------------------- comparison


def test_frames_are_compared_row_by_row() -> None:
    expected = pl.DataFrame({"k": ["a", "b", "c"], "n": [1, 2, None], "x": [0.1, 1e12, None]})
    assert frame_differences(expected, expected.reverse(), ["k"]) == ""
    close = expected.with_columns(x=pl.col("x") * (1 + 1e-12))
    assert frame_differences(expected, close, ["k"]) == ""
    apart = expected.with_columns(x=pl.col("x") * (1 + 1e-8))
    assert "x differs in 1 rows" in frame_differences(expected, apart, ["k"])  # 0.1: 1e-9 apart
    filled = expected.with_columns(n=pl.col("n").fill_null(0))
    assert "n differs in 1 rows" in frame_differences(expected, filled, ["k"])
    filled = expected.with_columns(x=pl.col("x").fill_null(0))
    assert "x differs in 1 rows" in frame_differences(expected, filled, ["k"])
    assert "1 rows are missing" in frame_differences(expected, expected.head(2), ["k"])
    assert "1 rows are too many" in frame_differences(expected.head(2), expected, ["k"])
    doubled = pl.concat([expected, expected.head(1)])
    assert "not unique in the actual rows" in frame_differences(expected, doubled, ["k"])


def write_build(marts: Marts) -> duckdb.DuckDBPyConnection:
    """Return a database that holds the oracle's own marts, with ids of its own."""
    connection = duckdb.connect()
    for schema in ("core", "identity", "insight", "intermediate", "measurement", "kpi"):
        connection.execute(f"create schema {schema}")
    people = marts.known.persons.select(
        source_system=pl.lit("crm"),
        source_table=pl.lit("members"),
        source_key=pl.col("person").str.strip_prefix("member_no:"),
        one_id=pl.lit("id-") + pl.col("person"),
    )
    connection.register("frame", people.to_arrow())
    connection.execute("create table identity.oneid_map as select * from frame")
    for mart in MARTS:
        frame = mart.expected(marts)
        if "person" in frame.columns:
            frame = frame.with_columns(one_id=pl.lit("id-") + pl.col("person")).drop("person")
        connection.register("frame", frame.to_arrow())
        connection.execute(f"create table {mart.table} as select * from frame")
    return connection


def test_a_build_equal_to_the_oracle_passes_and_others_do_not(shop_marts: Marts) -> None:
    connection = write_build(shop_marts)
    check(connection, shop_marts)
    connection.execute(
        "update kpi.kpi_monthly set value = 0 where metric_code = 'aov' and numerator = 30"
    )
    connection.execute("delete from insight.member_rfm where frequency = 3")
    connection.execute("update insight.lifecycle_intervals set valid_to_date = null")
    with pytest.raises(AssertionError) as error:
        check(connection, shop_marts)
    report = str(error.value)
    assert "kpi.kpi_monthly" in report
    assert "insight.member_rfm" in report
    assert "valid_to_date differs" in report
    assert "core.fct_orders" not in report
    connection.execute("update identity.oneid_map set one_id = 'id-member_no:m1'")
    with pytest.raises(AssertionError, match="stands for"):
        one_ids(connection, shop_marts)
