"""Hostile CSV: line ends, quotes, headers, delimiters, encodings, sizes."""

from __future__ import annotations

from typing import Any

from .harness import (
    AT,
    AT_UTC,
    Bad,
    Case,
    Outcome,
    case,
    csv_bytes,
    lines,
    loaded,
    one_of,
    record,
    records,
    refused,
)

MEMBERS = "crm.members"
HEADER = "member_no,city,updated_at"
BOM = b"\xef\xbb\xbf"
MIB = 1_048_576


def member(tag: str, **values: Any) -> dict[str, Any]:
    return {"member_no": tag, **values}


def members(name: str, *numbers: int) -> list[dict[str, Any]]:
    return [member(f"{name}.{n}") for n in numbers]


def members_case(name: str, content: bytes, *outcomes: Outcome, note: str = "") -> Case:
    return case(name, MEMBERS, content, *outcomes, note=note)


def text(name: str, *rows: str, header: str = HEADER, newline: str = "\n") -> bytes:
    """CSV text; `@` at the start of a row stands for the case's prefix."""
    body = [f"{name}.{row[1:]}" if row.startswith("@") else row for row in rows]
    return lines(header, *body, newline=newline)


def two_good(name: str) -> bytes:
    return text(name, f"@1,Xi'an,{AT}", f"@2,Jinan,{AT}")


def line_end_cases() -> list[Case]:
    found = []
    for name, newline in (("csv_lf", "\n"), ("csv_crlf", "\r\n"), ("csv_cr_only", "\r")):
        content = text(name, f"@1,Xi'an,{AT}", "@2,Jinan,", f"@3,Jinan,{AT}", newline=newline)
        wanted = loaded(
            [member(f"{name}.1", city="Xi'an"), member(f"{name}.3", city="Jinan")],
            [Bad(3, "missing_required", "updated_at")],
        )
        found.append(members_case(name, content, wanted))

    name = "csv_mixed_line_ends"
    content = (
        f"{HEADER}\r\n{name}.1,a,{AT}\n{name}.2,b,\r{name}.3,c,{AT}\r\n{name}.4,d,{AT}\n"
    ).encode()
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 3, 4), [Bad(3, "missing_required", "updated_at")]),
        )
    )
    name = "csv_no_final_newline"
    found.append(members_case(name, two_good(name).rstrip(), loaded(members(name, 1, 2))))
    name = "csv_trailing_blank_lines"
    found.append(members_case(name, two_good(name) + b"\n\r\n\n", loaded(members(name, 1, 2))))
    name = "csv_blank_line_in_the_middle"
    content = text(name, f"@1,a,{AT}", "", "@2,b,", f"@3,c,{AT}")
    missing = Bad(4, "missing_required", "updated_at")
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 3), [missing]),
            note="passed over, and later line numbers stay physical",
        )
    )
    name = "csv_line_numbers_ignore_odd_separators"
    content = text(name, f"@1,a\u2028b\x0bc\x0cd\x1ce\x85f,{AT}", "@2,b,", f"@3,c,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(
                [member(f"{name}.1"), member(f"{name}.3", city="c")],
                [Bad(3, "missing_required", "updated_at")],
            ),
            note="U+2028, VT, FF, FS and NEL do not end a line",
        )
    )
    return found


