"""brand.yml: what it declares, files that do not keep to it, and brand.yml files that are wrong."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from .harness import (
    AT,
    AT_UTC,
    Bad,
    Case,
    case,
    csv_bytes,
    jsonl_bytes,
    keep,
    loaded,
    nulled,
    parquet_bytes,
    probe,
    records,
    refused,
    reject,
    utc,
)

BRAND = """
business_zone: Asia/Shanghai
currency: CNY
tables:
  crm.members:
    source_zone: Asia/Shanghai
    csv: {encoding: gbk}
    rename:
      会员号: member_no
      更新时间: updated_at
      所在城市: city
  commerce.orders:
    source_zone: America/New_York
    csv: {delimiter: ";"}
    cast:
      status:
        values: {已支付: paid, 已取消: cancelled}
  commerce.refunds:
    cast:
      refund_amount: {unit: cents}
  campaigns.sends:
    csv: {encoding: utf-16}
  app.events:
    csv: {delimiter: tab, encoding: latin-1}
    cast:
      occurred_at: {unit: epoch_seconds}
  mini_program.events:
    cast:
      occurred_at: {unit: epoch_milliseconds}
  service.tickets:
    source_zone:
      closed_at: Asia/Shanghai
    cast:
      closed_at: {format: "%d/%m/%Y %H:%M"}
  community.posts:
    csv: {encoding: big5, delimiter: "|"}
  wecom.contacts:
    source_zone: Europe/London
