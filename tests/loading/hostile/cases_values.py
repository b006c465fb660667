"""Hostile values: every value rule, probed between two good rows of the same file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from .harness import (
    AT,
    AT_UTC,
    NOW,
    Bad,
    Case,
    Option,
    case,
    csv_bytes,
    keep,
    keep_quietly,
    loaded,
    money,
    nulled,
    one_of,
    probe,
    records,
    reject,
    tag_column,
    token,
    utc,
)

MEMBERS = "crm.members"
ORDERS = "commerce.orders"
LINES = "commerce.order_lines"

Spelling = tuple[str, Any]


def spellings(
    name: str,
    table: str,
    column: str,
    pairs: list[Spelling],
    *,
    lake_column: str | None = None,
    note: str = "",
    optional: bool = True,
    **log: Any,
) -> Case:
    """One file with one row for each spelling, each with the value it must become."""
    rows = records(name, table, *({column: text} for text, _ in pairs))
    key = tag_column(table)
    wanted = [
        {key: f"{name}.{n}", lake_column or column: value}
        for n, (_, value) in enumerate(pairs, start=1)
    ]
    outcome = loaded(wanted, optional=() if optional else None, **log)
    return case(name, table, csv_bytes(rows), outcome, note=note)


def rejects(
    name: str,
    table: str,
    column: str,
    texts: list[str],
    code: str = "invalid_value",
    *,
    note: str = "",
) -> Case:
    """One file with a good row before and after rows that must all be quarantined."""
    rows = records(name, table, {}, *({column: text} for text in texts), {})
    key = tag_column(table)
    last = len(texts) + 2
    bad = [Bad(n, code, column, text.strip()) for n, text in enumerate(texts, start=3)]
    good = [{key: f"{name}.1"}, {key: f"{name}.{last}"}]
    return case(name, table, csv_bytes(rows), loaded(good, bad), note=note)


def nulls(name: str, table: str, column: str, texts: list[str], *, note: str = "") -> Case:
    """One file of rows whose optional value is bad: null, counted, kept in the quarantine."""
    rows = records(name, table, *({column: text} for text in texts))
    key = tag_column(table)
    wanted = [{key: f"{name}.{n}", column: None} for n in range(1, len(texts) + 1)]
    bad = [Bad(n, "optional_value", column, text.strip()) for n, text in enumerate(texts, start=2)]
    return case(name, table, csv_bytes(rows), loaded(wanted, optional=bad), note=note)


def boolean_cases() -> list[Case]:
    table, column = "crm.consents", "granted"
    true = ["true", "True", "TRUE", "t", "T", "yes", "Yes", "YES", "y", "Y", "1", "是", " true "]
    false = ["false", "False", "FALSE", "f", "F", "no", "No", "NO", "n", "N", "0", "否", " 否 "]
    wrong = ["2", "-1", "on", "off", "tru", "yess", "10", "对", "ja", "null", "x"]
    return [
        spellings("boolean_true", table, column, [(text, True) for text in true]),
        spellings("boolean_false", table, column, [(text, False) for text in false]),
        rejects("boolean_wrong", table, column, wrong),
        nulls("boolean_wrong_optional", MEMBERS, "is_test", wrong),
        probe(
            "boolean_json_true", MEMBERS, {"is_test": True}, keep({"is_test": True}), form="jsonl"
        ),
        probe("boolean_json_one", MEMBERS, {"is_test": 1}, keep({"is_test": True}), form="jsonl"),
        probe("boolean_json_two", MEMBERS, {"is_test": 2}, nulled("is_test"), form="jsonl"),
        probe("boolean_json_list", MEMBERS, {"is_test": [True]}, nulled("is_test"), form="jsonl"),
    ]


def date_cases() -> list[Case]:
    day = date(2025, 3, 1)
    good: list[Spelling] = [
        ("2025-03-01", day),
        ("2025/3/1", day),
        ("2025/03/01", day),
        ("20250301", day),
        ("2025年3月1日", day),
        ("2025年03月01日", day),
        (" 2025-03-01 ", day),
        ("2024-02-29", date(2024, 2, 29)),
        ("2000/2/29", date(2000, 2, 29)),
        ("2024年2月29日", date(2024, 2, 29)),
        ("20240229", date(2024, 2, 29)),
        ("1900-01-01", date(1900, 1, 1)),
        ("9999-12-31", date(9999, 12, 31)),
    ]
    wrong = [
        "2025-02-29",
        "2025-02-30",
        "1900-02-29",
        "20250229",
        "2025年2月30日",
        "2025/13/1",
        "2025-00-10",
        "2025-04-31",
        "2025-03-00",
        "45717",
        "45717.5",
        "0",
        "-1",
        "NaT",
        "infinity",
        "-infinity",
        "today",
        "epoch",
        "now",
        "tomorrow",
        "unknown",
        "1/2/25",
        "01/03/2025",
        "3.1.2025",
        "2025-03",
        "2025",
        "Mar 1, 2025",
        "2025-03-01 (BC)",
        "44-03-15 BC",
        "二〇二五年三月一日",
    ]
    outside = [
        "0000-00-00",
        "0000-01-01",
        "0001-01-01",
        "1899-12-31",
        "10000-01-01",
        "99991231235959",
    ]
    return [
        spellings("date_formats", MEMBERS, "birthday", good),
        nulls("date_wrong_optional", MEMBERS, "birthday", wrong),
        nulls("date_outside_the_years_optional", MEMBERS, "birthday", outside),
        rejects("date_wrong_required", "campaigns.ad_spend", "spend_date", wrong),
        rejects(
            "date_outside_the_years_required",
            "campaigns.ad_spend",
            "spend_date",
            outside,
            "invalid_value|out_of_range",
        ),
        probe(
            "date_unpadded_iso",
            MEMBERS,
            {"birthday": "2025-3-1"},
            keep({"birthday": day}),
            nulled("birthday"),
        ),
        probe(
            "date_full_width",
            MEMBERS,
            {"birthday": "２０２５－０３－０１"},
            keep({"birthday": day}),
            nulled("birthday"),
        ),
        probe(
            "date_with_midnight",
            MEMBERS,
            {"birthday": "2025-03-01 00:00:00"},
            keep({"birthday": day}),
            nulled("birthday"),
        ),
        probe(
            "date_with_apostrophe",
            MEMBERS,
            {"birthday": "'2025-03-01"},
            keep({"birthday": day}),
            note="the apostrophe by which a spreadsheet marks text",
        ),
        probe(
            "date_number_in_json",
            MEMBERS,
            {"birthday": 20250301},
            keep({"birthday": day}),
            form="jsonl",
        ),
        probe(
            "date_spreadsheet_number",
            MEMBERS,
            {"birthday": "20250301.0"},
            keep({"birthday": day}),
            nulled("birthday"),
        ),
    ]


def timestamp_cases() -> list[Case]:
    good: list[Spelling] = [
        ("2025-03-01T10:00:00Z", AT_UTC),
        ("2025-03-01T10:00:00z", AT_UTC),
        ("2025-03-01 10:00:00Z", AT_UTC),
        ("2025-03-01T10:00:00+00:00", AT_UTC),
        ("2025-03-01T10:00:00-00:00", AT_UTC),
        ("2025-03-01T18:00:00+08:00", AT_UTC),
        ("2025-03-01T18:00:00+0800", AT_UTC),
        ("2025-03-01T18:00:00+08", AT_UTC),
        ("2025-03-01 18:00:00+08", AT_UTC),
        ("2025-03-01 18:00:00 +08:00", AT_UTC),
        (" 2025-03-01T18:00:00+08:00 ", AT_UTC),
        ("2025-03-01T04:30:00-05:30", AT_UTC),
        ("2025-03-01T15:45:00+05:45", AT_UTC),
        ("2025-03-02T00:00:00+14:00", AT_UTC),
        ("2025-02-28T22:00:00-12:00", AT_UTC),
        ("2025-03-01T10:00Z", AT_UTC),
        ("2025-03-01T10:00:00.000Z", AT_UTC),
        ("2025-03-01T10:00:00.123456Z", utc("2025-03-01T10:00:00.123456")),
        ("2025-03-01T10:00:00.1Z", utc("2025-03-01T10:00:00.1")),
        ("2025-03-01T10:00:00.123456000Z", utc("2025-03-01T10:00:00.123456")),
        ("2025/3/1 18:00:00+08:00", AT_UTC),
        ("2025/03/01T10:00:00Z", AT_UTC),
        ("20250301T100000Z", AT_UTC),
        ("2025-01-01T00:00:00+08:00", utc("2024-12-31T16:00:00")),
        ("2024-12-31T23:59:59.999999-01:00", utc("2025-01-01T00:59:59.999999")),
        ("1990-07-01T00:00:00+09:00", utc("1990-06-30T15:00:00")),
    ]
    wrong = [
        "2025-02-29T10:00:00Z",
        "2025-13-01T10:00:00Z",
        "2025-03-32T10:00:00Z",
        "2025-03-01T25:00:00Z",
        "2025-03-01T10:60:00Z",
        "2025-03-01T10:00:61Z",
        "2025-03-01T10:00:00+25:00",
        "2025-03-01T10:00:00+08:60",
        "2025-03-01T10:00:00ZZ",
        "2025-03-01T10:00:00Z; drop table members",
        "2025-03-01T",
        "T10:00:00Z",
        "10:00:00Z",
        "infinity",
        "-infinity",
        "now",
        "today",
        "yesterday",
        "epoch",
        "NaT",
        "None",
        "1740823200",
        "1740823200000",
        "45717.41667",
        "01/03/2025 10:00:00Z",
        "3/1/2025 10:00 AM",
        "2025-03-01T10:00:00 (BC)+00",
        "2025-03-01 BC",
    ]
    open_spellings: dict[str, str] = {
        "timestamp_named_utc": "2025-03-01 10:00:00 UTC",
        "timestamp_named_zone": "2025-03-01 18:00:00 Asia/Shanghai",
        "timestamp_bracketed_zone": "2025-03-01T18:00:00+08:00[Asia/Shanghai]",
        "timestamp_gmt_offset": "2025-03-01 18:00:00 GMT+08:00",
        "timestamp_comma_fraction": "2025-03-01T10:00:00,000Z",
        "timestamp_rfc_822": "Sat, 01 Mar 2025 10:00:00 GMT",
        "timestamp_chinese": "2025年3月1日 18:00:00+08:00",
        "timestamp_full_width": "２０２５-０３-０１T１８:００:００+０８:００",
        "timestamp_hour_only": "2025-03-01T10Z",
        "timestamp_short_offset": "2025-03-01T18:00:00+8",
    }
    found = [
        spellings("timestamp_offsets", MEMBERS, "updated_at", good),
        rejects("timestamp_wrong", MEMBERS, "updated_at", wrong),
        nulls("timestamp_wrong_optional", ORDERS, "paid_at", wrong),
        rejects(
            "timestamp_outside_the_years",
            MEMBERS,
            "updated_at",
            [
                "0000-00-00T00:00:00Z",
                "0000-01-01T00:00:00Z",
                "0001-01-01T00:00:00Z",
                "1899-12-31T23:59:59Z",
                "10000-01-01T00:00:00Z",
                "-2025-03-01T10:00:00Z",
            ],
            "invalid_value|out_of_range",
        ),
        rejects(
            "timestamp_overflows_by_its_offset",
            "coupons.coupons",
            "expires_at",
            ["9999-12-31T23:59:59-08:00", "0001-01-01T00:00:00+08:00"],
            "invalid_value|out_of_range",
            note="the instant is in the year 10000; the coupon's expiry is required",
        ),
        probe(
            "timestamp_end_of_time",
            "coupons.coupons",
            {"expires_at": "9999-12-31T23:59:59Z"},
            keep({"expires_at": utc("9999-12-31T23:59:59")}),
        ),
        probe(
            "timestamp_naive",
            MEMBERS,
            {"updated_at": "2025-03-01 10:00:00"},
            reject("naive_timestamp", "updated_at"),
        ),
        probe(
            "timestamp_naive_t",
            MEMBERS,
            {"updated_at": "2025-03-01T10:00:00.5"},
            reject("naive_timestamp", "updated_at"),
        ),
        probe(
            "timestamp_naive_minutes",
            MEMBERS,
            {"updated_at": "2025/3/1 10:00"},
            reject("naive_timestamp", "updated_at"),
        ),
        rejects(
            "timestamp_only_a_date",
            MEMBERS,
            "updated_at",
            ["2025-03-01", "2025/3/1", "20250301", "2025年3月1日"],
            "naive_timestamp",
            note="a date in an _at column is naive midnight",
        ),
        probe(
            "timestamp_naive_optional",
            ORDERS,
            {"paid_at": "2025-03-01 10:00:00"},
            reject("naive_timestamp", "paid_at"),
            note="the rule for naive timestamps knows no exception for optional columns",
        ),
        probe(
            "timestamp_zero_date_of_mysql",
            MEMBERS,
            {"updated_at": "0000-00-00 00:00:00"},
            reject("invalid_value|naive_timestamp|out_of_range", "updated_at"),
        ),
        probe(
            "timestamp_leap_second",
            MEMBERS,
            {"updated_at": "2016-12-31T23:59:60Z"},
            reject("invalid_value", "updated_at"),
            keep({"updated_at": one_of(utc("2017-01-01"), utc("2016-12-31T23:59:59"))}),
            note="a real leap second; no column can hold it",
        ),
        probe(
            "timestamp_24_hours",
            MEMBERS,
            {"updated_at": "2025-02-28T24:00:00Z"},
            reject("invalid_value", "updated_at"),
            keep({"updated_at": utc("2025-03-01")}),
        ),
        probe(
            "timestamp_nanoseconds",
            MEMBERS,
            {"updated_at": "2025-03-01T10:00:00.123456789Z"},
            keep(
                {
                    "updated_at": one_of(
                        utc("2025-03-01T10:00:00.123456"), utc("2025-03-01T10:00:00.123457")
                    )
                }
            ),
        ),
        probe(
            "timestamp_with_apostrophe",
            MEMBERS,
            {"updated_at": f"'{AT}"},
            keep({"updated_at": AT_UTC}),
        ),
    ]
    for name, text in open_spellings.items():
        found.append(
            probe(
                name,
                MEMBERS,
                {"updated_at": text},
                keep({"updated_at": AT_UTC}),
                reject("invalid_value", "updated_at"),
                note="understood or rejected, but never another instant",
            )
        )
    return found


def money_cases() -> list[Case]:
    table, column = ORDERS, "gross_amount"
    good: list[Spelling] = [
        ("0", money("0.00")),
        ("10", money("10.00")),
        ("10.5", money("10.50")),
        (".5", money("0.50")),
        ("10.", money("10.00")),
        ("+5", money("5.00")),
        ("007.10", money("7.10")),
        (" 12.30 ", money("12.30")),
        ("1,234.50", money("1234.50")),
        ("1,234,567.89", money("1234567.89")),
        ("１，２３４", money("1234.00")),
        ("１２．５０", money("12.50")),
        ("１，２３４．５６", money("1234.56")),
        ("1e3", money("1000.00")),
        ("1.5E+2", money("150.00")),
        ("2.5E-1", money("0.25")),
        ("-0", money("0.00")),
        ("-0.00", money("0.00")),
        ("'12.50", money("12.50")),
        ("9999999999999999.99", money("9999999999999999.99")),
        ("9007199254740993.01", money("9007199254740993.01")),
    ]
    rounded: list[Spelling] = [
        ("1.005", money("1.01")),
        ("1.004", money("1.00")),
        ("1.995", money("2.00")),
        ("2.675", money("2.68")),
        ("0.005", money("0.01")),
        ("0.0049999999999999999999", money("0.00")),
        ("1,234.565", money("1234.57")),
        ("12345678901234.125", money("12345678901234.13")),
        ("1.00499999999999999999999999999999999999", money("1.00")),
        ("1e-3", money("0.00")),
    ]
    wrong = [
        "ten",
        "12 yuan",
        "NaN",
        "nan",
        "inf",
        "-inf",
        "Infinity",
        "+Infinity",
        "1.2.3",
        "1,23",
        "1,2345",
        "12,34.50",
        ",123",
        "1,,234",
        "1.234,50",
        "1_000",
        "0x1F",
        "1e",
        "e5",
        "--5",
        "1-",
        "12²",
        "½",
        "①",
        "true",
        "",
    ]
    return [
        spellings("money_spellings", table, column, good, money_rounded=0),
        spellings("money_rounded_half_up", table, column, rounded, money_rounded=len(rounded)),
        probe(
            "money_trailing_zeros",
            table,
            {column: "12.3400"},
            keep({column: money("12.34")}),
            note="nothing is lost here; whether it counts as rounded is left open",
        ),
        rejects("money_wrong", table, column, [text for text in wrong if text]),
        probe("money_missing", table, {column: ""}, reject("missing_required", column)),
        rejects("money_negative", table, column, ["-1", "-0.01", "-1e2"], "out_of_range"),
        rejects("money_negative_full_width", table, column, ["－５"], "out_of_range|invalid_value"),
        rejects(
            "money_too_large",
            table,
            column,
            [
                "10000000000000000",
                "9999999999999999.995",
                "12345678901234567890",
                "99999999999999999999.99",
                "1e17",
                "1e400",
                "1e999999999",
                "9" * 400,
            ],
            "invalid_value|out_of_range",
            note="decimal(18,2) holds 16 digits before the point",
        ),
        nulls(
            "money_optional",
            "catalog.products",
            "unit_cost",
            ["free", "-1", "NaN", "1e17", "12,34", "1e999999999"],
        ),
        probe(
            "money_negative_rounding_to_zero",
            table,
            {column: "-0.001"},
            reject("out_of_range", column),
            keep({column: money("0.00")}),
        ),
        probe(
            "money_arabic_digits",
            table,
            {column: "١٢"},
            reject("invalid_value", column),
            keep({column: money("12.00")}),
            note="only full-width digits are promised",
        ),
        probe(
            "money_with_currency_sign",
            table,
            {column: "¥12.50"},
            reject("invalid_value", column),
            keep({column: money("12.50")}),
        ),
        probe(
            "money_accounting_negative",
            table,
            {column: "(12.50)"},
            reject("invalid_value|out_of_range", column),
            note="never plus 12.50",
        ),
        probe(
            "money_percent",
            table,
            {column: "12%"},
            reject("invalid_value", column),
        ),
        probe(
            "money_space_inside",
            table,
            {column: "1 234"},
            reject("invalid_value", column),
            keep({column: money("1234.00")}),
        ),
        probe(
            "money_optional_rounded",
            LINES,
            {"promotion_discount": "0.125"},
            keep({"promotion_discount": money("0.13")}, money_rounded=1),
        ),
    ]


def integer_and_number_cases() -> list[Case]:
    whole: list[Spelling] = [
        ("0", 0),
        ("3", 3),
        ("3.0", 3),
        ("3.000", 3),
        ("1e2", 100),
        ("1,000", 1000),
        ("１２", 12),
        ("１，０００", 1000),
        ("+7", 7),
        ("-0", 0),
        ("007", 7),
        ("9223372036854775807", 9223372036854775807),
        ("9007199254740993", 9007199254740993),
    ]
    points: list[Spelling] = [("-50", -50), ("0", 0), ("-9223372036854775808", -(2**63))]
    return [
        spellings("quantity_whole", LINES, "quantity", whole),
        rejects(
            "quantity_fractional",
            LINES,
            "quantity",
            ["1.5", "0.999", "1e-1", "2.0000001", "9007199254740992.5"],
            "invalid_value|out_of_range",
        ),
        rejects("quantity_negative", LINES, "quantity", ["-1", "-3.0"], "out_of_range"),
        rejects(
            "quantity_wrong", LINES, "quantity", ["one", "NaN", "inf", "1,00", "0b1", "1_0", "²"]
        ),
        rejects(
            "quantity_too_large",
            LINES,
            "quantity",
            ["9223372036854775808", "1e19", "1e400", "1e999999999", "9" * 100],
            "invalid_value|out_of_range",
        ),
        spellings("points_may_be_negative", "loyalty.points_transactions", "points", points),
        nulls("likes_optional", "community.posts", "likes", ["-1", "1.5", "many", "1e30"]),
        nulls(
            "latitude_off_earth",
            "catalog.stores",
            "latitude",
            ["90.0000001", "-91", "200", "NaN", "inf", "1e400", "north", "31°14'", "31.2,121.5"],
        ),
        nulls("longitude_off_earth", "catalog.stores", "longitude", ["180.5", "-181", "1e3"]),
        spellings(
            "latitude_edges",
            "catalog.stores",
            "latitude",
            [
                ("90", 90.0),
                ("-90", -90.0),
                ("31.2304", 31.2304),
                ("３１．２５", 31.25),
                ("-0", 0.0),
            ],
        ),
        spellings(
            "longitude_edges", "catalog.stores", "longitude", [("180", 180.0), ("-180.0", -180.0)]
        ),
        nulls("event_position_off_earth", "app.events", "latitude", ["91", "-90.5"]),
        nulls("pack_size_not_above_zero", "catalog.products", "pack_size", ["0", "-1", "0.0"]),
        nulls("event_value_wrong", "app.events", "value", ["NaN", "inf", "-inf", "1e400", "abc"]),
        spellings(
            "event_value_spellings",
            "app.events",
            "value",
            [("-1.5", -1.5), ("1e-3", 0.001), ("1,234.5", 1234.5), ("１．５", 1.5)],
        ),
    ]


def survey_cases() -> list[Case]:
    table = "service.surveys"

    def survey(name: str, kind: str, score: str, *options: Option) -> Case:
        return probe(name, table, {"survey_kind": kind, "score": score}, *options)

    return [
        survey("nps_0", "nps", "0", keep({"score": 0.0})),
        survey("nps_10", "nps", "10", keep({"score": 10.0})),
        survey("nps_11", "nps", "11", reject("out_of_range", "score")),
        survey("nps_minus_1", "nps", "-1", reject("out_of_range", "score")),
        survey("csat_1", "csat", "1", keep({"score": 1.0})),
        survey("csat_5", "CSAT", "5", keep({"score": 5.0, "survey_kind": "csat"})),
        survey("csat_0", "csat", "0", reject("out_of_range", "score")),
        survey("csat_6", "csat", "6", reject("out_of_range", "score")),
        survey("csat_5_and_a_bit", "CSAT ", "5.01", reject("out_of_range", "score")),
        survey("score_word", "nps", "very good", reject("invalid_value", "score")),
        survey("score_missing", "nps", "", reject("missing_required", "score")),
        nulls("ticket_csat_off_scale", "service.tickets", "csat", ["0", "6", "0.99", "good"]),
        spellings(
            "ticket_csat_on_scale",
            "service.tickets",
            "csat",
            [("1", 1.0), ("5", 5.0), ("4.0", 4.0)],
        ),
    ]


def code_cases() -> list[Case]:
    status: list[Spelling] = [
        ("created", "created"),
        ("PAID", "paid"),
        (" Shipped ", "shipped"),
        ("Completed", "completed"),
        ("cancelled", "cancelled"),
    ]
    return [
        spellings("status_spellings", ORDERS, "status", status, unknown_codes=0),
        rejects(
            "status_unknown",
            ORDERS,
            "status",
            ["lost", "paid!", "canceled", "已支付", "pa id", "null"],
            "unknown_code",
        ),
        probe("status_missing", ORDERS, {"status": " "}, reject("missing_required", "status")),
        probe(
            "order_channel_unknown",
            ORDERS,
            {"order_channel": "Kuaishou"},
            keep({"order_channel": "kuaishou"}, unknown_codes=1),
            note="kept, and counted",
        ),
        probe(
            "order_kind_unknown_optional",
            ORDERS,
            {"order_kind": "barter"},
            keep({"order_kind": "barter"}, unknown_codes=1),
        ),
        probe(
            "order_kind_absent",
            ORDERS,
            {"order_kind": ""},
            keep({"order_kind": one_of(None, "sale")}, unknown_codes=0),
        ),
        probe(
            "send_channel_and_status_unknown",
            "campaigns.sends",
            {"channel": "fax", "status": "queued"},
            keep({"channel": "fax", "status": "queued"}, unknown_codes=2),
        ),
        probe(
            "open_code_is_not_unknown",
            "mini_program.events",
            {"event_type": "Lottery_Draw_2"},
            keep({"event_type": "lottery_draw_2"}, unknown_codes=0),
            note="a column without a list of codes knows no unknown code",
        ),
        probe(
            "buyer_key_type_unknown",
            ORDERS,
            {"buyer_key_type": "fax", "buyer_key": "F1"},
            keep({"buyer_key_type": "fax", "buyer_key": "F1"}, unknown_codes=1),
        ),
        probe(
            "code_injection",
            ORDERS,
            {"order_channel": "pos'; drop table orders; --"},
            keep({"order_channel": "pos'; drop table orders; --"}, unknown_codes=1),
        ),
        spellings(
            "gender_spellings",
            MEMBERS,
            "gender",
            [
                ("male", "male"),
                ("Female", "female"),
                ("M", "male"),
                ("f", "female"),
                ("男", "male"),
                ("女", "female"),
                ("other", "other"),
                ("", None),
            ],
            optional=False,
        ),
        probe(
            "gender_unknown",
            MEMBERS,
            {"gender": "attack helicopter"},
            keep_quietly({"gender": one_of("other", None)}),
        ),
    ]


def future_cases() -> list[Case]:
    edge = NOW + timedelta(days=1)

    def text(moment: datetime) -> str:
        return moment.astimezone(UTC).isoformat()

    far = "2099-01-01T00:00:00Z"
    return [
        probe(
            "future_exactly_one_day",
            MEMBERS,
            {"updated_at": text(edge)},
            keep({"updated_at": edge.replace(tzinfo=None)}),
            note="later than load time + 1 day is future; exactly that is not",
        ),
        probe(
            "future_one_microsecond_too_late",
            MEMBERS,
            {"updated_at": text(edge + timedelta(microseconds=1))},
            reject("future", "updated_at"),
        ),
        probe(
            "future_one_second_inside",
            MEMBERS,
            {"updated_at": text(edge - timedelta(seconds=1))},
            keep({}),
        ),
        probe(
            "future_by_offset",
            MEMBERS,
            {"updated_at": "2025-07-01T12:30:00+08:00"},
            keep({"updated_at": utc("2025-07-01T04:30:00")}),
            note="12:30 in Shanghai is early morning in UTC",
        ),
        probe(
            "future_by_negative_offset",
            MEMBERS,
            {"updated_at": "2025-07-01T11:30:00-08:00"},
            reject("future", "updated_at"),
        ),
        probe("future_event", "app.events", {"occurred_at": far}, reject("future", "occurred_at")),
        probe("future_order", ORDERS, {"ordered_at": far}, reject("future", "ordered_at")),
        probe(
            "future_registration_optional_column",
            MEMBERS,
            {"registered_at": far},
            reject("future", "registered_at"),
            note="the event time of the table, though optional",
        ),
        probe(
            "future_refund",
            "commerce.refunds",
            {"refunded_at": far},
            reject("future", "refunded_at"),
        ),
        probe("future_spend", "campaigns.ad_spend", {"spend_date": "2025-07-03"}, reject("future")),
        probe(
            "future_spend_today",
            "campaigns.ad_spend",
            {"spend_date": "2025-07-01"},
            keep({"spend_date": date(2025, 7, 1)}),
        ),
        probe(
            "future_paid_at_is_no_event_time",
            ORDERS,
            {"paid_at": far},
            keep({"paid_at": utc(far[:-1])}),
        ),
        probe(
            "future_expiry",
            "coupons.coupons",
            {"expires_at": far},
            keep({"expires_at": utc(far[:-1])}),
        ),
        probe(
            "future_campaign",
            "campaigns.campaigns",
            {"starts_at": far, "ends_at": far},
            keep({"starts_at": utc(far[:-1]), "ends_at": utc(far[:-1])}),
        ),
        probe(
            "future_price",
            "catalog.price_changes",
            {"valid_from": far},
            keep({"valid_from": utc(far[:-1])}),
        ),
        probe(
            "future_activity", "loyalty.activities", {"starts_at": far, "ends_at": far}, keep({})
        ),
        probe("future_grant_expiry", "loyalty.tier_grants", {"expires_at": far}, keep({})),
    ]


def phone_cases() -> list[Case]:
    found = []
    mobile = "+8613926471835"
    same = [
        "13926471835",
        " 13926471835 ",
        "１３９２６４７１８３５",
        "＋８６１３９２６４７１８３５",
        "+8613926471835",
        "+86 139 2647 1835",
        "+86-139-2647-1835",
        "(+86) 13926471835",
        "008613926471835",
        "0086-139-2647-1835",
        "86 139 2647 1835",
        "139 2647 1835",
        "139-2647-1835",
        "139\u00a02647\u30001835",
        "13926471835.0",
        "'13926471835",
        "'+8613926471835",
    ]
    name = "phone_spellings_of_one_mobile"
    rows = records(name, MEMBERS, *({"phone": text} for text in same))
    wanted = [
        {
            "member_no": f"{name}.{n}",
            "phone": mobile,
            "phone_status": "usable",
            "phone_token": token("phone", mobile),
        }
        for n in range(1, len(same) + 1)
    ]
    found.append(case(name, MEMBERS, csv_bytes(rows), loaded(wanted)))

    usable: list[Spelling] = [
        ("010-65123456", "+861065123456"),
        ("(010) 6512 3456", "+861065123456"),
        ("+86 10 6512 3456", "+861065123456"),
        ("0755-83765432", "+8675583765432"),
        ("０２１－６３２１４３２１", "+862163214321"),
        ("+852 6123 4587", "+85261234587"),
        ("+1 650-253-0100", "+16502530100"),
        ("+44 20 7946 0958", "+442079460958"),
    ]
    found.append(spellings("phone_landline_and_abroad", MEMBERS, "phone", usable))

    def unusable(name: str, status: str, *texts: str, note: str = "") -> Case:
        rows = records(name, MEMBERS, *({"phone": text} for text in texts))
        wanted = [
            {
                "member_no": f"{name}.{n}",
                "phone": None,
                "phone_status": one_of(*status.split("|")),
                "phone_raw": text,
                "phone_token": None,
            }
            for n, text in enumerate(texts, start=1)
        ]
        return case(name, MEMBERS, csv_bytes(rows), loaded(wanted, optional=None), note=note)

    found += [
        unusable(
            "phone_masked", "masked", "139****1835", "139xxxx1835", "*******1835", "139＊＊＊＊1835"
        ),
        unusable(
            "phone_repeated_digit",
            "repeated_digit",
            "11111111111",
            "00000000000",
            "99999999999",
            "13800000000",
            "13888888888",
            "+8613900000000",
            "13900000000.0",
        ),
        unusable("phone_digit_run", "digit_run", "13812345678", "13887654321", "+86 139 1234 5678"),
        unusable(
            "phone_malformed",
            "malformed",
            "1.39E+10",
            "1.39265E+10",
            "123",
            "139264718351",
            "1392647183",
            "call me",
            "n/a",
            "无",
            "13926471835/13926471836",
            "=13926471835+1",
        ),
        unusable(
            "phone_placeholders",
            "malformed|repeated_digit|digit_run|masked",
            "0",
            "-",
            "null",
            "undefined",
            "12345678901",
            "+86",
            "000",
        ),
        unusable(
            "phone_sql", "malformed", "13926471835' or '1'='1", "'; drop table members; --"[1:]
        ),
        probe(
            "phone_extension",
            MEMBERS,
            {"phone": "010-65123456-8001"},
            keep_quietly({"phone": one_of("+861065123456", None)}),
            note="a switchboard, or not usable; never another number",
        ),
        probe(
            "phone_as_json_number",
            MEMBERS,
            {"phone": 13926471835},
            keep({"phone": mobile, "phone_status": "usable"}),
            form="jsonl",
        ),
        probe(
            "phone_as_json_float",
            MEMBERS,
            {"phone": 13926471835.0},
            keep({"phone": mobile}),
            form="jsonl",
        ),
        probe(
            "phone_absent",
            MEMBERS,
            {"phone": "   "},
            keep({"phone": None, "phone_status": None, "phone_token": None}),
        ),
        probe(
            "phone_very_long",
            MEMBERS,
            {"phone": "1" * 100_000},
            keep_quietly({"phone": None, "phone_token": None}),
        ),
        probe(
            "phone_nested_json",
            MEMBERS,
            {"phone": ["13926471835"]},
            keep_quietly({"phone": None, "phone_token": None}),
            form="jsonl",
        ),
    ]
    return found


def email_cases() -> list[Case]:
    usable: list[Spelling] = [
        ("Anna.Li+vip@Example.COM", "anna.li+vip@example.com"),
        (" x@y.cn ", "x@y.cn"),
        ("a_b-c@mail.example.co.uk", "a_b-c@mail.example.co.uk"),
        ("o'brien@example.ie", "o'brien@example.ie"),
    ]
    wrong = ["plain", "a@", "@b.com", "a@@b.com", "a b@c.com", "a@b,com", "=1+1", "null", "无"]
    name = "email_malformed"
    rows = records(name, MEMBERS, *({"email": text} for text in wrong))
    wanted = [
        {
            "member_no": f"{name}.{n}",
            "email": None,
            "email_status": "malformed",
            "email_token": None,
        }
        for n in range(1, len(wrong) + 1)
    ]
    return [
        spellings("email_spellings", MEMBERS, "email", usable),
        case(name, MEMBERS, csv_bytes(rows), loaded(wanted, optional=None)),
        probe(
            "email_token",
            MEMBERS,
            {"email": "Anna@Example.com"},
            keep({"email_status": "usable", "email_token": token("email", "anna@example.com")}),
        ),
        probe(
            "email_two_addresses",
            MEMBERS,
            {"email": "a@b.cn;c@d.cn"},
            keep_quietly({"email": None, "email_status": "malformed"}),
        ),
        probe(
            "email_newline",
            MEMBERS,
            {"email": "a@b.cn\nbcc: all@b.cn"},
            keep_quietly({"email": None, "email_status": "malformed"}),
            note="header injection",
        ),
        probe(
            "email_absent",
            MEMBERS,
            {"email": ""},
            keep({"email": None, "email_status": None, "email_token": None}),
        ),
    ]


def name_cases() -> list[Case]:
    names: list[Spelling] = [
        ("张三", "张三"),
        ("张 三", "张三"),
        ("张\u3000三", "张三"),
        ("\u3000张三\u00a0", "张三"),
        ("张\u200b三", "张三"),
        ("\ufeff张三\u200d", "张三"),
        ("張三豐", "张三丰"),
        ("ＪＯＨＮ\u3000 ｓｍｉｔｈ", "john smith"),
        ("John   SMITH", "john smith"),
    ]
    return [
        spellings("name_normalised", MEMBERS, "name", names, lake_column="name_normalised"),
        probe("name_nfc", MEMBERS, {"name": "Jose\u0301"}, keep({"name": "José"})),
        probe(
            "name_of_spaces",
            MEMBERS,
            {"name": "\u3000 \u00a0"},
            keep({"name": None, "name_normalised": None}),
        ),
        probe(
            "name_of_zero_width",
            MEMBERS,
            {"name": "\u200b\u200b"},
            keep({"name": one_of(None, "\u200b\u200b", ""), "name_normalised": one_of(None, "")}),
        ),
        probe("name_emoji", MEMBERS, {"name": "👩‍👧 小美"}, keep({"name": "👩‍👧 小美"})),
        probe("name_beyond_bmp", MEMBERS, {"name": "𠮷野家"}, keep({"name": "𠮷野家"})),
        probe(
            "name_formula",
            MEMBERS,
            {"name": "=cmd|' /C calc'!A0"},
            keep({"name": "=cmd|' /C calc'!A0"}),
        ),
        probe(
            "name_right_to_left",
            MEMBERS,
            {"name": "\u202eilil"},
            keep({"name": one_of("\u202eilil", "ilil")}),
        ),
        probe(
            "name_zalgo",
            MEMBERS,
            {"name": "a" + "\u0301\u0327" * 5_000},
            keep({}),
            note="ten thousand combining marks",
        ),
        probe("name_traditional_kept", MEMBERS, {"name": "張三豐"}, keep({"name": "張三豐"})),
    ]


def id_cases() -> list[Case]:
    found = []
    verbatim = [
        "AbC",
        "abc",
        "000123",
        "1.10",
        "v1.0",
        "12-34",
        "+1+1",
        "-5",
        "@SUM(A1:A9)",
        "=1+1",
        "../../etc/passwd",
        "C:\\windows\\x",
        "/dev/null",
        "a,b;c|d",
        'a"b',
        "x' or '1'='1",
        "Robert'); DROP TABLE members;--",
        "{{ 7*7 }}",
        "${jndi:ldap://x/y}",
        "<script>alert(1)</script>",
        "%00",
        "%s%s%n",
        "会员001",
        "😀",
        "a b",
        "null",
        "true",
        "NaN",
        "2025-03-01",
        "1e5x",
        "0",
    ]
    name = "id_kept_verbatim"
    rows = [
        {"member_no": text, "city": f"{name}.{n}", "updated_at": AT}
        for n, text in enumerate(verbatim, start=1)
    ]
    wanted = [
        {"member_no": text, "city": f"{name}.{n}"} for n, text in enumerate(verbatim, start=1)
    ]
    found.append(
        case(name, MEMBERS, csv_bytes(rows), loaded(wanted), tag="city", note="case is kept")
    )
    repaired = [
        ("13900001001.0", "13900001001"),
        ("1002.00", one_of("1002", "1002.00")),
        ("'000777", "000777"),
        (" 1003 ", "1003"),
        ("\u30001004\u3000", "1004"),
        ("\u00a01005", "1005"),
        ("'1006.0", one_of("1006", "1006.0")),
    ]
    name = "id_spreadsheet_damage"
    rows = [
        {"member_no": text, "city": f"{name}.{n}", "updated_at": AT}
        for n, (text, _) in enumerate(repaired, start=1)
    ]
    wanted_ids: list[dict[str, Any]] = [
        {"member_no": value, "city": f"{name}.{n}"}
        for n, (_, value) in enumerate(repaired, start=1)
    ]
    found.append(case(name, MEMBERS, csv_bytes(rows), loaded(wanted_ids), tag="city"))

    long_id = "id_very_long." + "x" * 100_000
    found.append(
        case(
            "id_very_long",
            MEMBERS,
            csv_bytes([{"member_no": long_id, "updated_at": AT}]),
            loaded([{"member_no": long_id}]),
        )
    )
    name = "id_case_sensitive_keys"
    table = "mini_program.users"
    rows = records(name, table, {"unionid": "oXyZ"}, {"unionid": "OxYz"})
    found.append(
        case(
            name,
            table,
            csv_bytes(rows),
            loaded(
                [
                    {
                        "openid": f"{name}.1",
                        "unionid": "oXyZ",
                        "unionid_token": token("unionid", "oXyZ"),
                    },
                    {
                        "openid": f"{name}.2",
                        "unionid": "OxYz",
                        "unionid_token": token("unionid", "OxYz"),
                    },
                ]
            ),
        )
    )
    found += [
        probe(
            "id_card_token",
            MEMBERS,
            {"card_no": "62220200012.0"},
            keep({"card_no": "62220200012", "card_no_token": token("card_no", "62220200012")}),
        ),
        probe(
            "id_scientific",
            MEMBERS,
            {"card_no": "6.22202E+18"},
            keep_quietly({"card_no": one_of("6.22202E+18", None)}),
            note="digits are lost; never a number that looks whole",
        ),
        probe(
            "id_zero_width_space",
            MEMBERS,
            {"card_no": "62\u200b22"},
            keep_quietly({"card_no": one_of("62\u200b22", "6222")}),
        ),
        probe(
            "id_full_width_digits",
            MEMBERS,
            {"card_no": "６２２２"},
            keep({"card_no": one_of("６２２２", "6222")}),
        ),
        probe("id_control_characters", MEMBERS, {"card_no": "a\x07b\x1bc"}, keep_quietly({})),
        probe(
            "id_right_to_left_mark",
            MEMBERS,
            {"card_no": "\u202e321\u202c"},
            keep_quietly({}),
        ),
    ]
    return found


def buyer_key_cases() -> list[Case]:
    mobile = "+8613926471835"

    def key(
        name: str, kind: str, text: str, *options: Option, table: str = ORDERS, note: str = ""
    ) -> Case:
        values = {"buyer_key_type": kind, "buyer_key": text}
        return probe(name, table, values, *options, note=note)

    found = []
    name = "buyer_key_phone_spellings"
    texts = [
        "13926471835",
        "+86 139-2647-1835",
        "１３９２６４７１８３５",
        "13926471835.0",
        "0086 13926471835",
    ]
    rows = records(
        name, ORDERS, *({"buyer_key_type": "phone", "buyer_key": text} for text in texts)
    )
    wanted = [
        {
            "order_id": f"{name}.{n}",
            "buyer_key": mobile,
            "buyer_key_status": "usable",
            "buyer_key_token": token("phone", mobile),
        }
        for n in range(1, len(texts) + 1)
    ]
    found.append(
        case(name, ORDERS, csv_bytes(rows), loaded(wanted), note="spellings of one key are one key")
    )
    found += [
        key(
            "buyer_key_masked_phone",
            "phone",
            "139****1835",
            keep_quietly(
                {"buyer_key": None, "buyer_key_status": "masked", "buyer_key_token": None}
            ),
        ),
        key(
            "buyer_key_scientific_phone",
            "PHONE",
            "1.39E+10",
            keep_quietly(
                {"buyer_key": None, "buyer_key_status": "malformed", "buyer_key_token": None}
            ),
        ),
        key(
            "buyer_key_dummy_phone",
            "phone",
            "13800000000",
            keep_quietly(
                {"buyer_key": None, "buyer_key_status": "repeated_digit", "buyer_key_token": None}
            ),
        ),
        key(
            "buyer_key_card",
            "card_no",
            "62220200012",
            keep(
                {
                    "buyer_key": "62220200012",
                    "buyer_key_status": "usable",
                    "buyer_key_token": token("card_no", "62220200012"),
                }
            ),
        ),
        key(
            "buyer_key_openid_case",
            "openid",
            "oAbC",
            keep({"buyer_key": "oAbC", "buyer_key_token": token("openid", "oAbC")}),
        ),
        key(
            "buyer_key_email_like",
            "web_user_id",
            "Anna@Example.COM",
            keep({"buyer_key": "Anna@Example.COM"}),
            note="left alone",
        ),
        key(
            "buyer_key_absent",
            "none",
            "",
            keep({"buyer_key": None, "buyer_key_status": None, "buyer_key_token": None}),
        ),
        key(
            "buyer_key_missing_for_a_kind",
            "member_no",
            "",
            keep_quietly({"buyer_key": None, "buyer_key_status": None}),
            note="optional in orders: an order of nobody",
        ),
        key(
            "buyer_key_required_in_carts",
            "member_no",
            "",
            reject("missing_required", "buyer_key"),
            table="commerce.carts",
        ),
        key(
            "buyer_key_masked_in_carts",
            "phone",
            "139****1835",
            keep_quietly({"buyer_key": None, "buyer_key_status": "masked"}),
            reject("missing_required|invalid_value", "buyer_key"),
            table="commerce.carts",
        ),
    ]
    return found


def text_cases() -> list[Case]:
    table, column = "catalog.products", "product_name"
    verbatim = [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        '=HYPERLINK("http://x","y")',
        "'); drop table products; --",
        "1; select * from read_csv('/etc/passwd')",
        "$(rm -rf /)",
        "`id`",
        "%n%n%n",
        "a\tb",
        "line 1\nline 2",
        "\u202egnp.exe",
        "😀👩‍👧🇨🇳",
        "a\u200bb",
        "{'a': 1}",
        "[1, 2]",
        '{"a": "b"}',
        "null",
        "\\N",
        "\\",
        "a\\nb",
        "１２３ＡＢＣ",
        "𠮷",
        "x" * 60_000,
        '~!@#$%^&*()_+{}|:"<>?',
    ]
    pairs: list[Spelling] = [(text, text) for text in verbatim]
    return [
        spellings("text_kept_verbatim", table, column, pairs),
        probe("text_nfc", table, {column: "Cre\u0300me"}, keep({column: "Crème"})),
        probe("text_trimmed", table, {column: "\u3000 cream \t"}, keep({column: "cream"})),
        probe(
            "text_required_blank", table, {column: " \u3000 "}, reject("missing_required", column)
        ),
        probe(
            "text_unit_separators",
            table,
            {column: "a\x1eb\x1fc\x01d"},
            keep_quietly({}),
            note="characters that a loader may use inside",
        ),
        probe(
            "text_formula_in_json",
            table,
            {column: "=1+1", "brand": "@SUM(A1)"},
            keep({column: "=1+1", "brand": "@SUM(A1)"}),
            form="jsonl",
        ),
        probe(
            "text_formula_in_parquet",
            table,
            {column: "=1+1", "brand": "+1"},
            keep({column: "=1+1", "brand": "+1"}),
            form="parquet",
        ),
    ]


def mixed_cases() -> list[Case]:
    """Rows with more than one thing wrong, and the accounting of it."""
    found = []

    def order(name: str, values: Mapping[str, Any], *options: Option, note: str = "") -> Case:
        return probe(name, ORDERS, values, *options, note=note)

    found.append(
        order(
            "mixed_required_and_optional_bad",
            {"gross_amount": "ten", "points_used": "many"},
            reject("invalid_value", "gross_amount"),
            note="the row is quarantined once",
        )
    )
    found.append(
        order(
            "mixed_two_optional_bad",
            {"points_used": "many", "is_gift": "perhaps"},
            nulled("points_used", "is_gift"),
        )
    )
    found.append(
        order(
            "mixed_future_and_bad_money",
            {"updated_at": "2099-01-01T00:00:00Z", "net_amount": "ten"},
            reject("future|invalid_value"),
        )
    )
    found.append(
        order(
            "mixed_unknown_code_and_nulled",
            {"order_channel": "kuaishou", "points_used": "-1"},
            Option(
                values={"order_channel": "kuaishou"},
                nulled=("points_used",),
                log={"unknown_codes": 1},
            ),
        )
    )
    found.append(
        order(
            "mixed_everything_right_but_odd",
            {
                "gross_amount": "１，２３４．５０５",
                "status": " COMPLETED ",
                "is_test": "否",
                "paid_at": "2025/3/1 18:00:00+0800",
                "points_used": "1e2",
            },
            keep(
                {
                    "gross_amount": money("1234.51"),
                    "status": "completed",
                    "is_test": False,
                    "paid_at": AT_UTC,
                    "points_used": 100,
                },
                money_rounded=1,
            ),
        )
    )
    return found


CASES = [
    *boolean_cases(),
    *date_cases(),
    *timestamp_cases(),
    *money_cases(),
    *integer_and_number_cases(),
    *survey_cases(),
    *code_cases(),
    *future_cases(),
    *phone_cases(),
    *email_cases(),
    *name_cases(),
    *id_cases(),
    *buyer_key_cases(),
    *text_cases(),
    *mixed_cases(),
]
