"""Hostile files: names, places, links, special files, gzip, bombs, wrong extensions."""

from __future__ import annotations

import gzip
import io
import os
import socket
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .harness import (
    AT,
    Bad,
    Case,
    Outcome,
    case,
    csv_bytes,
    ignored,
    jsonl_bytes,
    loaded,
    parquet_bytes,
    records,
    refused,
    silent,
)

MEMBERS = "crm.members"
FOLDER = "crm/members"


def good_csv(name: str, **values: Any) -> bytes:
    return csv_bytes(records(name, MEMBERS, values, values))


def good_jsonl(name: str) -> bytes:
    return jsonl_bytes(records(name, MEMBERS, {}, {}))


def good_parquet(name: str) -> bytes:
    return parquet_bytes(records(name, MEMBERS, {}, {}))


def both(name: str, **values: Any) -> Outcome:
    return loaded([{"member_no": f"{name}.{n}", **values} for n in (1, 2)])


def members(
    name: str,
    path: str,
    content: bytes | Callable[[Path], None],
    *outcomes: Outcome,
    note: str = "",
    extra: Callable[[Path], None] | None = None,
) -> Case:
    return case(name, MEMBERS, content, *outcomes, path=path, note=note, extra=extra)


def anything(*rows: dict[str, Any]) -> Outcome:
    """Whatever the log says (its path cannot be written as text), these rows are in the lake."""
    return Outcome("any", rows=rows, optional=None)


# --- names ---------------------------------------------------------------------------------------


def name_cases() -> list[Case]:
    found = []
    loads = {
        "file_upper_csv": "file_upper_csv.CSV",
        "file_mixed_csv": "file_mixed_csv.Csv",
        "file_spaces": "my  file (1).csv",
        "file_chinese": "会员 导出.csv",
        "file_emoji": "😀.csv",
        "file_quote": "it's.csv",
        "file_double_quote": 'a"b.csv',
        "file_semicolon": "a;b.csv",
        "file_star": "a*.csv",
        "file_question_mark": "a?.csv",
        "file_brackets": "[abc].csv",
        "file_braces": "{a,b}.csv",
        "file_double_star": "**.csv",
        "file_percent": "%2e%2e%2f.csv",
        "file_dollar": "$HOME.csv",
        "file_newline": "a\nb.csv",
        "file_dash": "-rf.csv",
        "file_backslash": "a\\..\\..\\x.csv",
        "file_tilde": "~root.csv",
        "file_hash": "a#b.csv",
        "file_equals": "a=b.csv",
        "file_trailing_space_stem": "x .csv",
        "file_many_dots": "a..b...csv",
        "file_two_extensions": "x.parquet.csv",
        "file_tmp_in_the_middle": "x.tmp.csv",
        "file_sql": "x'); drop table load_log; --.csv",
        "file_right_to_left": "\u202evsc.x.csv",
        "file_url": "http:__x.csv",
        "file_250_characters": "n" * 246 + ".csv",
    }
    for name, file in loads.items():
        found.append(members(name, f"{FOLDER}/{file}", good_csv(name), both(name)))
    name = "file_upper_jsonl"
    found.append(members(name, f"{FOLDER}/{name}.JSONL", good_jsonl(name), both(name)))
    name = "file_upper_parquet"
    found.append(members(name, f"{FOLDER}/{name}.PARQUET", good_parquet(name), both(name)))
    name = "file_name_of_bad_bytes"
    rows = [{"member_no": f"{name}.{n}"} for n in (1, 2)]
    found.append(
        members(
            name,
            f"{FOLDER}/bad \udcff\udcfe.csv",
            good_csv(name),
            anything(*rows),
            anything(),
            note="a name that is not text: read or left alone, but the load goes on",
        )
    )
    found.append(
        members(
            "file_bad_bytes_and_unknown_extension",
            f"{FOLDER}/bad \udcff.xls",
            b"x",
            anything(),
        )
    )
    quiet = {
        "hidden_file": f"{FOLDER}/.hidden_file.csv",
        "hidden_underscore": f"{FOLDER}/_hidden.csv",
        "hidden_only_extension": f"{FOLDER}/.csv",
        "hidden_success": f"{FOLDER}/_SUCCESS",
        "hidden_committed": f"{FOLDER}/_committed_123.parquet",
        "hidden_tmp": f"{FOLDER}/hidden.csv.tmp",
        "hidden_tmp_upper": f"{FOLDER}/hidden2.csv.TMP",
        "hidden_crc": f"{FOLDER}/.part.csv.crc",
        "hidden_crc_visible": f"{FOLDER}/part.csv.crc",
        "hidden_ds_store": f"{FOLDER}/.DS_Store",
        "hidden_folder": f"{FOLDER}/.trash/hidden_folder.csv",
        "hidden_temporary_folder": f"{FOLDER}/_temporary/0/part.csv",
        "hidden_system": ".crm/members/x.csv",
        "hidden_at_the_root": ".hidden.csv",
    }
    for name, path in quiet.items():
        found.append(members(name, path, good_csv(name), silent()))
    reported = {
        "extension_txt": "txt",
        "extension_tsv": "tsv",
        "extension_json": "json",
        "extension_xlsx": "xlsx",
        "extension_zip": "csv.zip",
        "extension_bz2": "csv.bz2",
        "extension_zst": "csv.zst",
        "extension_gz_alone": "gz",
        "extension_bak": "csv.bak",
        "extension_tilde": "csv~",
        "extension_dot": "csv.",
        "extension_partial": "csv.part",
        "extension_crdownload": "csv.crdownload",
        "extension_yml": "yml",
        "extension_csvx": "csvx",
    }
    for name, extension in reported.items():
        path = f"{FOLDER}/{name}.{extension}"
        found.append(members(name, path, good_csv(name), ignored()))
    name = "extension_ndjson"
    path = f"{FOLDER}/{name}.ndjson"
    found.append(
        members(
            name,
            path,
            good_jsonl(name),
            ignored(),
            both(name),
            note="another name of JSON lines; the contract does not list it",
        )
    )
    name = "extension_none"
    found.append(members(name, f"{FOLDER}/csv", good_csv(name), ignored()))
    name = "extension_space_after"
    found.append(members(name, f"{FOLDER}/{name}.csv ", good_csv(name), ignored(), both(name)))
    name = "extension_gz_twice"
    content = gzip.compress(gzip.compress(good_csv(name)))
    found.append(
        members(
            name,
            f"{FOLDER}/{name}.csv.gz.gz",
            content,
            ignored(),
            refused("not_utf8|unreadable_file"),
        )
    )
    return found