def quote_cases() -> list[Case]:
    found = []
    name = "csv_quoted_newline"
    content = text(
        name, f'@1,"line 1\nline 2\n\nline 4",{AT}', "@2,b,", f'@3,"a\nb",{AT}', "@4,c,x"
    )
    found.append(
        members_case(
            name,
            content,
            loaded(
                [member(f"{name}.1", city="line 1\nline 2\n\nline 4"), member(f"{name}.3")],
                [
                    Bad(6, "missing_required", "updated_at"),
                    Bad(9, "invalid_value", "updated_at"),
                ],
            ),
            note="line numbers are physical lines: that on which the record starts",
        )
    )
    name = "csv_quoted_crlf_inside_lf_file"
    content = text(name, f'@1,"a\r\nb",{AT}', "@2,b,", f"@3,c,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(
                [member(f"{name}.1"), member(f"{name}.3", city="c")],
                [Bad(4, "missing_required", "updated_at")],
            ),
        )
    )
    name = "csv_quoted_delimiter_and_quotes"
    content = text(name, f'@1,"a, ""b"", c",{AT}', f'@2,"",{AT}', f'@3,"""",{AT}')
    found.append(
        members_case(
            name,
            content,
            loaded(
                [
                    member(f"{name}.1", city='a, "b", c'),
                    member(f"{name}.2", city=None),
                    member(f"{name}.3", city='"'),
                ]
            ),
        )
    )
    name = "csv_everything_quoted"
    content = text(name, f'"{name}.1","Xi\'an","{AT}"', header='"member_no","city","updated_at"')
    found.append(members_case(name, content, loaded([member(f"{name}.1", city="Xi'an")])))
    name = "csv_quote_inside_plain_field"
    content = text(name, f"@1,a,{AT}", f'@2,5" pipe,{AT}', f"@3,c,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 3), [Bad(3, "malformed_row")]),
            note="RFC 4180 forbids it",
        )
    )
    name = "csv_text_after_closing_quote"
    content = text(name, f"@1,a,{AT}", f'@2,"b"c,{AT}', f"@3,c,{AT}")
    found.append(
        members_case(name, content, loaded(members(name, 1, 3), [Bad(3, "malformed_row")]))
    )
    name = "csv_backslash_is_no_escape"
    content = text(name, f"@1,a,{AT}", rf'@2,"b\"c",{AT}', rf'@3,"C:\",{AT}', f"@4,d,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(
                [
                    member(f"{name}.1", city="a"),
                    member(f"{name}.3", city="C:\\"),
                    member(f"{name}.4", city="d"),
                ],
                [Bad(3, "malformed_row")],
            ),
        )
    )
    name = "csv_unterminated_quote_mid_file"
    content = text(name, f"@1,a,{AT}", f'@2,"open,{AT}', f"@3,c,{AT}", f"@4,d,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 3, 4), [Bad(3, "malformed_row")]),
            note="one stray quote must not swallow the rest of the file",
        )
    )
    name = "csv_unterminated_quote_then_quoted_rows"
    content = text(
        name, f"@1,a,{AT}", f'@2,"open,{AT}', f"@3,c,{AT}", f'@4,"d, e",{AT}', f"@5,f,{AT}"
    )
    found.append(
        members_case(name, content, loaded(members(name, 1, 3, 4, 5), [Bad(3, "malformed_row")]))
    )
    name = "csv_unterminated_quote_in_a_long_file"
    tail = [f"@{n},c,{AT}" for n in range(3, 3003)]
    content = text(name, f"@1,a,{AT}", f'@2,"open,{AT}', *tail)
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, *range(3, 3003)), [Bad(3, "malformed_row")]),
        )
    )
    name = "csv_unterminated_quote_at_the_end"
    content = text(name, f"@1,a,{AT}", f"@2,b,{AT}") + f'{name}.3,"cut of'.encode()
    found.append(
        members_case(
            name,
            content,
            refused("unreadable_file", "line 4"),
            note="an incomplete record without a line end: the file was cut off",
        )
    )
    name = "csv_single_quotes_are_text"
    content = text(name, f"@1,'a b',{AT}", f"@2,it's,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded([member(f"{name}.1"), member(f"{name}.2", city="it's")]),
        )
    )
    name = "csv_quotes_first_appear_late"
    head = [f"@{n},c,{AT}" for n in range(1, 4001)]
    content = text(name, *head, f'@4001,"a, ""b""",{AT}', f"@4002,c,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(
                [
                    *members(name, *range(1, 4001)),
                    member(f"{name}.4001", city='a, "b"'),
                    member(f"{name}.4002"),
                ]
            ),
            note="a reader that sniffs the dialect from the first rows goes wrong here",
        )
    )
    return found


