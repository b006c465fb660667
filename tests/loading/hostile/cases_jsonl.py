"""Hostile JSON lines: broken syntax, odd types, depth, numbers, encodings."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from .harness import (
    AT,
    Bad,
    Case,
    Outcome,
    case,
    jsonl_bytes,
    loaded,
    one_of,
    records,
    refused,
)

MEMBERS = "crm.members"
MIB = 1_048_576


def member(tag: str, **values: Any) -> dict[str, Any]:
    return {"member_no": tag, **values}


def members(name: str, *numbers: int) -> list[dict[str, Any]]:
    return [member(f"{name}.{n}") for n in numbers]


def good(name: str, number: int, **values: Any) -> str:
    row = {"member_no": f"{name}.{number}", "updated_at": AT, **values}
    return json.dumps(row, ensure_ascii=False)


def between(name: str, line: str | bytes) -> bytes:
    """A good line, the hostile one, a good line."""
    middle = line.encode() if isinstance(line, str) else line
    return b"\n".join([good(name, 1).encode(), middle, good(name, 3).encode()]) + b"\n"


def jsonl(name: str, content: bytes, *outcomes: Outcome, note: str = "") -> Case:
    return case(name, MEMBERS, content, *outcomes, ext="jsonl", note=note)


def rejected(name: str, code: str = "malformed_row", column: str | None = None) -> Outcome:
    return loaded(members(name, 1, 3), [Bad(2, code, column)], None)


def kept(name: str, optional: list[Bad] | None = None, **values: Any) -> Outcome:
    rows = [*members(name, 1, 3), member(f"{name}.2", **values)]
    return loaded(rows, (), [] if optional is None else optional)


def nested(depth: int) -> str:
    """JSON text whose deepest level is `depth` below its own start (depth 1: `[]`)."""
    return "[" * depth + "]" * depth


def syntax_cases() -> list[Case]:
    at = f'"updated_at":"{AT}"'
    broken = {
        "jsonl_trailing_comma": f'{{"member_no":"@.2",{at},}}',
        "jsonl_single_quotes": f"{{'member_no':'@.2','updated_at':'{AT}'}}",
        "jsonl_unquoted_key": f'{{member_no:"@.2",{at}}}',
        "jsonl_comment": f'{{"member_no":"@.2",{at}}} // good customer',
        "jsonl_cut_object": '{"member_no":"@.2","updated_at":"2025-',
        "jsonl_two_objects_on_a_line": f'{{"member_no":"@.2",{at}}}{{"member_no":"@.4",{at}}}',
        "jsonl_two_objects_with_comma": f'{{"member_no":"@.2",{at}}},{{"member_no":"@.4",{at}}}',
        "jsonl_text_after_object": f'{{"member_no":"@.2",{at}}} and more',
        "jsonl_top_level_array": f'["@.2","{AT}"]',
        "jsonl_array_of_objects": f'[{{"member_no":"@.2",{at}}}]',
        "jsonl_top_level_number": "42",
        "jsonl_top_level_text": '"@.2"',
        "jsonl_top_level_null": "null",
        "jsonl_top_level_true": "true",
        "jsonl_word": "hello",
        "jsonl_only_braces_open": "{{{{",
        "jsonl_raw_tab_in_text": f'{{"member_no":"@.2","city":"a\tb",{at}}}',
        "jsonl_bad_escape": f'{{"member_no":"@.2","city":"\\x41",{at}}}',
        "jsonl_short_unicode_escape": f'{{"member_no":"@.2","city":"\\u12",{at}}}',
        "jsonl_leading_zero_number": f'{{"member_no":"@.2","city":007,{at}}}',
        "jsonl_python_none": f'{{"member_no":"@.2","city":None,{at}}}',
        "jsonl_hex_number": f'{{"member_no":"@.2","city":0x1F,{at}}}',
        "jsonl_duplicate_key": f'{{"member_no":"@.2","member_no":"@.4",{at}}}',
        "jsonl_duplicate_updated_at": (
            f'{{"member_no":"@.2",{at},"updated_at":"2025-03-02T00:00:00Z"}}'
        ),
    }
    lenient: dict[str, dict[str, Any]] = {
        "jsonl_raw_tab_in_text": {"city": one_of("a\tb", "a b")},
    }
    found = []
    for name, line in broken.items():
        outcomes = [rejected(name)]
        if name in lenient:
            outcomes.append(kept(name, **lenient[name]))
        found.append(jsonl(name, between(name, line.replace("@", name)), *outcomes))

    name = "jsonl_pretty_printed_array"
    content = json.dumps([{"member_no": f"{name}.1", "updated_at": AT}], indent=1).encode()
    count = content.count(b"\n") + 1
    every = [Bad(n, "malformed_row") for n in range(1, count + 1)]
    found.append(
        jsonl(
            name,
            content,
            loaded((), every),
            refused("unreadable_file"),
            note="a JSON array is not JSON lines",
        )
    )
    name = "jsonl_same_key_by_case"
    line = f'{{"member_no":"{name}.2","MEMBER_NO":"{name}.4",{at}}}'
    found.append(
        jsonl(
            name,
            between(name, line),
            rejected(name),
            note="keys match like headers, so this is one key twice",
        )
    )
    name = "jsonl_unterminated_string_mid_file"
    content = between(name, f'{{"member_no":"{name}.2,"city":"open}}')
    found.append(jsonl(name, content, rejected(name)))
    name = "jsonl_cut_last_line"
    content = f"{good(name, 1)}\n{good(name, 2)}\n{good(name, 3)[:-9]}".encode()
    found.append(
        jsonl(
            name,
            content,
            refused("unreadable_file", "line 3"),
        )
    )
    name = "jsonl_all_lines_bad"
    found.append(
        jsonl(
            name,
            b"one\ntwo\nthree\n",
            loaded((), [Bad(n, "malformed_row") for n in (1, 2, 3)]),
            refused("unreadable_file"),
        )
    )
    return found


def layout_cases() -> list[Case]:
    found = []
    name = "jsonl_bom"
    content = b"\xef\xbb\xbf" + f"{good(name, 1)}\n{good(name, 2)}\n".encode()
    found.append(jsonl(name, content, loaded(members(name, 1, 2))))
    name = "jsonl_crlf"
    content = f'{good(name, 1)}\r\n{{"member_no":"{name}.2"}}\r\n{good(name, 3)}\r\n'.encode()
    found.append(
        jsonl(
            name,
            content,
            loaded(members(name, 1, 3), [Bad(2, "missing_required", "updated_at")]),
        )
    )
    name = "jsonl_blank_lines"
    content = f"{good(name, 1)}\n\n   \n{{}}\n{good(name, 2)}\n\n".encode()
    found.append(
        jsonl(
            name,
            content,
            loaded(members(name, 1, 2), [Bad(4, "missing_required")]),
            note="blank lines are no records, but they are lines",
        )
    )
    name = "jsonl_no_final_newline"
    content = f"{good(name, 1)}\n{good(name, 2)}".encode()
    found.append(jsonl(name, content, loaded(members(name, 1, 2))))
    name = "jsonl_spaces_around"
    content = f'  {{ "member_no" : "{name}.1" , "updated_at" : "{AT}" }}  \n'.encode()
    found.append(jsonl(name, content, loaded(members(name, 1))))
    name = "jsonl_zero_bytes"
    found.append(jsonl(name, b"", refused("unreadable_file|missing_column"), loaded()))
    name = "jsonl_line_separators_in_text"
    content = f"{good(name, 1, city=f'a{chr(0x2028)}b{chr(0x85)}c')}\n{{}}\n".encode()
    found.append(
        jsonl(
            name,
            content,
            loaded(
                [member(f"{name}.1", city=f"a{chr(0x2028)}b{chr(0x85)}c")],
                [Bad(2, "missing_required")],
            ),
        )
    )
    name = "jsonl_key_case_order_space"
    content = f'{{" Updated_At ":"{AT}","CITY":"a","Member_No":"{name}.1"}}\n'.encode()
    found.append(
        jsonl(
            name,
            content,
            loaded([member(f"{name}.1", city="a")]),
            note="keys match like headers",
        )
    )
    name = "jsonl_missing_in_every_line"
    content = f'{{"member_no":"{name}.1"}}\n{{"member_no":"{name}.2"}}\n'.encode()
    found.append(
        jsonl(
            name,
            content,
            loaded((), [Bad(n, "missing_required", "updated_at") for n in (1, 2)]),
            refused("missing_column", "updated_at"),
        )
    )
    name = "jsonl_key_only_in_a_late_line"
    head = [good(name, n) for n in range(1, 3001)]
    late = good(name, 3001, city="Xi'an", shoe_size=42)
    content = "\n".join([*head, late, ""]).encode()
    found.append(
        jsonl(
            name,
            content,
            loaded(
                [*members(name, *range(1, 3001)), member(f"{name}.3001", city="Xi'an")],
                unknown_columns=("shoe_size",),
            ),
            note="a reader that takes its columns from the first lines loses this one",
        )
    )
    name = "jsonl_type_changes_late"
    head = [good(name, n, city=n) for n in range(1, 3001)]
    content = "\n".join([*head, good(name, 3001, city="Xi'an"), ""]).encode()
    wanted = [member(f"{name}.{n}", city=str(n)) for n in range(1, 3001)]
    found.append(jsonl(name, content, loaded([*wanted, member(f"{name}.3001", city="Xi'an")])))
    name = "jsonl_same_row_twice"
    content = (
        f"{good(name, 1, city='a')}\n"
        f'{{"city": "a", "updated_at": "{AT}", "member_no": "{name}.1", "name": null}}\n'
    ).encode()
    found.append(jsonl(name, content, loaded([member(f"{name}.1")], unchanged=1)))
    return found


def value_cases() -> list[Case]:
    found = []

    def line(name: str, **values: Any) -> bytes:
        return between(name, good(name, 2, **values))

    def raw(name: str, fragment: str) -> bytes:
        return between(name, f'{{"member_no":"{name}.2","updated_at":"{AT}",{fragment}}}')

    for name, value in (
        ("jsonl_object_in_optional_text", {"first": "a"}),
        ("jsonl_array_in_optional_text", ["a", "b"]),
        ("jsonl_empty_object_in_optional_text", {}),
    ):
        found.append(
            jsonl(
                name,
                line(name, city=value),
                kept(name, [Bad(2, "optional_value", "city")], city=None),
                kept(name, city=one_of(json.dumps(value), json.dumps(value).replace(" ", ""))),
                note="free text may hold it as JSON",
            )
        )
    name = "jsonl_object_as_id"
    content = between(name, f'{{"member_no":{{"id":"{name}.2"}},"updated_at":"{AT}"}}')
    found.append(jsonl(name, content, rejected(name, "invalid_value", "member_no")))
    name = "jsonl_array_as_id"
    content = between(name, f'{{"member_no":["{name}.2"],"updated_at":"{AT}"}}')
    found.append(jsonl(name, content, rejected(name, "invalid_value", "member_no")))
    name = "jsonl_object_as_timestamp"
    content = between(name, f'{{"member_no":"{name}.2","updated_at":{{"$date":"{AT}"}}}}')
    found.append(jsonl(name, content, rejected(name, "invalid_value", "updated_at")))
    name = "jsonl_null_required"
    content = between(name, f'{{"member_no":null,"updated_at":"{AT}"}}')
    found.append(jsonl(name, content, rejected(name, "missing_required", "member_no")))
    name = "jsonl_empty_required"
    content = between(name, f'{{"member_no":" ","updated_at":"{AT}"}}')
    found.append(jsonl(name, content, rejected(name, "missing_required", "member_no")))
    name = "jsonl_true_as_timestamp"
    content = between(name, f'{{"member_no":"{name}.2","updated_at":true}}')
    found.append(jsonl(name, content, rejected(name, "invalid_value", "updated_at")))
    name = "jsonl_epoch_number_as_timestamp"
    content = between(name, f'{{"member_no":"{name}.2","updated_at":1740823200}}')
    found.append(jsonl(name, content, rejected(name, "invalid_value", "updated_at")))

    name = "jsonl_number_as_text"
    found.append(
        jsonl(name, line(name, city=12, postcode=710000), kept(name, city="12", postcode="710000"))
    )
    name = "jsonl_30_digit_id"
    digits = "123456789012345678901234567890"
    found.append(
        jsonl(
            name, raw(name, f'"card_no":{digits}'), kept(name, card_no=digits), note="every digit"
        )
    )
    name = "jsonl_id_beyond_double"
    digits = "9007199254740993"
    found.append(jsonl(name, raw(name, f'"card_no":{digits}'), kept(name, card_no=digits)))
    name = "jsonl_id_with_point_zero"
    found.append(jsonl(name, raw(name, '"card_no":60012345.0'), kept(name, card_no="60012345")))
    name = "jsonl_nul_escape"
    found.append(
        jsonl(
            name,
            raw(name, '"city":"a\\u0000b"'),
            rejected(name, "malformed_row|invalid_value"),
            kept(name, city="a\x00b"),
            kept(name, [Bad(2, "optional_value", "city")], city=None),
        )
    )
    name = "jsonl_nul_escape_in_id"
    content = between(name, f'{{"member_no":"{name}.\\u0000","updated_at":"{AT}"}}')
    found.append(
        jsonl(
            name,
            content,
            rejected(name, "malformed_row|invalid_value"),
            loaded([*members(name, 1, 3), member(f"{name}.\x00")]),
        )
    )
    for name, fragment in (
        ("jsonl_lone_high_surrogate", '"city":"a\\ud83d"'),
        ("jsonl_lone_low_surrogate", '"city":"\\ude00a"'),
        ("jsonl_swapped_surrogates", '"city":"\\ude00\\ud83d"'),
    ):
        found.append(
            jsonl(
                name,
                raw(name, fragment),
                rejected(name, "malformed_row|invalid_value"),
                kept(name, [Bad(2, "optional_value", "city")], city=None),
                kept(name, city=one_of("a\ufffd", "\ufffda", "\ufffd\ufffd")),
                note="not Unicode: rejected, nulled or replaced, never an unreadable lake",
            )
        )
    name = "jsonl_surrogate_in_id"
    content = between(name, f'{{"member_no":"{name}.\\udc00","updated_at":"{AT}"}}')
    found.append(jsonl(name, content, rejected(name, "malformed_row|invalid_value")))
    name = "jsonl_surrogate_pair"
    found.append(jsonl(name, raw(name, '"city":"\\ud83d\\ude00"'), kept(name, city="😀")))
    name = "jsonl_surrogate_in_unknown_key"
    found.append(
        jsonl(
            name,
            raw(name, '"\\ud800":1'),
            rejected(name, "malformed_row|invalid_value"),
            kept(name),
        )
    )
    return found


def order_cases() -> list[Case]:
    """Numbers, on commerce.orders."""
    found = []
    table = "commerce.orders"

    def orders(name: str, fragment: str) -> bytes:
        rows = records(name, table, {}, {}, {})
        del rows[1]["net_amount"]
        middle = json.dumps(rows[1])[:-1] + f',"net_amount":{fragment}}}'
        return "\n".join([json.dumps(rows[0]), middle, json.dumps(rows[2]), ""]).encode()

    for name, fragment, code in (
        ("jsonl_nan_literal", "NaN", "malformed_row|invalid_value"),
        ("jsonl_infinity_literal", "Infinity", "malformed_row|invalid_value"),
        ("jsonl_minus_infinity_literal", "-Infinity", "malformed_row|invalid_value"),
        ("jsonl_number_1e400", "1e400", "invalid_value|out_of_range|malformed_row"),
        ("jsonl_number_of_5000_digits", "9" * 5000, "invalid_value|out_of_range|malformed_row"),
        ("jsonl_number_of_20_digits", "12345678901234567890", "invalid_value|out_of_range"),
        ("jsonl_boolean_as_money", "true", "invalid_value"),
        ("jsonl_array_as_money", "[1]", "invalid_value"),
        ("jsonl_negative_money", "-1", "out_of_range"),
    ):
        rows = [{"order_id": f"{name}.1"}, {"order_id": f"{name}.3"}]
        column = "net_amount" if "malformed_row" not in code else None
        found.append(
            case(
                name,
                table,
                orders(name, fragment),
                loaded(rows, [Bad(2, code, column)]),
                ext="jsonl",
            )
        )
    for name, fragment, value, rounded in (
        ("jsonl_money_half_up", "1.005", "1.01", 1),
        ("jsonl_money_long_tail", "2.6749999999999999999", "2.67", 1),
        ("jsonl_money_exponent", "1.25e2", "125.00", 0),
        ("jsonl_money_beyond_double", "9007199254740993.01", "9007199254740993.01", 0),
        ("jsonl_money_as_text", '"1,234.50"', "1234.50", 0),
        ("jsonl_money_minus_zero", "-0.0", "0.00", 0),
    ):
        wanted: list[dict[str, Any]] = [{"order_id": f"{name}.{n}"} for n in (1, 3)]
        wanted.append({"order_id": f"{name}.2", "net_amount": Decimal(value)})
        found.append(
            case(
                name,
                table,
                orders(name, fragment),
                loaded(wanted, money_rounded=rounded),
                ext="jsonl",
            )
        )
    return found


def limit_cases() -> list[Case]:
    found = []

    def extra(name: str, fragment: str) -> bytes:
        return between(name, f'{{"member_no":"{name}.2","updated_at":"{AT}","extra":{fragment}}}')

    name = "jsonl_depth_31"
    found.append(jsonl(name, extra(name, nested(30)), kept(name)))
    name = "jsonl_depth_32"
    found.append(
        jsonl(name, extra(name, nested(31)), kept(name), note="the record itself is level 1")
    )
    name = "jsonl_depth_33"
    found.append(jsonl(name, extra(name, nested(32)), rejected(name, "limit_exceeded")))
    name = "jsonl_depth_40_of_objects"
    deep = '{"a":' * 39 + "1" + "}" * 39
    found.append(jsonl(name, extra(name, deep), rejected(name, "limit_exceeded")))
    name = "jsonl_depth_200_000"
    found.append(
        jsonl(
            name,
            extra(name, nested(200_000)),
            rejected(name, "limit_exceeded"),
            note="must not exhaust the stack",
        )
    )
    name = "jsonl_depth_never_closed"
    found.append(
        jsonl(name, extra(name, "[" * 100_000), rejected(name, "limit_exceeded|malformed_row"))
    )
    name = "jsonl_brackets_in_text_are_no_depth"
    found.append(
        jsonl(name, between(name, good(name, 2, city="[" * 50)), kept(name, city="[" * 50))
    )
    name = "jsonl_field_of_exactly_1_mib"
    found.append(
        jsonl(name, between(name, good(name, 2, city="x" * MIB)), kept(name, city="x" * MIB))
    )
    name = "jsonl_field_over_1_mib"
    content = between(name, good(name, 2, city="x" * (MIB + 1)))
    found.append(jsonl(name, content, rejected(name, "limit_exceeded")))
    name = "jsonl_2001_keys"
    many = {f"k{n}": 1 for n in range(1999)}
    content = between(name, good(name, 2, **many))
    found.append(
        jsonl(
            name,
            content,
            rejected(name, "limit_exceeded"),
            refused("limit_exceeded"),
            note="2 001 keys: over the limit of columns",
        )
    )
    name = "jsonl_new_keys_in_every_line"
    rows = [{"member_no": f"{name}.{n}", "updated_at": AT, f"k{n}": n} for n in range(1, 3001)]
    found.append(
        jsonl(
            name,
            jsonl_bytes(rows),
            refused("limit_exceeded"),
            loaded(members(name, *range(1, 3001))),
            note="3 002 different keys in the file, three in a line",
        )
    )
    return found


def encoding_cases() -> list[Case]:
    found = []
    for name, encoding in (
        ("jsonl_gbk", "gbk"),
        ("jsonl_utf16", "utf-16"),
        ("jsonl_latin1", "latin-1"),
    ):
        city = "Orléans" if encoding == "latin-1" else "西山"
        content = f"{good(name, 1)}\n{good(name, 2, city=city)}\n".encode(encoding)
        outcomes = [refused("not_utf8|unreadable_file")]
        if encoding != "utf-16":
            outcomes.append(loaded(members(name, 1), [Bad(2, "malformed_row")]))
        found.append(
            jsonl(
                name,
                content,
                *outcomes,
                note="the file is refused, or the line that is not UTF-8; never garbled text",
            )
        )
    return found


CASES = [
    *syntax_cases(),
    *layout_cases(),
    *value_cases(),
    *order_cases(),
    *limit_cases(),
    *encoding_cases(),
]