# --- places --------------------------------------------------------------------------------------


def place_cases() -> list[Case]:
    found = []
    reported = {
        "place_root": "place_root.csv",
        "place_system_folder": "crm/place_system_folder.csv",
        "place_unknown_system": "erp/orders/place_unknown_system.csv",
        "place_unknown_table": "crm/customers/place_unknown_table.csv",
        "place_table_of_another_system": "crm/orders/place_other.csv",
        "place_load_log": "rekindle/load_log/place_load_log.csv",
        "place_quarantine": "rekindle/quarantine/place_quarantine.parquet",
        "place_injection": "crm/members; drop table x/place.csv",
    }
    for name, path in reported.items():
        found.append(members(name, path, good_csv(name), ignored()))
    name = "place_case_of_folders"
    found.append(
        members(
            name,
            f"CRM/Members/{name}.csv",
            good_csv(name),
            ignored("write crm"),
            both(name),
            note="extensions go in any case; of folders nothing is said",
        )
    )
    name = "place_plural_forgotten"
    path = f"crm/member/{name}.csv"
    found.append(members(name, path, good_csv(name), ignored("write members")))
    name = "place_deep"
    deep = "/".join(f"d{n}" for n in range(40))
    found.append(members(name, f"{FOLDER}/{deep}/{name}.csv", good_csv(name), both(name)))
    name = "hive_date"
    found.append(members(name, f"{FOLDER}/dt=2025-03-01/x.csv", good_csv(name), both(name)))
    name = "hive_year_month"
    path = f"{FOLDER}/year=2025/month=03/x.jsonl"
    found.append(members(name, path, good_jsonl(name), both(name)))
    name = "hive_default_partition"
    path = f"{FOLDER}/dt=__HIVE_DEFAULT_PARTITION__/x.parquet"
    found.append(members(name, path, good_parquet(name), both(name)))
    for form, content in (("csv", good_csv), ("jsonl", good_jsonl), ("parquet", good_parquet)):
        name = f"hive_does_not_supply_{form}"
        path = f"{FOLDER}/city=Paris/supply.{form}"
        found.append(
            members(
                name,
                path,
                content(name),
                loaded(
                    [{"member_no": f"{name}.{n}", "city": None} for n in (1, 2)], unknown_columns=()
                ),
            )
        )
    name = "hive_does_not_overwrite_csv"
    path = f"{FOLDER}/city=Paris/overwrite.csv"
    found.append(members(name, path, good_csv(name, city="Jinan"), both(name, city="Jinan")))
    name = "hive_does_not_overwrite_parquet"
    path = f"{FOLDER}/city=Paris/member_no=ZZZ/overwrite.parquet"
    text = parquet_bytes(records(name, MEMBERS, {"city": "Jinan"}, {"city": "Jinan"}))
    found.append(members(name, path, text, both(name, city="Jinan")))
    name = "hive_does_not_fill_required_csv"
    path = f"{FOLDER}/updated_at=2025-03-01T10:00:00Z/required.csv"
    text = f"member_no\n{name}.1\n".encode()
    found.append(members(name, path, text, refused("missing_column", "updated_at")))
    name = "hive_does_not_fill_required_parquet"
    path = f"{FOLDER}/member_no={name}.1/required.parquet"
    text = parquet_bytes([{"updated_at": AT}])
    found.append(members(name, path, text, refused("missing_column", "member_no")))
    name = "hive_bad_date_folder"
    path = f"{FOLDER}/dt=2025-02-30/birthday=never/x.csv"
    found.append(members(name, path, good_csv(name), both(name)))
    return found