def field_count_cases() -> list[Case]:
    found = []
    name = "csv_too_many_fields"
    content = text(name, f"@1,a,{AT}", f"@2,b,{AT},extra", f"@3,c,{AT}")
    found.append(
        members_case(
            name, content, loaded(members(name, 1, 3), [Bad(3, "malformed_row", raw="extra")])
        )
    )
    name = "csv_too_few_fields"
    content = text(name, f"@1,a,{AT}", "@2,b", f"@3,c,{AT}")
    found.append(
        members_case(name, content, loaded(members(name, 1, 3), [Bad(3, "malformed_row")]))
    )
    name = "csv_unquoted_comma_in_address"
    content = text(name, f"@1,a,{AT}", f"@2,Xi'an, Shaanxi,{AT}", f"@3,c,{AT}")
    found.append(
        members_case(name, content, loaded(members(name, 1, 3), [Bad(3, "malformed_row")]))
    )
    name = "csv_every_row_one_field_more"
    content = text(name, f"@1,a,{AT},", f"@2,b,{AT},")
    found.append(
        members_case(name, content, loaded((), [Bad(2, "malformed_row"), Bad(3, "malformed_row")]))
    )
    name = "csv_cut_in_the_last_row"
    content = text(name, f"@1,a,{AT}", f"@2,b,{AT}") + f"{name}.3,c".encode()
    found.append(
        members_case(
            name,
            content,
            refused("unreadable_file", "line 4"),
            note="refused whole, so that its complete re-delivery is right",
        )
    )
    name = "csv_cut_in_the_last_timestamp"
    content = text(name, f"@1,a,{AT}") + f"{name}.2,c,2025-03-0".encode()
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1), [Bad(3, "invalid_value", "updated_at")]),
            refused("unreadable_file"),
            note="nobody can see that this record is not complete",
        )
    )
    name = "csv_row_of_commas"
    content = text(name, f"@1,a,{AT}", ",,", f"@2,c,{AT}")
    found.append(
        members_case(name, content, loaded(members(name, 1, 2), [Bad(3, "missing_required")]))
    )
    name = "csv_dos_end_of_file_mark"
    content = text(name, f"@1,a,{AT}", f"@2,b,{AT}") + b"\x1a"
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 2), [Bad(4, "malformed_row")]),
            loaded(members(name, 1, 2)),
            refused("unreadable_file"),
            note="looks like a row that was cut off",
        )
    )
    name = "csv_semicolon_row_in_comma_file"
    content = text(name, f"@1,a,{AT}", f"{name}.2;b;{AT}", f"@3,c,{AT}")
    found.append(
        members_case(name, content, loaded(members(name, 1, 3), [Bad(3, "malformed_row")]))
    )
    return found