"""

MEMBERS = "crm.members"
ORDERS = "commerce.orders"


def semicolons(name: str, *overrides: dict[str, Any]) -> bytes:
    return csv_bytes(records(name, ORDERS, *overrides), delimiter=";")


def encoding_cases() -> list[Case]:
    found = []
    name = "brand_gbk"
    rows = records(name, MEMBERS, {"city": "西安市", "name": "張三豐"}, {"city": "Xi'an"})
    found.append(
        case(
            name,
            MEMBERS,
            csv_bytes(rows, encoding="gbk"),
            loaded(
                [
                    {
                        "member_no": f"{name}.1",
                        "city": "西安市",
                        "name": "張三豐",
                        "name_normalised": "张三丰",
                    },
                    {"member_no": f"{name}.2", "city": "Xi'an"},
                ]
            ),
        )
    )
    name = "brand_gbk_gzip"
    rows = records(name, MEMBERS, {"city": "西安市"})
    content = gzip.compress(csv_bytes(rows, encoding="gbk"))
    wanted = loaded([{"member_no": f"{name}.1", "city": "西安市"}])
    found.append(case(name, MEMBERS, content, wanted, ext="csv.gz"))
    name = "brand_gbk_second_byte_is_a_backslash"
    rows = records(name, MEMBERS, {"city": "俓, 乗"}, {"city": "俓\n乗"})
    found.append(
        case(
            name,
            MEMBERS,
            csv_bytes(rows, encoding="gbk"),
            loaded(
                [
                    {"member_no": f"{name}.1", "city": "俓, 乗"},
                    {"member_no": f"{name}.2", "city": "俓\n乗"},
                ]
            ),
            note="these characters' second bytes are ASCII; splitting bytes would cut them",
        )
    )
    name = "brand_gbk_broken_bytes"
    content = csv_bytes(records(name, MEMBERS, {"city": "西"}), encoding="gbk") + b"\xff\xff,x\n"
    found.append(case(name, MEMBERS, content, refused("not_utf8|unreadable_file")))
    name = "brand_gbk_line_numbers"
    rows = records(name, MEMBERS, {"city": "西\n安"}, {"updated_at": "soon"}, {})
    found.append(
        case(
            name,
            MEMBERS,
            csv_bytes(rows, encoding="gbk"),
            loaded(
                [{"member_no": f"{name}.1"}, {"member_no": f"{name}.3"}],
                [Bad(4, "invalid_value", "updated_at", "soon")],
            ),
        )
    )
    name = "brand_gbk_jsonl_stays_utf8"
    rows = records(name, MEMBERS, {"city": "西安市"})
    wanted = loaded([{"member_no": f"{name}.1", "city": "西安市"}])
    found.append(case(name, MEMBERS, jsonl_bytes(rows), wanted, ext="jsonl"))
    name = "brand_utf16"
    table = "campaigns.sends"
    rows = records(name, table, {"variant": "对照"}, {"sent_at": ""}, {})
    found.append(
        case(
            name,
            table,
            csv_bytes(rows, encoding="utf-16"),
            loaded(
                [{"send_id": f"{name}.1", "variant": "对照"}, {"send_id": f"{name}.3"}],
                [Bad(3, "missing_required", "sent_at")],
            ),
        )
    )
    name = "brand_utf16_crlf"
    rows = records(name, table, {}, {"sent_at": ""}, {})
    found.append(
        case(
            name,
            table,
            csv_bytes(rows, encoding="utf-16", newline="\r\n"),
            loaded(
                [{"send_id": f"{name}.1"}, {"send_id": f"{name}.3"}],
                [Bad(3, "missing_required", "sent_at")],
            ),
        )
    )
    name = "brand_utf16_cut_inside_a_character"
    content = csv_bytes(records(name, table, {}), encoding="utf-16")[:-1]
    found.append(case(name, table, content, refused("not_utf8|unreadable_file")))
    name = "brand_utf16_delivered_as_utf8"
    content = csv_bytes(records(name, table, {}, {}))
    found.append(
        case(
            name,
            table,
            content,
            refused("not_utf8|unreadable_file|missing_column"),
            loaded([{"send_id": f"{name}.{n}"} for n in (1, 2)]),
            note="UTF-8 where UTF-16 is declared: refused, or read as what it is",
        )
    )
    name = "brand_latin1_with_tabs"
    table = "app.events"
    rows = records(name, table, {"keyword": "Orléans, crème", "occurred_at": "1740823200"})
    found.append(
        case(
            name,
            table,
            csv_bytes(rows, encoding="latin-1", delimiter="\t"),
            loaded([{"event_id": f"{name}.1", "keyword": "Orléans, crème", "occurred_at": AT_UTC}]),
        )
    )
    name = "brand_big5_with_pipes"
    table = "community.posts"
    rows = records(name, table, {"topic": "護膚|功能"}, {"topic": "許"})
    found.append(
        case(
            name,
            table,
            csv_bytes(rows, encoding="big5", delimiter="|"),
            loaded(
                [
                    {"post_id": f"{name}.1", "topic": "護膚|功能"},
                    {"post_id": f"{name}.2", "topic": "許"},
                ]
            ),
            note="功 and 許 hold the bytes of a backslash in Big5",
        )
    )
    return found


def delimiter_cases() -> list[Case]:
    found = []
    name = "brand_semicolons"
    content = semicolons(name, {"buyer_key": "a,b"}, {"buyer_key": "c;d"}, {"status": "x,y"})
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded(
                [
                    {"order_id": f"{name}.1", "buyer_key": "a,b"},
                    {"order_id": f"{name}.2", "buyer_key": "c;d"},
                ],
                [Bad(4, "unknown_code", "status", "x,y")],
            ),
        )
    )
    name = "brand_commas_where_semicolons_are_declared"
    content = csv_bytes(records(name, ORDERS, {}))
    found.append(case(name, ORDERS, content, refused("missing_column")))
    name = "brand_semicolons_too_many_fields"
    content = semicolons(name, {}, {}, {}).replace(b".2;pos", b".2;p;os")
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded(
                [{"order_id": f"{name}.1"}, {"order_id": f"{name}.3"}], [Bad(3, "malformed_row")]
            ),
        )
    )
    return found


def rename_cases() -> list[Case]:
    found = []
    name = "brand_rename"
    text = f"更新时间,所在城市,会员号\n{AT},西安,{name}.1\n,西安,{name}.2\n"
    found.append(
        case(
            name,
            MEMBERS,
            text.encode("gbk"),
            loaded(
                [{"member_no": f"{name}.1", "city": "西安"}],
                [Bad(3, "missing_required", "updated_at")],
                unknown_columns=(),
            ),
        )
    )
    name = "brand_rename_not_needed"
    content = csv_bytes(records(name, MEMBERS, {"city": "a"}))
    found.append(case(name, MEMBERS, content, loaded([{"member_no": f"{name}.1", "city": "a"}])))
    name = "brand_rename_of_jsonl_keys"
    rows = [{"会员号": f"{name}.1", "更新时间": AT, "所在城市": "西安"}]
    wanted = loaded([{"member_no": f"{name}.1", "city": "西安"}], unknown_columns=())
    found.append(case(name, MEMBERS, jsonl_bytes(rows), wanted, ext="jsonl"))
    name = "brand_rename_of_parquet_columns"
    rows = [{"会员号": f"{name}.1", "更新时间": AT, "所在城市": "西安"}]
    wanted = loaded([{"member_no": f"{name}.1", "city": "西安"}], unknown_columns=())
    found.append(case(name, MEMBERS, parquet_bytes(rows), wanted, ext="parquet"))
    name = "brand_rename_meets_the_column_itself"
    text = f"会员号,member_no,更新时间\n{name}.1,{name}.2,{AT}\n"
    found.append(
        case(
            name,
            MEMBERS,
            text.encode("gbk"),
            refused("duplicate_header"),
            note="two columns for one",
        )
    )
    name = "brand_rename_missing_column_names_both"
    text = f"会员号\n{name}.1\n"
    found.append(case(name, MEMBERS, text.encode("gbk"), refused("missing_column", "updated_at")))
    return found


def zone_cases() -> list[Case]:
    found = []

    def members(name: str, column: str, text: str, *options: Any, note: str = "") -> Case:
        return probe(name, MEMBERS, {column: text}, *options, note=note)

    found += [
        members(
            "brand_zone_naive",
            "updated_at",
            "2025-03-01 10:00:00",
            keep({"updated_at": utc("2025-03-01T02:00:00")}),
        ),
        members(
            "brand_zone_naive_t_fraction",
            "updated_at",
            "2025-03-01T10:00:00.25",
            keep({"updated_at": utc("2025-03-01T02:00:00.25")}),
        ),
        members(
            "brand_zone_date_is_midnight",
            "updated_at",
            "2025/3/1",
            keep({"updated_at": utc("2025-02-28T16:00:00")}),
        ),
        members(
            "brand_zone_compact_date",
            "updated_at",
            "20250301",
            keep({"updated_at": utc("2025-02-28T16:00:00")}),
        ),
        members("brand_zone_offset_wins", "updated_at", AT, keep({"updated_at": AT_UTC})),
        members(
            "brand_zone_shanghai_summer_time",
            "registered_at",
            "1990-07-01 12:00:00",
            keep({"registered_at": utc("1990-07-01T03:00:00")}),
            note="China kept summer time from 1986 to 1991",
        ),
        members(
            "brand_zone_shanghai_winter_1990",
            "registered_at",
            "1990-01-01 12:00:00",
            keep({"registered_at": utc("1990-01-01T04:00:00")}),
        ),
        members(
            "brand_zone_future_edge_inside",
            "updated_at",
            "2025-07-01 20:00:00",
            keep({"updated_at": utc("2025-07-01T12:00:00")}),
            note="judged as an instant: exactly one day after the load",
        ),
        members(
            "brand_zone_future_edge_outside",
            "updated_at",
            "2025-07-01 20:00:01",
            reject("future", "updated_at"),
        ),
        members(
            "brand_zone_not_a_time",
            "updated_at",
            "2025-02-29 10:00:00",
            reject("invalid_value", "updated_at"),
        ),
        members(
            "brand_zone_dates_have_no_zone",
            "birthday",
            "2025-03-01",
            keep({"birthday": date(2025, 3, 1)}),
        ),
    ]
    new_york = {
        "last_before_the_gap": ("2024-03-10 01:59:59", utc("2024-03-10T06:59:59")),
        "first_after_the_gap": ("2024-03-10 03:00:00", utc("2024-03-10T07:00:00")),
        "last_before_the_fold": ("2024-11-03 00:59:59", utc("2024-11-03T04:59:59")),
        "first_after_the_fold": ("2024-11-03 02:00:00", utc("2024-11-03T07:00:00")),
        "in_the_gap": ("2024-03-10 02:30:00", utc("2024-03-10T07:30:00")),
        "in_the_fold": ("2024-11-03 01:30:00", utc("2024-11-03T05:30:00")),
        "new_year": ("2024-12-31 23:30:00", utc("2025-01-01T04:30:00")),
    }
    for label, (text, wanted) in new_york.items():
        name = f"brand_zone_{label}"
        content = semicolons(name, {"ordered_at": text})
        found.append(
            case(
                name,
                ORDERS,
                content,
                loaded([{"order_id": f"{name}.1", "ordered_at": wanted}]),
            )
        )
    name = "brand_zone_london_fold"
    table = "wecom.contacts"
    rows = records(name, table, {"added_at": "2024-10-27 02:00:00"}, {"added_at": "2024-07-01"})
    found.append(
        case(
            name,
            table,
            csv_bytes(rows),
            loaded(
                [
                    {"external_userid": f"{name}.1", "added_at": utc("2024-10-27T02:00:00")},
                    {"external_userid": f"{name}.2", "added_at": utc("2024-06-30T23:00:00")},
                ]
            ),
        )
    )
    name = "brand_zone_naive_without_declaration"
    rows = records(name, "commerce.refunds", {"refunded_at": "2025-03-01 10:00:00"}, {})
    found.append(
        case(
            name,
            "commerce.refunds",
            csv_bytes(rows),
            loaded([{"refund_id": f"{name}.2"}], [Bad(2, "naive_timestamp", "refunded_at")]),
            note="zones of other tables do not count here",
        )
    )
    naive = [utc("2025-03-01T10:00:00")]
    local = utc("2025-03-01T02:00:00")
    for label, kind in (
        ("us", pa.timestamp("us")),
        ("ms", pa.timestamp("ms")),
        ("ns", pa.timestamp("ns")),
    ):
        name = f"brand_zone_parquet_naive_{label}"
        table = pa.table({"member_no": [f"{name}.1"], "updated_at": pa.array(naive, kind)})
        outcome = loaded([{"member_no": f"{name}.1", "updated_at": local}])
        found.append(case(name, MEMBERS, parquet_bytes(table), outcome, ext="parquet"))
    name = "brand_zone_parquet_int96"
    table = pa.table(
        {"member_no": [f"{name}.1"], "updated_at": pa.array(naive, pa.timestamp("ns"))}
    )
    content = parquet_bytes(table, use_deprecated_int96_timestamps=True)
    outcome = loaded([{"member_no": f"{name}.1", "updated_at": local}])
    found.append(case(name, MEMBERS, content, outcome, ext="parquet"))
    name = "brand_zone_parquet_date"
    table = pa.table({"member_no": [f"{name}.1"], "updated_at": pa.array([date(2025, 3, 1)])})
    outcome = loaded([{"member_no": f"{name}.1", "updated_at": utc("2025-02-28T16:00:00")}])
    found.append(case(name, MEMBERS, parquet_bytes(table), outcome, ext="parquet"))
    name = "brand_zone_parquet_zoned_wins"
    table = pa.table(
        {
            "member_no": [f"{name}.1"],
            "updated_at": pa.array(
                [datetime(2025, 3, 1, 10, tzinfo=UTC)], pa.timestamp("us", "UTC")
            ),
        }
    )
    outcome = loaded([{"member_no": f"{name}.1", "updated_at": AT_UTC}])
    found.append(case(name, MEMBERS, parquet_bytes(table), outcome, ext="parquet"))
    return found


def cast_cases() -> list[Case]:
    found = []
    name = "brand_cast_status_words"
    content = semicolons(
        name, {"status": "已支付"}, {"status": "已取消"}, {"status": "paid"}, {"status": "退货"}
    )
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded(
                [
                    {"order_id": f"{name}.1", "status": "paid"},
                    {"order_id": f"{name}.2", "status": "cancelled"},
                    {"order_id": f"{name}.3", "status": "paid"},
                ],
                [Bad(5, "unknown_code", "status", "退货")],
            ),
        )
    )
    table = "commerce.refunds"
    name = "brand_cast_cents"
    rows = records(
        name,
        table,
        *({"refund_amount": text} for text in ("1234", "1", "0", "1,000", "９９", "1e4")),
    )
    amounts = ["12.34", "0.01", "0.00", "10.00", "0.99", "100.00"]
    found.append(
        case(
            name,
            table,
            csv_bytes(rows),
            loaded(
                [
                    {"refund_id": f"{name}.{n}", "refund_amount": Decimal(amount)}
                    for n, amount in enumerate(amounts, start=1)
                ],
                money_rounded=0,
            ),
        )
    )
    name = "brand_cast_cents_wrong"
    rows = records(
        name, table, {}, *({"refund_amount": text} for text in ("-1", "ten", "NaN", "9" * 19)), {}
    )
    codes = ["out_of_range", "invalid_value", "invalid_value", "invalid_value|out_of_range"]
    found.append(
        case(
            name,
            table,
            csv_bytes(rows),
            loaded(
                [{"refund_id": f"{name}.1"}, {"refund_id": f"{name}.6"}],
                [Bad(n, code, "refund_amount") for n, code in enumerate(codes, start=3)],
            ),
        )
    )
    name = "brand_cast_epoch_milliseconds"
    table = "mini_program.events"
    stamps: list[Any] = [1740823200000, "1740823200123", 1740823200000.0]
    rows = records(name, table, *({"occurred_at": stamp} for stamp in stamps))
    found.append(
        case(
            name,
            table,
            jsonl_bytes(rows),
            loaded(
                [
                    {"event_id": f"{name}.1", "occurred_at": AT_UTC},
                    {"event_id": f"{name}.2", "occurred_at": utc("2025-03-01T10:00:00.123")},
                    {"event_id": f"{name}.3", "occurred_at": AT_UTC},
                ]
            ),
            ext="jsonl",
        )
    )
    name = "brand_cast_epoch_wrong"
    wrong: list[Any] = ["soon", "NaN", 1e300, -(10**18), True, 10**30, "1,740,823,200,000.5.5"]
    rows = records(name, table, *({"occurred_at": stamp} for stamp in wrong))
    found.append(
        case(
            name,
            table,
            jsonl_bytes(rows),
            loaded(
                (),
                [
                    Bad(n, "invalid_value|out_of_range|future", "occurred_at")
                    for n in range(1, len(wrong) + 1)
                ],
            ),
            ext="jsonl",
        )
    )
    name = "brand_cast_epoch_seconds_given_milliseconds"
    table = "app.events"
    rows = records(name, table, {"occurred_at": "1740823200000"}, {"occurred_at": "1740823200"})
    found.append(
        case(
            name,
            table,
            csv_bytes(rows, delimiter="\t"),
            loaded(
                [{"event_id": f"{name}.2", "occurred_at": AT_UTC}],
                [Bad(2, "future|out_of_range|invalid_value", "occurred_at")],
            ),
            note="the year 57 134 is not a time",
        )
    )
    table = "service.tickets"
    found += [
        probe(
            "brand_cast_format",
            table,
            {"closed_at": "01/03/2025 18:00"},
            keep({"closed_at": AT_UTC}),
        ),
        probe(
            "brand_cast_format_no_such_day",
            table,
            {"closed_at": "31/02/2025 18:00"},
            nulled("closed_at"),
        ),
        probe(
            "brand_cast_format_day_and_month_swapped",
            table,
            {"closed_at": "12/31/2024 18:00"},
            nulled("closed_at"),
            note="never the 12th of a 31st month",
        ),
        probe(
            "brand_cast_format_text_behind",
            table,
            {"closed_at": "01/03/2025 18:00 or so"},
            nulled("closed_at"),
        ),
        probe(
            "brand_zone_of_one_column_only",
            table,
            {"opened_at": "2025-03-01 10:00:00"},
            reject("naive_timestamp", "opened_at"),
            note="the zone is declared for closed_at alone",
        ),
    ]
    return found


CASES = [
    *encoding_cases(),
    *delimiter_cases(),
    *rename_cases(),
    *zone_cases(),
    *cast_cases(),
]


# --- brand.yml files that stop the load ----------------------------------------------------------


@dataclass(frozen=True)
class BrandCase:
    """A brand.yml that cannot be followed; the sentence must name these words."""

    name: str
    content: bytes
    says: tuple[str, ...] = ()


def laughs(levels: int) -> str:
    """A YAML list whose aliases unfold to 9 ** levels words."""
    found = ["&a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for level in range(1, levels):
        aliases = ", ".join([f"*a{level - 1}"] * 9)
        found += [f"&a{level} [{aliases}]"]
    return f"[{', '.join(found)}]"


def brand_case(name: str, text: str | bytes, *says: str) -> BrandCase:
    return BrandCase(name, text.encode() if isinstance(text, str) else text, says)


BROKEN_BRANDS = [
    brand_case("yaml_unclosed_bracket", "tables: {crm.members: [", "YAML"),
    brand_case("yaml_tab_indent", "tables:\n\tcrm.members: {}\n", "YAML"),
    brand_case("yaml_a_list", "- business_zone: Asia/Shanghai\n"),
    brand_case("yaml_a_word", "hello\n"),
    brand_case("yaml_double_key", "currency: CNY\ncurrency: USD\n", "currency"),
    brand_case("yaml_two_documents", "currency: CNY\n---\ncurrency: USD\n"),
    brand_case("yaml_python_tag", "currency: !!python/object/apply:os.system ['true']\n"),
    brand_case("yaml_laughs_in_currency", f"currency: {laughs(7)}\n", "currency"),
    brand_case("yaml_laughs_in_zone", f"business_zone: {laughs(7)}\n", "business_zone"),
    brand_case(
        "yaml_laughs_in_unit",
        f"tables: {{commerce.refunds: {{cast: {{refund_amount: {{unit: {laughs(7)}}}}}}}}}\n",
        "unit",
    ),
    brand_case(
        "yaml_laughs_in_encoding",
        f"tables: {{crm.members: {{csv: {{encoding: {laughs(7)}}}}}}}\n",
        "encoding",
    ),
    brand_case("yaml_deep", "currency: " + "[" * 20_000 + "]" * 20_000),
    brand_case("yaml_itself", "tables: &t\n  crm.members: *t\n"),
    brand_case("not_utf8", "currency: 人民币\n".encode("gbk"), "UTF-8"),
    brand_case("nul_bytes", b"currency: CNY\x00\n"),
    brand_case("unknown_key", "bussiness_zone: Asia/Shanghai\n", "bussiness_zone"),
    brand_case("unknown_zone", "business_zone: Asia/Atlantis\n", "Asia/Atlantis"),
    brand_case("zone_is_a_path", "business_zone: ../../../etc/passwd\n", "business_zone"),
    brand_case("zone_is_a_folder", "business_zone: America\n", "America"),
    brand_case("zone_is_empty", "business_zone: ''\n", "business_zone"),
    brand_case("zone_is_a_list", "business_zone: [Asia/Shanghai]\n", "business_zone"),
    brand_case("unknown_table", "tables: {crm.customers: {}}\n", "crm.customers"),
    brand_case("table_without_system", "tables: {members: {}}\n", "members"),
    brand_case("tables_is_a_list", "tables: [crm.members]\n", "tables"),
    brand_case("table_is_text", "tables: {crm.members: gbk}\n", "crm.members"),
    brand_case("unknown_table_key", "tables: {crm.members: {zone: UTC}}\n", "zone"),
    brand_case("unknown_source_zone", "tables: {crm.members: {source_zone: Mars}}\n", "Mars"),
    brand_case(
        "source_zone_of_unknown_column",
        "tables: {crm.members: {source_zone: {seen_at: UTC}}}\n",
        "seen_at",
    ),
    brand_case("unknown_encoding", "tables: {crm.members: {csv: {encoding: gbx}}}\n", "gbx"),
    brand_case(
        "encoding_is_no_text", "tables: {crm.members: {csv: {encoding: base64}}}\n", "base64"
    ),
    brand_case("long_delimiter", "tables: {crm.members: {csv: {delimiter: '||'}}}\n", "delimiter"),
    brand_case(
        "quote_as_delimiter",
        "tables: {crm.members: {csv: {delimiter: '\"'}}}\n",
        "delimiter",
        "quotation mark",
    ),
    brand_case(
        "newline_as_delimiter", 'tables: {crm.members: {csv: {delimiter: "\\n"}}}\n', "delimiter"
    ),
    brand_case("rename_to_nothing_known", "tables: {crm.members: {rename: {a: b}}}\n", "b"),
    brand_case(
        "rename_two_to_one",
        "tables: {crm.members: {rename: {a: member_no, b: member_no}}}\n",
        "member_no",
    ),
    brand_case(
        "rename_one_to_two",
        "tables: {crm.members: {rename: {a: member_no, A: city}}}\n",
    ),
    brand_case(
        "cast_of_unknown_column", "tables: {crm.members: {cast: {x: {unit: cents}}}}\n", "x"
    ),
    brand_case(
        "cast_unit_that_does_not_fit",
        "tables: {crm.members: {cast: {birthday: {unit: cents}}}}\n",
        "cents",
    ),
    brand_case(
        "cast_unknown_unit",
        "tables: {commerce.refunds: {cast: {refund_amount: {unit: pennies}}}}\n",
        "pennies",
    ),
    brand_case(
        "cast_format_of_no_directive",
        "tables: {service.tickets: {cast: {closed_at: {format: '%Q %d'}}}}\n",
        "%Q %d",
    ),
    brand_case(
        "cast_format_without_a_year",
        "tables: {service.tickets: {cast: {closed_at: {format: '%d/%m %H:%M'}}}}\n",
        "no day",
    ),
    brand_case(
        "cast_value_of_no_code",
        "tables: {commerce.orders: {cast: {status: {values: {已支付: pay}}}}}\n",
        "write one of created, paid",
    ),
    brand_case("currency_of_five_letters", "currency: yuan1\n", "currency"),
]