# --- links and special files ---------------------------------------------------------------------


def root_of(target: Path, path: str) -> Path:
    """The landing folder of a case's target."""
    return target.parents[len(Path(path).parts) - 1]


def link(path: str, to: str, content: bytes | None = None) -> Callable[[Path], None]:
    """A symlink at `path` to `to` (relative to the landing folder), where `content` is put."""

    def make(target: Path) -> None:
        goal = root_of(target, path) / to
        if content is not None:
            goal.parent.mkdir(parents=True, exist_ok=True)
            goal.write_bytes(content)
        target.symlink_to(goal)

    return make


def fifo(target: Path) -> None:
    os.mkfifo(target)


def unix_socket(target: Path) -> None:
    here = Path.cwd()
    os.chdir(target.parent)  # a socket's path may be only 107 bytes long
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(target.name)
    finally:
        os.chdir(here)


def empty_folder(target: Path) -> None:
    target.mkdir()


def hard_link(target: Path) -> None:
    original = target.with_name(".original_of_hard_link")
    original.write_bytes(good_csv("special_hard_link"))
    target.hardlink_to(original)


def link_cases() -> list[Case]:
    found = []

    def linked(
        name: str, path: str, to: str, content: bytes | None, *outcomes: Outcome, note: str = ""
    ) -> None:
        found.append(members(name, path, link(path, to, content), *outcomes, note=note))

    name = "link_outside"
    linked(name, f"{FOLDER}/{name}.csv", "../outside/a.csv", good_csv(name), silent())
    name = "link_to_etc_passwd"
    linked(name, f"{FOLDER}/{name}.csv", "/etc/passwd", None, silent())
    name = "link_to_dev_zero"
    linked(name, f"{FOLDER}/{name}.csv", "/dev/zero", None, silent())
    name = "link_broken"
    linked(name, f"{FOLDER}/{name}.csv", "nowhere/at/all.csv", None, silent())
    name = "link_inside"
    linked(
        name,
        f"{FOLDER}/{name}.csv",
        f"{FOLDER}/.store/link_inside.csv",
        good_csv(name),
        both(name),
        silent(),
        note="it stays within the landing folder, though its goal is hidden there",
    )
    name = "link_folder_outside"
    path = f"{FOLDER}/{name}/a.csv"

    def folder_outside(target: Path) -> None:
        goal = root_of(target, f"{FOLDER}/link_folder_outside/a.csv").parent / "outside_folder"
        goal.mkdir()
        (goal / "a.csv").write_bytes(good_csv("link_folder_outside"))
        target.parent.rmdir()
        target.parent.symlink_to(goal)

    found.append(members(name, path, folder_outside, silent()))
    name = "link_table_outside"
    path = "crm/consents/a.csv"

    def table_outside(target: Path) -> None:
        goal = root_of(target, "crm/consents/a.csv").parent / "outside_table"
        goal.mkdir()
        (goal / "a.csv").write_bytes(
            csv_bytes(records("link_table_outside", "crm.consents", {}, {}))
        )
        target.parent.rmdir()
        target.parent.symlink_to(goal)

    found.append(case(name, "crm.consents", table_outside, silent(), path=path))
    name = "link_chain_outside"
    path = f"{FOLDER}/{name}.csv"

    def chain(target: Path) -> None:
        goal = root_of(target, f"{FOLDER}/link_chain_outside.csv").parent / "outside_chain.csv"
        goal.write_bytes(good_csv("link_chain_outside"))
        middle = target.with_name(".middle")
        middle.symlink_to(goal)
        target.symlink_to(middle)

    found.append(members(name, path, chain, silent()))
    name = "link_to_itself"
    path = f"{FOLDER}/{name}.csv"
    found.append(members(name, path, lambda target: target.symlink_to(target), silent()))
    name = "link_folder_loop"
    path = f"{FOLDER}/loop/{name}.csv"

    def loop(target: Path) -> None:
        target.write_bytes(good_csv("link_folder_loop"))
        (target.parent / "again").symlink_to(target.parent.parent)

    found.append(
        members(
            name,
            path,
            loop,
            both(name),
            note="a folder that holds a link to its own parent: read once, and it ends",
        )
    )
    name = "special_fifo"
    found.append(
        members(name, f"{FOLDER}/{name}.csv", fifo, silent(), note="opening it would wait forever")
    )
    name = "special_socket"
    found.append(members(name, f"{FOLDER}/{name}.csv", unix_socket, silent()))
    name = "special_empty_folder"
    found.append(members(name, f"{FOLDER}/{name}.csv", empty_folder, silent()))
    name = "special_folder_named_csv"
    path = f"{FOLDER}/{name}.csv/part-0.csv"
    found.append(members(name, path, good_csv(name), both(name), note="as Spark writes it"))
    name = "special_folder_named_parquet"
    path = f"{FOLDER}/{name}.parquet/part-0.parquet"
    found.append(members(name, path, good_parquet(name), both(name)))
    name = "special_hard_link"
    found.append(members(name, f"{FOLDER}/{name}.csv", hard_link, both(name)))
    return found