def header_cases() -> list[Case]:
    found = []
    name = "csv_bom"
    found.append(members_case(name, BOM + two_good(name), loaded(members(name, 1, 2))))
    name = "csv_bom_and_quoted_header"
    content = BOM + text(name, f"@1,a,{AT}", header='"member_no","city","updated_at"')
    found.append(members_case(name, content, loaded(members(name, 1))))
    name = "csv_header_case_order_space"
    content = text(name, f"{AT},{name}.1,a", header=" Updated_At , MEMBER_NO,\tCity ")
    found.append(
        members_case(name, content, loaded([member(f"{name}.1", city="a")], unknown_columns=()))
    )
    duplicates = {
        "csv_duplicate_header": "member_no,city,member_no",
        "csv_duplicate_header_by_case": "member_no,updated_at,Updated_AT",
        "csv_duplicate_header_by_space": "member_no,updated_at, city,city ",
        "csv_duplicate_header_quoted": 'member_no,updated_at,"member_no"',
        "csv_duplicate_unknown_header": "member_no,updated_at,x1,x1",
    }
    for name, header in duplicates.items():
        content = text(
            name, ",".join([f"{name}.1", AT, AT, AT][: header.count(",") + 1]), header=header
        )
        found.append(members_case(name, content, refused("duplicate_header")))
    name = "csv_one_empty_header"
    content = text(name, f"@1,{AT},", f"@2,{AT},z", header="member_no,updated_at,")
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 2)),
            note="a trailing comma in every line: an unknown column without a name",
        )
    )
    name = "csv_two_empty_headers"
    content = text(name, f"@1,{AT},,", header="member_no,updated_at,,")
    found.append(members_case(name, content, loaded(members(name, 1)), refused("duplicate_header")))
    name = "csv_header_only"
    found.append(members_case(name, f"{HEADER}\n".encode(), loaded()))
    name = "csv_header_only_without_newline"
    found.append(members_case(name, (HEADER + ",x").encode(), loaded()))
    for name, content in (
        ("csv_zero_bytes", b""),
        ("csv_bom_only", BOM),
        ("csv_blank_lines_only", b"\n\r\n\n\n"),
        ("csv_spaces_only", b"   \t  "),
    ):
        wanted = refused("unreadable_file|missing_column")
        found.append(members_case(name, content, wanted))
    name = "csv_missing_required_column"
    content = text(name, "@1,a", header="member_no,city")
    found.append(members_case(name, content, refused("missing_column", "updated_at")))
    name = "csv_missing_two_required_columns"
    content = text(name, "a", header="city")
    found.append(members_case(name, content, refused("missing_column", "member_no", "updated_at")))
    name = "csv_header_only_missing_required_column"
    found.append(members_case(name, b"member_no,city\n", refused("missing_column", "updated_at")))
    name = "csv_without_header"
    content = text(name, f"{name}.2,b,{AT}", header=f"{name}.1,a,{AT}")
    found.append(members_case(name, content, refused("missing_column", "member_no")))
    name = "csv_comment_before_header"
    content = b"# exported 2025-03-01\n" + two_good(name)
    found.append(members_case(name, content, refused("missing_column", "member_no")))
    name = "csv_excel_sep_line"
    content = b"sep=,\n" + two_good(name)
    found.append(
        members_case(name, content, refused("missing_column"), loaded(members(name, 1, 2)))
    )
    name = "csv_unknown_columns"
    content = text(name, f"@1,{AT},1,2", header="member_no,updated_at,Shoe_Size,爱好")
    found.append(
        members_case(name, content, loaded(members(name, 1), unknown_columns=("shoe_size", "爱好")))
    )
    name = "csv_technical_column_names"
    content = text(
        name,
        f"@1,{AT},x,-5,y,z",
        header="member_no,updated_at,_content_hash,_load_sequence,phone_token,name_normalised",
    )
    found.append(
        members_case(
            name,
            content,
            loaded([member(f"{name}.1", phone_token=None, name_normalised=None)]),
            note="a supplier cannot fill the columns that only the loader writes",
        )
    )
    name = "csv_header_with_sql"
    content = text(name, f"@1,{AT},1", header='member_no,updated_at,"x""; drop table members; --"')
    found.append(members_case(name, content, loaded(members(name, 1))))
    for name, delimiter in (
        ("csv_semicolons_undeclared", ";"),
        ("csv_tabs_undeclared", "\t"),
        ("csv_pipes_undeclared", "|"),
    ):
        content = two_good(name).replace(b",", delimiter.encode())
        found.append(members_case(name, content, refused("missing_column")))
    return found


