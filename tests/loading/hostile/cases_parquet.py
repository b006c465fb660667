"""Hostile Parquet: damaged files, odd column types, zoneless timestamps, bombs."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .harness import (
    AT,
    AT_UTC,
    Bad,
    Case,
    Outcome,
    case,
    loaded,
    one_of,
    parquet_bytes,
    records,
    refused,
    utc,
)

MEMBERS = "crm.members"
ORDERS = "commerce.orders"
MIB = 1_048_576
MOMENT = datetime(2025, 3, 1, 10, tzinfo=UTC)
UTC_MICROS = pa.timestamp("us", "UTC")


def member(tag: str, **values: Any) -> dict[str, Any]:
    return {"member_no": tag, **values}


def members(name: str, *numbers: int) -> list[dict[str, Any]]:
    return [member(f"{name}.{n}") for n in numbers]


def parquet(name: str, content: bytes, *outcomes: Outcome, note: str = "") -> Case:
    return case(name, MEMBERS, content, *outcomes, ext="parquet", note=note)


def table(name: str, rows: int = 3, **columns: pa.Array) -> pa.Table:
    """Good members `<name>.1` … with columns replaced or added."""
    found: dict[str, pa.Array] = {
        "member_no": pa.array([f"{name}.{n}" for n in range(1, rows + 1)]),
        "updated_at": pa.array([MOMENT] * rows, UTC_MICROS),
    }
    found.update(columns)
    return pa.table(found)


def good_bytes(name: str, rows: int = 3, **options: Any) -> bytes:
    return parquet_bytes(table(name, rows), **options)


def damage_cases() -> list[Case]:
    found = []
    damaged: dict[str, bytes] = {}

    def add(name: str, content: bytes) -> None:
        damaged[name] = content

    whole = parquet_bytes(table("x", 2000, city=pa.array([f"city {n}" for n in range(2000)])))
    add("parquet_zero_bytes", b"")
    add("parquet_magic_only", b"PAR1")
    add("parquet_magic_twice", b"PAR1PAR1")
    add("parquet_cut_in_half", whole[: len(whole) // 2])
    add("parquet_cut_last_byte", whole[:-1])
    add("parquet_cut_first_bytes", whole[100:])
    footer = struct.unpack("<I", whole[-8:-4])[0]
    add("parquet_footer_of_zeros", whole[: -8 - footer] + b"\x00" * footer + whole[-8:])
    add("parquet_footer_length_huge", whole[:-8] + struct.pack("<I", 0x7FFFFFFF) + b"PAR1")
    add("parquet_footer_length_max", whole[:-8] + struct.pack("<I", 0xFFFFFFFF) + b"PAR1")
    add("parquet_footer_length_zero", whole[:-8] + struct.pack("<I", 0) + b"PAR1")
    add("parquet_encrypted_magic", b"PARE" + whole[4:-4] + b"PARE")
    add("parquet_two_files_joined_and_cut", whole + whole[:-40])
    add("parquet_random_between_magic", b"PAR1" + bytes(range(256)) * 8 + b"PAR1")
    add("parquet_text", b"member_no,updated_at\nx,2025-03-01T10:00:00Z\n")
    for name, content in damaged.items():
        found.append(parquet(name, content, refused("unreadable_file")))

    name = "parquet_damaged_pages"
    damaged_bytes = bytearray(
        parquet_bytes(
            table(name, 5000, city=pa.array([f"city {n}" for n in range(5000)])),
            compression="zstd",
            use_dictionary=False,
        )
    )
    for position in range(200, 3000, 7):
        damaged_bytes[position] ^= 0xFF
    found.append(
        parquet(
            name,
            bytes(damaged_bytes),
            refused("unreadable_file"),
            note="the footer is whole, the pages are not: nothing of it may be loaded",
        )
    )
    name = "parquet_second_row_group_damaged"
    half = 3000
    out = io.BytesIO()
    first = table(name, half)
    with pq.ParquetWriter(out, first.schema, compression="zstd", use_dictionary=False) as writer:
        writer.write_table(first)
        middle = out.tell()
        writer.write_table(first)
    damaged_bytes = bytearray(out.getvalue())
    for position in range(middle + 60, middle + 600, 3):
        damaged_bytes[position] ^= 0xFF
    found.append(
        parquet(
            name,
            bytes(damaged_bytes),
            refused("unreadable_file"),
            note="refused whole, so that the complete re-delivery is right",
        )
    )
    return found


def layout_cases() -> list[Case]:
    found = []
    name = "parquet_plain"
    found.append(parquet(name, good_bytes(name), loaded(members(name, 1, 2, 3))))
    for codec in ("none", "snappy", "gzip", "zstd", "brotli", "lz4"):
        name = f"parquet_codec_{codec}"
        found.append(
            parquet(name, good_bytes(name, compression=codec), loaded(members(name, 1, 2, 3)))
        )
    name = "parquet_format_version_1"
    found.append(
        parquet(
            name,
            good_bytes(name, version="1.0", data_page_version="1.0", use_dictionary=False),
            loaded(members(name, 1, 2, 3)),
        )
    )
    name = "parquet_data_page_v2"
    found.append(
        parquet(name, good_bytes(name, data_page_version="2.0"), loaded(members(name, 1, 2, 3)))
    )
    name = "parquet_one_row_per_group"
    found.append(parquet(name, good_bytes(name, row_group_size=1), loaded(members(name, 1, 2, 3))))
    name = "parquet_no_rows"
    found.append(parquet(name, parquet_bytes(table(name).slice(0, 0)), loaded()))
    name = "parquet_no_columns"
    found.append(
        parquet(name, parquet_bytes(pa.table({})), refused("missing_column|unreadable_file"))
    )
    name = "parquet_missing_required_column"
    content = parquet_bytes(pa.table({"member_no": [f"{name}.1"]}))
    found.append(parquet(name, content, refused("missing_column", "updated_at")))
    name = "parquet_unknown_columns"
    content = parquet_bytes(
        table(
            name,
            1,
            Shoe_Size=pa.array([42]),
            profile=pa.array([{"a": [1, 2]}]),
            seen=pa.array([utc("2025-03-01")], pa.timestamp("us")),
        )
    )
    found.append(
        parquet(
            name,
            content,
            loaded(members(name, 1), unknown_columns=("profile", "seen", "shoe_size")),
            note="a zoneless timestamp in an unknown column refuses nothing",
        )
    )
    name = "parquet_column_case_and_space"
    content = parquet_bytes(
        pa.table(
            {
                "UPDATED_AT": pa.array([MOMENT], UTC_MICROS),
                "City": ["a"],
                " Member_No ": [f"{name}.1"],
            }
        )
    )
    found.append(
        parquet(
            name,
            content,
            loaded([member(f"{name}.1", city="a")]),
            refused("missing_column"),
            note="the rule on header spelling is written for CSV",
        )
    )
    for name, names in (
        ("parquet_duplicate_column", ["member_no", "member_no", "updated_at"]),
        ("parquet_duplicate_column_by_case", ["member_no", "Member_No", "updated_at"]),
    ):
        arrays = [pa.array([f"{name}.1"]), pa.array([f"{name}.2"]), pa.array([MOMENT], UTC_MICROS)]
        content = parquet_bytes(pa.Table.from_arrays(arrays, names=names))
        found.append(parquet(name, content, refused("duplicate_header")))
    name = "parquet_2001_columns"
    extra = {f"c{n}": pa.array([1], pa.int8()) for n in range(1999)}
    content = parquet_bytes(table(name, 1, **extra))
    found.append(parquet(name, content, refused("limit_exceeded")))
    name = "parquet_same_row_twice"
    whole = table(name, 2)
    content = parquet_bytes(pa.concat_tables([whole, whole.slice(0, 1)]))
    found.append(parquet(name, content, loaded(members(name, 1, 2), unchanged=1)))
    name = "parquet_row_numbers_over_groups"
    numbers = [f"{name}.{n}" if n not in (3, 1500) else None for n in range(1, 2001)]
    content = parquet_bytes(
        table(name, 2000, member_no=pa.array(numbers, pa.string())), row_group_size=700
    )
    found.append(
        parquet(
            name,
            content,
            loaded(
                members(name, *[n for n in range(1, 2001) if n not in (3, 1500)]),
                [Bad(n, "missing_required", "member_no") for n in (3, 1500)],
            ),
        )
    )
    name = "parquet_pandas_index_column"
    content = parquet_bytes(table(name, 1, __index_level_0__=pa.array([0])))
    found.append(parquet(name, content, loaded(members(name, 1))))
    return found


def type_cases() -> list[Case]:
    found = []

    def column(name: str, values: Sequence[Any], kind: pa.DataType, column: str) -> bytes:
        return parquet_bytes(table(name, len(values), **{column: pa.array(values, kind)}))

    for label, kind in (
        ("large_string", pa.large_string()),
        ("string_view", pa.string_view()),
        ("dictionary", pa.dictionary(pa.int32(), pa.string())),
    ):
        name = f"parquet_{label}"
        ids = [f"{name}.1", f"{name}.2", f"{name}.2x"]
        arrays = pa.array(ids).cast(kind) if label != "string_view" else pa.array(ids, kind)
        cities = (
            pa.array(["a", None, "a"]).cast(kind)
            if label != "string_view"
            else pa.array(["a", None, "a"], kind)
        )
        content = parquet_bytes(table(name, 3, member_no=arrays, city=cities))
        found.append(
            parquet(
                name,
                content,
                loaded(
                    [
                        member(f"{name}.1", city="a"),
                        member(f"{name}.2", city=None),
                        member(f"{name}.2x", city="a"),
                    ]
                ),
            )
        )
    name = "parquet_binary_ids"
    raw_ids = [f"{name}.1".encode(), b"\xff\xfe", f"{name}.3".encode()]
    found.append(
        parquet(
            name,
            column(name, raw_ids, pa.binary(), "member_no"),
            loaded(members(name, 1, 3), [Bad(2, "invalid_value", "member_no")]),
            loaded((), [Bad(n, "invalid_value", "member_no") for n in (1, 2, 3)]),
            refused("unreadable_file|not_utf8"),
            note="old writers leave text unmarked; what is not UTF-8 can never be an id",
        )
    )
    name = "parquet_binary_optional"
    found.append(
        parquet(
            name,
            column(name, [b"a", b"\xff\xfe", None], pa.binary(), "city"),
            loaded(
                [
                    member(f"{name}.1", city="a"),
                    member(f"{name}.2", city=None),
                    member(f"{name}.3", city=None),
                ],
                optional=[Bad(2, "optional_value", "city")],
            ),
            loaded(
                [member(f"{name}.{n}", city=None) for n in (1, 2, 3)],
                optional=[Bad(n, "optional_value", "city") for n in (1, 2)],
            ),
            refused("not_utf8"),
        )
    )
    name = "parquet_int_ids"
    content = column(name, [1, 9007199254740993, None], pa.int64(), "card_no")
    found.append(
        parquet(
            name,
            content,
            loaded(
                [
                    member(f"{name}.1", card_no="1"),
                    member(f"{name}.2", card_no="9007199254740993"),
                    member(f"{name}.3", card_no=None),
                ]
            ),
        )
    )
    name = "parquet_float_ids"
    values = [1001.0, 1234567890123456.0, 13900000001.0, float("nan"), float("inf")]
    content = column(name, values, pa.float64(), "card_no")
    found.append(
        parquet(
            name,
            content,
            loaded(
                [
                    member(f"{name}.1", card_no="1001"),
                    member(f"{name}.2", card_no="1234567890123456"),
                    member(f"{name}.3", card_no="13900000001"),
                    member(f"{name}.4", card_no=None),
                    member(f"{name}.5", card_no=None),
                ],
                optional=None,
            ),
            note="ids that a spreadsheet or pandas turned into numbers; NaN there is null",
        )
    )
    name = "parquet_required_id_nan"
    out = pa.table(
        {
            "member_no": pa.array([float("nan"), None]),
            "updated_at": pa.array([MOMENT] * 2, UTC_MICROS),
        }
    )
    found.append(
        parquet(
            name,
            parquet_bytes(out),
            loaded(
                (),
                [
                    Bad(1, "missing_required|invalid_value", "member_no"),
                    Bad(2, "missing_required", "member_no"),
                ],
            ),
        )
    )
    name = "parquet_float_phones"
    content = column(name, [13926471835.0, None], pa.float64(), "phone")
    found.append(
        parquet(
            name,
            content,
            loaded(
                [
                    member(f"{name}.1", phone="+8613926471835", phone_status="usable"),
                    member(f"{name}.2", phone=None, phone_status=None),
                ]
            ),
        )
    )
    name = "parquet_null_typed_optional"
    content = column(name, [None, None], pa.null(), "phone")
    found.append(
        parquet(
            name,
            content,
            loaded([member(f"{name}.{n}", phone=None, phone_status=None) for n in (1, 2)]),
        )
    )
    name = "parquet_null_typed_required"
    content = column(name, [None, None], pa.null(), "updated_at")
    found.append(
        parquet(
            name,
            content,
            loaded((), [Bad(n, "missing_required", "updated_at") for n in (1, 2)]),
        )
    )
    as_json = {"list": '["a"]', "struct": '{"first":"a"}', "map": '{"a":"b"}'}
    broken_types: list[tuple[str, Any, pa.DataType]] = [
        ("list", ["a"], pa.list_(pa.string())),
        ("struct", {"first": "a"}, pa.struct([("first", pa.string())])),
        ("map", [("a", "b")], pa.map_(pa.string(), pa.string())),
    ]
    for label, value, kind in broken_types:
        name = f"parquet_{label}_in_optional_text"
        content = column(name, [value, None], kind, "city")
        found.append(
            parquet(
                name,
                content,
                loaded(
                    [member(f"{name}.1", city=None), member(f"{name}.2", city=None)],
                    optional=[Bad(1, "optional_value", "city")],
                ),
                loaded([member(f"{name}.1", city=as_json[label]), member(f"{name}.2", city=None)]),
                note="free text may hold it as JSON",
            )
        )
        name = f"parquet_{label}_as_timestamp"
        content = column(name, [value, value], kind, "updated_at")
        found.append(
            parquet(
                name,
                content,
                loaded((), [Bad(n, "invalid_value", "updated_at") for n in (1, 2)]),
                refused("unreadable_file|missing_column"),
            )
        )
    name = "parquet_struct_as_id"
    content = column(name, [{"id": f"{name}.1"}], pa.struct([("id", pa.string())]), "member_no")
    found.append(
        parquet(
            name,
            content,
            loaded((), [Bad(1, "invalid_value", "member_no")]),
            refused("unreadable_file|missing_column"),
        )
    )
    name = "parquet_int_as_timestamp"
    content = column(name, [1740823200, None], pa.int64(), "updated_at")
    found.append(
        parquet(
            name,
            content,
            loaded(
                (),
                [
                    Bad(1, "invalid_value", "updated_at"),
                    Bad(2, "missing_required", "updated_at"),
                ],
            ),
            note="seconds or milliseconds since 1970 is a guess, and guesses are not loaded",
        )
    )
    name = "parquet_boolean_as_timestamp"
    content = column(name, [True, True], pa.bool_(), "updated_at")
    found.append(
        parquet(name, content, loaded((), [Bad(n, "invalid_value", "updated_at") for n in (1, 2)]))
    )
    name = "parquet_time_as_birthday"
    content = column(name, [time(10, 0)], pa.time64("us"), "birthday")
    found.append(
        parquet(
            name,
            content,
            loaded(
                [member(f"{name}.1", birthday=None)],
                optional=[Bad(1, "optional_value", "birthday")],
            ),
        )
    )
    name = "parquet_duration_as_text"
    content = column(name, [timedelta(days=1)], pa.duration("us"), "city")
    found.append(parquet(name, content, loaded(members(name, 1), optional=None)))
    name = "parquet_integer_booleans"
    content = column(name, [1, 0, 2, None], pa.int32(), "is_test")
    found.append(
        parquet(
            name,
            content,
            loaded(
                [
                    member(f"{name}.1", is_test=True),
                    member(f"{name}.2", is_test=False),
                    member(f"{name}.3", is_test=None),
                    member(f"{name}.4", is_test=None),
                ],
                optional=[Bad(3, "optional_value", "is_test")],
            ),
        )
    )
    name = "parquet_text_booleans"
    content = column(name, ["是", "N", "maybe"], pa.string(), "is_test")
    found.append(
        parquet(
            name,
            content,
            loaded(
                [
                    member(f"{name}.1", is_test=True),
                    member(f"{name}.2", is_test=False),
                    member(f"{name}.3", is_test=None),
                ],
                optional=[Bad(3, "optional_value", "is_test", "maybe")],
            ),
        )
    )
    name = "parquet_date_birthdays"
    content = column(name, [date(2024, 2, 29), date(1899, 12, 31), None], pa.date32(), "birthday")
    found.append(
        parquet(
            name,
            content,
            loaded(
                [
                    member(f"{name}.1", birthday=date(2024, 2, 29)),
                    member(f"{name}.2", birthday=None),
                    member(f"{name}.3", birthday=None),
                ],
                optional=[Bad(2, "optional_value", "birthday")],
            ),
        )
    )
    name = "parquet_date64_birthdays"
    content = column(name, [date(1990, 5, 17)], pa.date64(), "birthday")
    found.append(parquet(name, content, loaded([member(f"{name}.1", birthday=date(1990, 5, 17))])))
    name = "parquet_timestamp_birthdays"
    content = column(name, [utc("1990-05-17")], pa.timestamp("us"), "birthday")
    found.append(
        parquet(
            name,
            content,
            loaded([member(f"{name}.1", birthday=date(1990, 5, 17))]),
            loaded(
                [member(f"{name}.1", birthday=None)],
                optional=[Bad(1, "optional_value", "birthday")],
            ),
            note="midnight of a day is how pandas writes dates",
        )
    )
    name = "parquet_dates_beyond_the_calendar"
    days = pa.array([2_147_483_647, -2_147_483_648, 20_000], pa.int32()).cast(pa.date32())
    content = parquet_bytes(table(name, 3, birthday=days))
    found.append(
        parquet(
            name,
            content,
            loaded(
                [
                    member(f"{name}.1", birthday=None),
                    member(f"{name}.2", birthday=None),
                    member(f"{name}.3", birthday=date(2024, 10, 4)),
                ],
                optional=[Bad(n, "optional_value", "birthday") for n in (1, 2)],
            ),
            note="days five million years away (one engine reads them as infinity)",
        )
    )
    return found


def timestamp_cases() -> list[Case]:
    found = []
    for unit, value in (
        ("s", datetime(2025, 3, 1, 10, tzinfo=UTC)),
        ("ms", datetime(2025, 3, 1, 10, 0, 0, 123000, tzinfo=UTC)),
        ("us", datetime(2025, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ("ns", datetime(2025, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)),
    ):
        name = f"parquet_zoned_timestamp_{unit}"
        content = parquet_bytes(
            table(name, 1, updated_at=pa.array([value], pa.timestamp(unit, "UTC")))
        )
        wanted = member(f"{name}.1", updated_at=value.replace(tzinfo=None))
        found.append(parquet(name, content, loaded([wanted])))
    name = "parquet_nanoseconds"
    nanos = pa.array([1_740_823_200_123_456_789], pa.int64()).cast(pa.timestamp("ns", "UTC"))
    found.append(
        parquet(
            name,
            parquet_bytes(table(name, 1, updated_at=nanos)),
            loaded(
                [
                    member(
                        f"{name}.1",
                        updated_at=one_of(
                            utc("2025-03-01T10:00:00.123456"),
                            utc("2025-03-01T10:00:00.123457"),
                        ),
                    )
                ]
            ),
        )
    )
    name = "parquet_timestamp_in_other_zone"
    content = parquet_bytes(
        table(name, 1, updated_at=pa.array([MOMENT], pa.timestamp("us", "Asia/Shanghai")))
    )
    found.append(parquet(name, content, loaded([member(f"{name}.1", updated_at=AT_UTC)])))

    naive = [utc("2025-03-01T10:00:00")] * 2
    for unit in ("ms", "us", "ns"):
        name = f"parquet_naive_timestamp_{unit}"
        content = parquet_bytes(table(name, 2, updated_at=pa.array(naive, pa.timestamp(unit))))
        found.append(parquet(name, content, refused("naive_timestamp", "updated_at")))
    name = "parquet_naive_int96"
    content = parquet_bytes(
        table(name, 2, updated_at=pa.array(naive, pa.timestamp("ns"))),
        use_deprecated_int96_timestamps=True,
    )
    found.append(parquet(name, content, refused("naive_timestamp", "updated_at")))
    name = "parquet_naive_optional_column"
    content = parquet_bytes(table(name, 2, registered_at=pa.array(naive, pa.timestamp("us"))))
    found.append(
        parquet(
            name,
            content,
            refused("naive_timestamp", "registered_at"),
            note="refused, because zoneless is the column's type",
        )
    )
    name = "parquet_date_as_timestamp"
    content = parquet_bytes(table(name, 1, updated_at=pa.array([date(2025, 3, 1)], pa.date32())))
    found.append(
        parquet(
            name,
            content,
            refused("naive_timestamp", "updated_at"),
            note="a date in an _at column is naive midnight, here by the column's type",
        )
    )
    name = "parquet_text_timestamps"
    content = parquet_bytes(
        table(name, 3, updated_at=pa.array([AT, "2025-03-01 10:00:00", "soon"]))
    )
    found.append(
        parquet(
            name,
            content,
            loaded(
                [member(f"{name}.1", updated_at=AT_UTC)],
                [
                    Bad(2, "naive_timestamp", "updated_at"),
                    Bad(3, "invalid_value", "updated_at", "soon"),
                ],
            ),
        )
    )
    name = "parquet_timestamps_beyond_the_calendar"
    extreme = pa.array([2**63 - 1, -(2**63) + 1, 1_740_823_200_000_000], pa.int64()).cast(
        UTC_MICROS
    )
    found.append(
        parquet(
            name,
            parquet_bytes(table(name, 3, updated_at=extreme)),
            loaded(
                [member(f"{name}.3", updated_at=AT_UTC)],
                [
                    Bad(1, "invalid_value|out_of_range|future", "updated_at"),
                    Bad(2, "invalid_value|out_of_range", "updated_at"),
                ],
            ),
            note="one engine reads these as plus and minus infinity",
        )
    )
    name = "parquet_millis_beyond_microseconds"
    out = io.BytesIO()
    millis = pa.array([2**62, 1_740_823_200_000], pa.int64()).cast(pa.timestamp("ms", "UTC"))
    pq.write_table(table(name, 2, updated_at=millis), out)
    found.append(
        parquet(
            name,
            out.getvalue(),
            loaded(
                [member(f"{name}.2", updated_at=AT_UTC)],
                [Bad(1, "invalid_value|out_of_range|future", "updated_at")],
            ),
            refused("unreadable_file"),
            note="milliseconds that overflow when made microseconds",
        )
    )
    name = "parquet_future_and_past"
    content = parquet_bytes(
        table(
            name,
            2,
            updated_at=pa.array([datetime(2199, 1, 1, tzinfo=UTC), MOMENT], UTC_MICROS),
        )
    )
    found.append(parquet(name, content, loaded(members(name, 2), [Bad(1, "future", "updated_at")])))
    return found


def order_cases() -> list[Case]:
    """Money and codes in typed columns, on commerce.orders."""
    found = []

    def orders(
        name: str, column: str, values: Sequence[Any], kind: pa.DataType
    ) -> tuple[bytes, list[dict[str, Any]]]:
        rows = records(name, ORDERS, *({column: value} for value in values))
        return parquet_bytes(rows, {column: kind}), [
            {"order_id": f"{name}.{n}"} for n in range(1, len(values) + 1)
        ]

    name = "parquet_double_money"
    values = [19.9, 0.1 + 0.2, 1.005, float("nan"), float("inf"), -1.0, 1e300]
    content, keys = orders(name, "gross_amount", values, pa.float64())
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded(
                [
                    {**keys[0], "gross_amount": Decimal("19.90")},
                    {**keys[1], "gross_amount": Decimal("0.30")},
                    {**keys[2], "gross_amount": one_of(Decimal("1.01"), Decimal("1.00"))},
                ],
                [
                    Bad(4, "invalid_value|missing_required", "gross_amount"),
                    Bad(5, "invalid_value", "gross_amount"),
                    Bad(6, "out_of_range", "gross_amount"),
                    Bad(7, "invalid_value|out_of_range", "gross_amount"),
                ],
            ),
            ext="parquet",
            note="the double nearest to 1.005 is just below it",
        )
    )
    name = "parquet_decimal_money"
    decimals = [Decimal("1.005"), Decimal("2.500"), Decimal("99999999999999999.999")]
    content, keys = orders(name, "gross_amount", decimals, pa.decimal128(38, 3))
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded(
                [
                    {**keys[0], "gross_amount": Decimal("1.01")},
                    {**keys[1], "gross_amount": Decimal("2.50")},
                ],
                [Bad(3, "invalid_value|out_of_range", "gross_amount")],
            ),
            ext="parquet",
        )
    )
    name = "parquet_decimal256_money"
    content, keys = orders(name, "gross_amount", [Decimal("1.25")], pa.decimal256(60, 5))
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded([{**keys[0], "gross_amount": Decimal("1.25")}]),
            refused("unreadable_file"),
            ext="parquet",
        )
    )
    name = "parquet_integer_money"
    content, keys = orders(name, "gross_amount", [5, -5, 2**62], pa.int64())
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded(
                [{**keys[0], "gross_amount": Decimal("5.00")}],
                [
                    Bad(2, "out_of_range", "gross_amount"),
                    Bad(3, "invalid_value|out_of_range", "gross_amount"),
                ],
            ),
            ext="parquet",
        )
    )
    name = "parquet_text_money"
    content, keys = orders(name, "gross_amount", ["1,234.50", "ten", ""], pa.string())
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded(
                [{**keys[0], "gross_amount": Decimal("1234.50")}],
                [
                    Bad(2, "invalid_value", "gross_amount", "ten"),
                    Bad(3, "missing_required", "gross_amount"),
                ],
            ),
            ext="parquet",
        )
    )
    name = "parquet_boolean_money"
    content, keys = orders(name, "gross_amount", [True], pa.bool_())
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded((), [Bad(1, "invalid_value", "gross_amount")]),
            ext="parquet",
            note="true is not one yuan",
        )
    )
    name = "parquet_unsigned_points"
    content, keys = orders(name, "points_used", [7, 2**64 - 1], pa.uint64())
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded(
                [{**keys[0], "points_used": 7}, {**keys[1], "points_used": None}],
                optional=[Bad(2, "optional_value", "points_used")],
            ),
            ext="parquet",
        )
    )
    name = "parquet_float_points"
    content, keys = orders(name, "points_used", [7.0, 7.5, None], pa.float64())
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded(
                [
                    {**keys[0], "points_used": 7},
                    {**keys[1], "points_used": None},
                    {**keys[2], "points_used": None},
                ],
                optional=[Bad(2, "optional_value", "points_used")],
            ),
            ext="parquet",
            note="pandas makes floats of a nullable integer column",
        )
    )
    name = "parquet_half_floats"
    content, keys = orders(name, "points_used", [7.0], pa.float32())
    found.append(
        case(name, ORDERS, content, loaded([{**keys[0], "points_used": 7}]), ext="parquet")
    )
    name = "parquet_status_codes"
    content, keys = orders(
        name, "status", ["PAID", "lost", None], pa.dictionary(pa.int8(), pa.string())
    )
    found.append(
        case(
            name,
            ORDERS,
            content,
            loaded(
                [{**keys[0], "status": "paid"}],
                [Bad(2, "unknown_code", "status", "lost"), Bad(3, "missing_required", "status")],
            ),
            ext="parquet",
        )
    )
    return found


def bomb_cases() -> list[Case]:
    found = []
    name = "parquet_bomb_of_pages"
    content = parquet_bytes(
        table(name, 48, city=pa.array(["A" * 1_000_000] * 48)),
        compression="zstd",
        compression_level=3,
        use_dictionary=False,
        write_statistics=False,
    )
    found.append(
        parquet(name, content, refused("limit_exceeded"), note="48 MB of text in a few kB")
    )
    name = "parquet_bomb_in_unknown_column"
    content = parquet_bytes(
        table(name, 48, extra=pa.array(["A" * 1_000_000] * 48)),
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
    )
    found.append(
        parquet(
            name,
            content,
            refused("limit_exceeded"),
            loaded(members(name, *range(1, 49))),
            note="harmless when the column is never read",
        )
    )
    name = "parquet_bomb_of_dictionary"
    rows = 300
    city = pa.DictionaryArray.from_arrays(
        pa.array([0] * rows, pa.int32()), pa.array(["A" * 1_000_000])
    )
    same = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([f"{name}.1"]))
    at = pa.array([MOMENT] * rows, UTC_MICROS)
    content = parquet_bytes(
        pa.table({"member_no": same, "updated_at": at, "city": city}), write_statistics=False
    )
    found.append(
        parquet(
            name,
            content,
            refused("limit_exceeded"),
            note="one value of 1 MB, 300 times: 300 MB in 50 kB, and no size in the footer says so",
        )
    )
    name = "parquet_field_over_1_mib"
    city = pa.array(["a", "x" * (MIB + 1), "c"])
    found.append(
        parquet(
            name,
            parquet_bytes(table(name, 3, city=city), use_dictionary=False, compression="none"),
            loaded(members(name, 1, 3), [Bad(2, "limit_exceeded")], None),
        )
    )
    name = "parquet_repetitive_but_honest"
    rows = 50_000
    content = parquet_bytes(table(name, rows, city=pa.array(["Xi'an"] * rows)), compression="zstd")
    found.append(
        parquet(
            name,
            content,
            loaded(members(name, *range(1, rows + 1))),
            note="a column of one value is no bomb",
        )
    )
    name = "parquet_claims_a_trillion_rows"
    whole = parquet_bytes(table("x", 1))
    metadata = pq.read_metadata(io.BytesIO(whole))
    assert metadata.num_rows == 1
    position = whole.rfind(b"\x16\x02\x19")
    if position > 0:
        broken = whole[:position] + b"\x16\xfe" + whole[position + 2 :]
        found.append(
            parquet(
                name,
                broken,
                refused("unreadable_file|missing_column"),
                note="a footer whose row count is damaged",
            )
        )
    return found


def text_cases() -> list[Case]:
    name = "parquet_at_as_text_column"
    rows = [{"member_no": f"{name}.1", "updated_at": AT}]
    return [parquet(name, parquet_bytes(rows), loaded([member(f"{name}.1", updated_at=AT_UTC)]))]


CASES = [
    *damage_cases(),
    *layout_cases(),
    *type_cases(),
    *timestamp_cases(),
    *order_cases(),
    *bomb_cases(),
    *text_cases(),
]