# --- gzip ----------------------------------------------------------------------------------------


def named_member(content: bytes, file: str) -> bytes:
    """A gzip member that carries a file name."""
    out = io.BytesIO()
    with gzip.GzipFile(filename=file, mode="wb", fileobj=out) as zipped:
        zipped.write(content)
    return out.getvalue()


def compressed_zeros(prefix: bytes, filler: bytes, size: int) -> bytes:
    """A gzip file of `prefix` and `size` bytes of repeated filler, made without holding it."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    chunk = filler * (1_000_000 // len(filler))
    found = [packer.compress(prefix)]
    found += [packer.compress(chunk) for _ in range(size // len(chunk))]
    found.append(packer.flush())
    return b"".join(found)


def gzip_cases() -> list[Case]:
    found = []

    def zipped(
        name: str, content: bytes, *outcomes: Outcome, ext: str = "csv.gz", note: str = ""
    ) -> None:
        found.append(members(name, f"{FOLDER}/{name}.{ext}", content, *outcomes, note=note))

    unreadable = "unreadable_file"
    name = "gzip_csv"
    zipped(name, gzip.compress(good_csv(name)), both(name))
    name = "gzip_csv_upper"
    zipped(name, gzip.compress(good_csv(name)), both(name), ext="CSV.GZ")
    name = "gzip_jsonl"
    zipped(name, gzip.compress(good_jsonl(name)), both(name), ext="jsonl.gz")
    name = "gzip_parquet"
    zipped(name, gzip.compress(good_parquet(name)), both(name), ext="parquet.gz")
    name = "gzip_bom_crlf"
    content = b"\xef\xbb\xbf" + good_csv(name).replace(b"\n", b"\r\n")
    zipped(name, gzip.compress(content), both(name))
    name = "gzip_line_numbers"
    rows = records(name, MEMBERS, {"city": "a\nb"}, {"updated_at": ""}, {})
    zipped(
        name,
        gzip.compress(csv_bytes(rows)),
        loaded(
            [{"member_no": f"{name}.1"}, {"member_no": f"{name}.3"}],
            [Bad(4, "missing_required", "updated_at")],
        ),
        note="lines of the text, not of the packed bytes",
    )
    name = "gzip_with_file_name"
    zipped(name, named_member(good_csv(name), "../../../etc/cron.d/x"), both(name))
    name = "gzip_members"
    lines = good_csv(name).splitlines(keepends=True)
    zipped(name, gzip.compress(lines[0] + lines[1]) + gzip.compress(lines[2]), both(name))
    name = "gzip_empty_member_between"
    lines = good_csv(name).splitlines(keepends=True)
    members_of = [gzip.compress(lines[0] + lines[1]), gzip.compress(b""), gzip.compress(lines[2])]
    zipped(name, b"".join(members_of), both(name))

    long_csv = csv_bytes(
        records("gzip_truncated", MEMBERS, *({"city": str(n)} for n in range(4000)))
    )
    for name, cut in (
        ("gzip_truncated", 0.5),
        ("gzip_truncated_early", 0.01),
        ("gzip_truncated_late", 0.99),
    ):
        packed = gzip.compress(long_csv.replace(b"gzip_truncated", name.encode()))
        zipped(name, packed[: int(len(packed) * cut)], refused(unreadable))
    name = "gzip_without_its_trailer"
    zipped(name, gzip.compress(good_csv(name))[:-8], refused(unreadable))
    name = "gzip_without_its_last_byte"
    zipped(name, gzip.compress(good_csv(name))[:-1], refused(unreadable))
    name = "gzip_only_the_header"
    zipped(name, gzip.compress(good_csv(name))[:10], refused(unreadable))
    name = "gzip_second_member_truncated"
    packed = gzip.compress(good_csv(name)) + gzip.compress(long_csv)[:-20]
    zipped(name, packed, refused(unreadable))
    name = "gzip_bad_checksum"
    damaged = bytearray(gzip.compress(good_csv(name)))
    damaged[-6] ^= 0xFF
    zipped(name, bytes(damaged), refused(unreadable))
    name = "gzip_bad_length"
    damaged = bytearray(gzip.compress(good_csv(name)))
    damaged[-2] ^= 0xFF
    zipped(name, bytes(damaged), refused(unreadable))
    name = "gzip_damaged_in_the_middle"
    damaged = bytearray(gzip.compress(long_csv.replace(b"gzip_truncated", name.encode())))
    for position in range(len(damaged) // 2, len(damaged) // 2 + 40):
        damaged[position] ^= 0x55
    zipped(name, bytes(damaged), refused(unreadable))
    name = "gzip_trailing_garbage"
    zipped(
        name,
        gzip.compress(good_csv(name)) + b"garbage after the end",
        refused(unreadable),
        both(name),
        note="refused, or what stands before it; never the garbage",
    )
    name = "gzip_trailing_zeros"
    zipped(name, gzip.compress(good_csv(name)) + b"\x00" * 512, both(name), refused(unreadable))
    name = "gzip_zero_bytes"
    zipped(name, b"", refused(unreadable))
    name = "gzip_of_nothing"
    zipped(name, gzip.compress(b""), refused("unreadable_file|missing_column"))
    name = "gzip_name_on_plain_csv"
    zipped(name, good_csv(name), refused(unreadable))
    name = "gzip_name_on_plain_parquet"
    zipped(name, good_parquet(name), refused(unreadable), ext="parquet.gz")
    name = "gzip_content_without_its_name"
    zipped(
        name,
        gzip.compress(good_csv(name)),
        refused("not_utf8|unreadable_file|missing_column"),
        ext="csv",
    )
    name = "gzip_twice"
    zipped(
        name,
        gzip.compress(gzip.compress(good_csv(name))),
        refused("not_utf8|unreadable_file|missing_column"),
    )
    name = "gzip_of_truncated_parquet"
    zipped(name, gzip.compress(good_parquet(name)[:-9]), refused(unreadable), ext="parquet.gz")
    name = "gzip_of_gbk"
    content = f"member_no,city,updated_at\n{name}.1,西山,{AT}\n".encode("gbk")
    zipped(name, gzip.compress(content), refused("not_utf8"))

    row = f"bomb.1,,{AT}\n".encode()
    header = b"member_no,city,updated_at\n"
    name = "bomb_gzip_csv_rows"
    zipped(
        name,
        compressed_zeros(header, row.replace(b"bomb", name.encode()), 24_000_000),
        refused("limit_exceeded"),
        note="24 MB of one row, over 200-fold compressed",
    )
    name = "bomb_gzip_zeros"
    zipped(name, compressed_zeros(header, b"\x00", 24_000_000), refused("limit_exceeded"))
    name = "bomb_gzip_newlines"
    zipped(
        name,
        compressed_zeros(b"", b"\n", 24_000_000),
        refused("limit_exceeded"),
        ext="jsonl.gz",
    )
    name = "bomb_gzip_members"
    member = compressed_zeros(b"", b"\n", 8_000_000)
    zipped(
        name,
        gzip.compress(header) + member * 3,
        refused("limit_exceeded"),
        note="each member is small, their sum is not",
    )
    name = "bomb_gzip_of_gzip"
    inner = compressed_zeros(header, b"\x00", 24_000_000)
    zipped(
        name,
        gzip.compress(inner),
        refused("not_utf8|unreadable_file|missing_column|limit_exceeded"),
    )
    name = "bomb_gzip_length_field_lies"
    damaged = bytearray(compressed_zeros(header, b"\x00", 24_000_000))
    damaged[-4:] = b"\x10\x00\x00\x00"
    zipped(
        name,
        bytes(damaged),
        refused("limit_exceeded|unreadable_file"),
        note="the trailer claims 16 bytes",
    )
    name = "gzip_small_and_dense"
    text = csv_bytes(records(name, MEMBERS, {"city": "x" * 900_000}, {}))
    zipped(
        name,
        gzip.compress(text, 9),
        loaded([{"member_no": f"{name}.{n}"} for n in (1, 2)]),
        note="over 200-fold, but under a mebibyte: no bomb",
    )
    name = "gzip_honest_and_dense"
    rows = records(name, MEMBERS, *({"city": f"city {n % 7}"} for n in range(40_000)))
    zipped(
        name,
        gzip.compress(csv_bytes(rows), 6),
        loaded([{"member_no": f"{name}.{n}"} for n in range(1, 40_001)]),
    )
    return found


# --- one kind of file under the name of another --------------------------------------------------


def disguise_cases() -> list[Case]:
    found = []

    def disguised(name: str, ext: str, content: bytes, *outcomes: Outcome, note: str = "") -> None:
        found.append(members(name, f"{FOLDER}/{name}.{ext}", content, *outcomes, note=note))

    any_text = "not_utf8|missing_column|unreadable_file"
    name = "disguised_csv_as_parquet"
    disguised(name, "parquet", good_csv(name), refused("unreadable_file"))
    name = "disguised_jsonl_as_parquet"
    disguised(name, "parquet", good_jsonl(name), refused("unreadable_file"))
    name = "disguised_parquet_as_csv"
    disguised(name, "csv", good_parquet(name), refused(any_text))
    name = "disguised_parquet_as_jsonl"
    whole = good_parquet(name)
    disguised(
        name,
        "jsonl",
        whole,
        refused(any_text),
        loaded((), [Bad(n, "malformed_row") for n in range(1, whole.count(b"\n") + 2)]),
    )
    name = "disguised_jsonl_as_csv"
    disguised(
        name, "csv", good_jsonl(name), refused("missing_column|duplicate_header|unreadable_file")
    )
    name = "disguised_csv_as_jsonl"
    disguised(
        name,
        "jsonl",
        good_csv(name),
        loaded((), [Bad(n, "malformed_row") for n in (1, 2, 3)]),
        refused("unreadable_file|missing_column"),
    )
    name = "disguised_xlsx_as_csv"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        archive.writestr("[Content_Types].xml", bytes(range(256)))
    disguised(name, "csv", out.getvalue(), refused(any_text))
    name = "disguised_zip_as_gzip"
    disguised(name, "csv.gz", out.getvalue(), refused("unreadable_file|not_utf8"))
    name = "disguised_arrow_as_parquet"
    sink = io.BytesIO()
    arrow = pa.table({"member_no": [f"{name}.1"], "updated_at": [AT]})
    with pa.ipc.new_file(sink, arrow.schema) as writer:
        writer.write_table(arrow)
    disguised(name, "parquet", sink.getvalue(), refused("unreadable_file"))
    name = "disguised_random_bytes"
    noise = bytes((n * 7919 + n // 3) % 256 for n in range(5000))
    disguised(name, "csv", noise, refused(any_text))
    name = "disguised_parquet_with_csv_inside"
    out = io.BytesIO()
    rows = pa.table({"member_no": [f"{name}.1,x"], "updated_at": [AT]})
    pq.write_table(rows, out)
    found.append(
        members(
            name,
            f"{FOLDER}/{name}.csv.parquet",
            out.getvalue(),
            loaded([{"member_no": f"{name}.1,x"}]),
            note="the last extension counts",
        )
    )
    return found


CASES = [
    *name_cases(),
    *place_cases(),
    *link_cases(),
    *gzip_cases(),
    *disguise_cases(),
]