def encoding_cases() -> list[Case]:
    found = []
    chinese = f"{HEADER}\nNAME.1,西安市,{AT}\n"
    encodings = {
        "csv_gbk_undeclared": "gbk",
        "csv_gb18030_undeclared": "gb18030",
        "csv_big5_undeclared": "big5",
        "csv_shift_jis_undeclared": "shift_jis",
        "csv_utf16_bom_undeclared": "utf-16",
        "csv_utf32_bom_undeclared": "utf-32",
    }
    for name, encoding in encodings.items():
        content = chinese.replace("NAME", name).replace("西安", "西山").encode(encoding)
        found.append(members_case(name, content, refused("not_utf8")))
    for name, encoding in (
        ("csv_latin1_undeclared", "latin-1"),
        ("csv_cp1252_undeclared", "cp1252"),
    ):
        content = chinese.replace("NAME", name).replace("西安市", "Orléans").encode(encoding)
        found.append(members_case(name, content, refused("not_utf8")))
    for name, encoding in (
        ("csv_utf16le_ascii_without_bom", "utf-16-le"),
        ("csv_utf16be_ascii_without_bom", "utf-16-be"),
    ):
        content = two_good(name).decode().encode(encoding)
        found.append(
            members_case(
                name,
                content,
                refused("not_utf8|unreadable_file|missing_column"),
                note="valid as UTF-8, but every other byte is NUL",
            )
        )
    name = "csv_one_bad_byte_late"
    good = text(name, *[f"@{n},city {n},{AT}" for n in range(1, 20001)])
    content = good + f"{name}.20001,".encode() + b"\xff\xfe" + f",{AT}\n".encode()
    found.append(
        members_case(
            name,
            content,
            refused("not_utf8"),
            note="a file that is not UTF-8 is refused, wherever the byte stands",
        )
    )
    for name, bad in (
        ("csv_overlong_utf8", b"\xc0\xaf"),
        ("csv_surrogate_bytes", b"\xed\xa0\x80"),
        ("csv_beyond_unicode", b"\xf4\x90\x80\x80"),
        ("csv_lone_continuation", b"a\x80b"),
    ):
        content = text(name, f"@1,a,{AT}") + f"{name}.2,".encode() + bad + f",{AT}\n".encode()
        found.append(members_case(name, content, refused("not_utf8")))
    name = "csv_cut_inside_a_character"
    content = text(name, f"@1,a,{AT}") + f"{name}.2,".encode() + "西安".encode()[:-1]
    found.append(members_case(name, content, refused("not_utf8|unreadable_file")))
    name = "csv_nul_in_a_field"
    content = text(name, f"@1,a,{AT}", f"@2,b\x00b,{AT}", f"@3,c,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 3), [Bad(3, "malformed_row|invalid_value")]),
            loaded(
                [*members(name, 1, 3), member(f"{name}.2", city=None)],
                optional=[Bad(3, "optional_value", "city")],
            ),
        )
    )
    name = "csv_nul_in_a_required_field"
    content = text(name, f"@1,a,{AT}", f"@2\x00,b,{AT}", f"@3,c,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 3), [Bad(3, "malformed_row|invalid_value")]),
        )
    )
    name = "csv_all_nul"
    found.append(
        members_case(
            name,
            b"\x00" * 4096,
            refused("not_utf8|unreadable_file|missing_column"),
            note="what a crashed disk leaves of a file",
        )
    )
    name = "csv_nul_tail"
    content = two_good(name) + b"\x00" * 2048
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 2), [Bad(4, "malformed_row|invalid_value")]),
            refused("unreadable_file|not_utf8"),
        )
    )
    return found


def size_cases() -> list[Case]:
    found = []
    name = "csv_field_of_exactly_1_mib"
    content = text(name, f"@1,{'x' * MIB},{AT}", f"@2,a,{AT}")
    found.append(
        members_case(
            name, content, loaded([member(f"{name}.1", city="x" * MIB), *members(name, 2)])
        )
    )
    name = "csv_field_over_1_mib"
    content = text(name, f"@1,a,{AT}", f"@2,{'x' * (MIB + 1)},{AT}", f"@3,c,{AT}")
    found.append(
        members_case(name, content, loaded(members(name, 1, 3), [Bad(3, "limit_exceeded")], None))
    )
    name = "csv_field_over_1_mib_of_bytes"
    content = text(name, f"@1,a,{AT}", f"@2,{'茶' * 400_000},{AT}", f"@3,c,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 3), [Bad(3, "limit_exceeded")], None),
            note="400 000 characters are 1.2 million bytes",
        )
    )
    name = "csv_quoted_field_over_1_mib"
    filler = "\n".join(["x" * 99] * 11_000)
    content = text(name, f"@1,a,{AT}", f'@2,"{filler}",{AT}', f"@3,c,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 3), [Bad(3, "limit_exceeded")], None),
            loaded(
                members(name, 1, 3),
                [
                    Bad(3, "limit_exceeded|malformed_row"),
                    *[Bad(n, "malformed_row") for n in range(4, 11_003)],
                ],
            ),
            note="one record over 11 000 lines: rejected whole, or as a quote that never closes",
        )
    )
    name = "csv_2000_columns"
    header = ",".join(["member_no", "updated_at", *[f"c{n}" for n in range(1998)]])
    found.append(
        members_case(
            name,
            text(name, f"@1,{AT}" + "," * 1998, header=header),
            loaded(members(name, 1)),
        )
    )
    name = "csv_2001_columns"
    header = ",".join(["member_no", "updated_at", *[f"c{n}" for n in range(1999)]])
    found.append(
        members_case(
            name,
            text(name, f"@1,{AT}" + "," * 1999, header=header),
            refused("limit_exceeded"),
        )
    )
    name = "csv_100_000_columns"
    header = ",".join(["member_no", "updated_at", *[f"c{n}" for n in range(99_998)]])
    found.append(members_case(name, header.encode() + b"\n", refused("limit_exceeded")))
    name = "csv_one_endless_line"
    content = b"member_no,updated_at," + b"x" * (3 * MIB)
    found.append(
        members_case(
            name,
            content,
            refused("limit_exceeded|unreadable_file"),
            note="a header name longer than a field may be",
        )
    )
    name = "csv_row_of_50_000_commas"
    content = text(name, f"@1,a,{AT}", "," * 50_000, f"@3,c,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 3), [Bad(3, "malformed_row|limit_exceeded")]),
        )
    )
    return found


def row_cases() -> list[Case]:
    found = []
    name = "csv_all_rows_bad"
    content = text(name, "@1,a,", "@2,b,tomorrow", "@3,c")
    found.append(
        members_case(
            name,
            content,
            loaded(
                (),
                [
                    Bad(2, "missing_required", "updated_at"),
                    Bad(3, "invalid_value", "updated_at", "tomorrow"),
                    Bad(4, "malformed_row"),
                ],
            ),
        )
    )
    name = "csv_required_of_spaces"
    content = text(name, f"@1,a,{AT}", f"   ,b,{AT}", f'"",c,{AT}', f"\u3000\u00a0,d,{AT}")
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1), [Bad(n, "missing_required", "member_no") for n in (3, 4, 5)]),
            note="full-width and no-break spaces are spaces too",
        )
    )
    name = "csv_two_bad_columns_in_one_row"
    rows = records(name, "commerce.orders", {}, {"gross_amount": "ten", "status": "lost"}, {})
    found.append(
        case(
            name,
            "commerce.orders",
            csv_bytes(rows),
            loaded(
                [{"order_id": f"{name}.1"}, {"order_id": f"{name}.3"}],
                [Bad(3, "invalid_value|unknown_code")],
            ),
            note="one row, counted once",
        )
    )
    name = "csv_null_words_are_text"
    words = ["NULL", "null", "NA", "N/A", "nan", "None", "\\N", "-", "#N/A"]
    content = text(name, *[f"@{n},{word},{AT}" for n, word in enumerate(words, start=1)])
    found.append(
        members_case(
            name,
            content,
            loaded([member(f"{name}.{n}", city=word) for n, word in enumerate(words, start=1)]),
            note="only empty text is null",
        )
    )
    name = "csv_same_row_twice"
    content = text(name, f"@1,a,{AT}", f"@2,b,{AT}", f"@1,a,{AT}", f' {name}.1 ,"a",{AT}')
    found.append(
        members_case(
            name,
            content,
            loaded(members(name, 1, 2), unchanged=2),
            note="an equal record changes nothing, however it is spelt",
        )
    )
    name = "csv_same_key_other_content"
    content = text(name, f"@1,a,{AT}", f"@1,b,{AT}", "@1,a,2025-03-02T10:00:00Z")
    found.append(
        members_case(
            name,
            content,
            loaded(
                [
                    member(f"{name}.1", city="a"),
                    member(f"{name}.1", city="b"),
                    member(f"{name}.1", city="a"),
                ]
            ),
            note="all versions stay",
        )
    )
    name = "csv_one_bad_row_late"
    rows_of_text = [f"@{n},{n},{AT}" for n in range(1, 5001)]
    rows_of_text[4320] = "@4321,x,31/12/2024"
    found.append(
        members_case(
            name,
            text(name, *rows_of_text),
            loaded(
                members(name, *[n for n in range(1, 5001) if n != 4321]),
                [Bad(4322, "invalid_value", "updated_at", "31/12/2024")],
            ),
        )
    )
    name = "csv_numbers_then_text_late"
    rows_of_text = [f"@{n},{n:06d},{AT}" for n in range(1, 3001)]
    rows_of_text.append(f"@3001,Xi'an,{AT}")
    wanted = [member(f"{name}.{n}", city=f"{n:06d}") for n in range(1, 3001)]
    found.append(
        members_case(
            name,
            text(name, *rows_of_text),
            loaded([*wanted, member(f"{name}.3001", city="Xi'an")]),
            note="types come from the contract, not from the first rows; leading zeros stay",
        )
    )
    name = "csv_orphan_lines_and_refunds"
    rows = [record("commerce.order_lines", f"{name}.no-such-order", product_id="no such product")]
    found.append(
        case(
            name,
            "commerce.order_lines",
            csv_bytes(rows),
            loaded([{"order_id": f"{name}.no-such-order", "product_id": "no such product"}]),
            note="orphans are kept",
        )
    )
    name = "csv_orphan_refunds"
    rows = [record("commerce.refunds", f"{name}.1", order_id="nowhere", line_no="7")]
    found.append(
        case(
            name,
            "commerce.refunds",
            csv_bytes(rows),
            loaded([{"refund_id": f"{name}.1", "order_id": "nowhere", "line_no": 7}]),
        )
    )
    name = "csv_html_error_page"
    content = b"<!DOCTYPE html>\n<html><body><h1>502 Bad Gateway</h1></body></html>\n"
    found.append(members_case(name, content, refused("missing_column")))
    return found


LONG = 2_500
ODD = 2_000


def long_cases() -> list[Case]:
    """Something odd late in a long file: shortcuts that were chosen by its start go wrong here."""
    found = []

    def odd(
        name: str,
        line: str,
        *outcomes: Outcome,
        newline: str = "\n",
        start: bytes = b"",
        note: str = "",
    ) -> None:
        rows = [f"@{n},city {n},{AT}" for n in range(1, LONG + 1)]
        rows[ODD - 1] = line
        content = start + text(name, *rows, newline=newline)
        found.append(members_case(name, content, *outcomes, note=note))

    def others(name: str) -> list[dict[str, Any]]:
        return [member(f"{name}.{n}", city=f"city {n}") for n in range(1, LONG + 1) if n != ODD]

    def with_row(name: str, **values: Any) -> Outcome:
        return loaded([*others(name), member(f"{name}.{ODD}", **values)])

    def without(name: str, *bad: Bad) -> Outcome:
        return loaded(others(name), bad)

    line = ODD + 1
    malformed = Bad(line, "malformed_row")
    name = "csv_long_plain"
    odd(name, f"@{ODD},a,{AT}", with_row(name, city="a"))
    name = "csv_long_crlf_and_bom"
    odd(
        name,
        f"@{ODD},a,",
        without(name, Bad(line, "missing_required", "updated_at")),
        newline="\r\n",
        start=BOM,
    )
    name = "csv_long_one_field_more"
    odd(name, f"@{ODD},a,{AT},", without(name, malformed))
    name = "csv_long_one_field_less"
    odd(name, f"@{ODD},a", without(name, malformed))
    name = "csv_long_text_after_quote"
    odd(name, f'@{ODD},"a"b,{AT}', without(name, malformed))
    name = "csv_long_stray_quote"
    odd(name, f'@{ODD},"a,{AT}', without(name, malformed))
    name = "csv_long_backslash_quote"
    odd(name, rf'@{ODD},"a\"b",{AT}', without(name, malformed))
    name = "csv_long_quoted_newline"
    odd(name, f'@{ODD},"a\nb",{AT}', with_row(name, city="a\nb"))
    name = "csv_long_quoted_newline_before_a_bad_row"
    odd(
        name,
        f'@{ODD},"a\nb\n\nc",{AT}\n{name}.x,d,soon',
        loaded(
            [*others(name), member(f"{name}.{ODD}", city="a\nb\n\nc")],
            [Bad(line + 4, "invalid_value", "updated_at", "soon")],
        ),
    )
    name = "csv_long_lone_cr"
    odd(
        name,
        f"@{ODD},a,{AT}\r{name}.x,b,",
        loaded(
            [*others(name), member(f"{name}.{ODD}", city="a")],
            [Bad(line + 1, "missing_required", "updated_at")],
        ),
        note="any line end, also where the others are LF",
    )
    name = "csv_long_crlf_among_lf"
    odd(
        name,
        f"@{ODD},a,\r",
        without(name, Bad(line, "missing_required", "updated_at")),
    )
    name = "csv_long_blank_line_before_a_bad_row"
    odd(
        name,
        f"\n@{ODD},a,soon".replace("@", f"{name}."),
        without(name, Bad(line + 1, "invalid_value", "updated_at", "soon")),
    )
    name = "csv_long_nul"
    odd(name, f"@{ODD}\x00,a,{AT}", without(name, Bad(line, "malformed_row|invalid_value")))
    name = "csv_long_spaces_inside_quotes"
    odd(name, f'@{ODD},"  a  ", {AT} ', with_row(name, city="a", updated_at=AT_UTC))
    name = "csv_long_byte_order_mark_in_text"
    odd(name, f"@{ODD},a\ufeffb,{AT}", with_row(name, city=one_of("a\ufeffb", "ab")))
    name = "csv_long_quoted_empty_and_quotes"
    odd(name, f'@{ODD},"""",{AT}', with_row(name, city='"'))
    name = "csv_long_field_over_1_mib"
    odd(
        name,
        f"@{ODD},{'x' * (MIB + 1)},{AT}",
        without(name, Bad(line, "limit_exceeded")),
    )
    name = "csv_long_header_again"
    odd(
        name,
        HEADER,
        without(name, Bad(line, "invalid_value", "updated_at", "updated_at")),
        note="two files joined into one: the second header is a row with a bad time",
    )
    name = "csv_long_null_word_and_numbers"
    odd(name, f"@{ODD},NULL,{AT}", with_row(name, city="NULL"))
    return found


CASES = [
    *line_end_cases(),
    *quote_cases(),
    *field_count_cases(),
    *header_cases(),
    *encoding_cases(),
    *size_cases(),
    *row_cases(),
    *long_cases(),
]
