"""How a hostile case is described, delivered, and compared with what the load left behind.

A case is one file (its bytes made in code) and the outcomes that are right for it. Cases of a
group share one landing folder and one load, so each row carries its case's name in a text column
(`<case name>.<n>`), by which the case finds its own rows in the lake again.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

NOW = datetime(2025, 6, 30, 12, tzinfo=UTC)
TOKEN_KEY = b"a key of the hostile tests only"
AT = "2025-03-01T10:00:00Z"
AT_UTC = datetime.fromisoformat("2025-03-01T10:00:00")

ROW_CODES = frozenset(
    {
        "missing_required",
        "invalid_value",
        "out_of_range",
        "naive_timestamp",
        "unknown_code",
        "future",
        "malformed_row",
        "limit_exceeded",
    }
)
FILE_CODES = frozenset(
    {
        "unreadable_file",
        "missing_column",
        "duplicate_header",
        "not_utf8",
        "limit_exceeded",
        "naive_timestamp",
    }
)
ALL_CODES = ROW_CODES | FILE_CODES | {"optional_value"}

BASE: dict[str, dict[str, Any]] = {
    "crm.members": {"member_no": "", "updated_at": AT},
    "crm.staff": {"staff_id": "", "updated_at": AT},
    "crm.member_attributes": {
        "member_no": "",
        "attribute_code": "skin_type",
        "value": "dry",
        "source": "till",
        "recorded_at": AT,
    },
    "crm.consents": {
        "member_no": "",
        "purpose": "marketing",
        "channel": "sms",
        "granted": "true",
        "changed_at": AT,
    },
    "mini_program.users": {"openid": "", "created_at": AT, "updated_at": AT},
    "mini_program.events": {
        "event_id": "",
        "openid": "o1",
        "event_type": "view",
        "occurred_at": AT,
    },
    "app.users": {"app_user_id": "", "created_at": AT, "updated_at": AT},
    "app.events": {
        "event_id": "",
        "app_user_id": "a1",
        "event_type": "view",
        "occurred_at": AT,
    },
    "website.users": {"web_user_id": "", "created_at": AT, "updated_at": AT},
    "marketplace.buyers": {
        "buyer_id": "",
        "platform": "tmall",
        "created_at": AT,
        "updated_at": AT,
    },
    "commerce.orders": {
        "order_id": "",
        "order_channel": "pos",
        "buyer_key_type": "member_no",
        "buyer_key": "M1",
        "status": "completed",
        "ordered_at": AT,
        "gross_amount": "10.00",
        "discount_amount": "0",
        "net_amount": "10.00",
        "updated_at": AT,
    },
    "commerce.order_lines": {
        "order_id": "",
        "line_no": "1",
        "product_id": "P1",
        "quantity": "1",
        "unit_price": "10.00",
        "net_amount": "10.00",
    },
    "commerce.refunds": {
        "refund_id": "",
        "order_id": "no such order",
        "refund_amount": "1.00",
        "refunded_at": AT,
    },
    "commerce.carts": {
        "cart_event_id": "",
        "buyer_key_type": "member_no",
        "buyer_key": "M1",
        "product_id": "P1",
        "action": "add",
        "unit_price": "10.00",
        "occurred_at": AT,
    },
    "catalog.products": {
        "product_id": "",
        "product_name": "cream",
        "category_id": "C1",
        "list_price": "10.00",
        "is_active": "true",
        "updated_at": AT,
    },
    "catalog.categories": {"category_id": "", "category_name": "skin care"},
    "catalog.stores": {"store_id": "", "store_name": "shop"},
    "catalog.price_changes": {"product_id": "", "price": "9.00", "valid_from": AT},
    "catalog.stock_levels": {"product_id": "", "quantity": "3", "observed_at": AT},
    "catalog.favourites": {
        "product_id": "",
        "buyer_key_type": "member_no",
        "buyer_key": "M1",
        "action": "add",
        "occurred_at": AT,
    },
    "loyalty.points_transactions": {
        "transaction_id": "",
        "member_no": "M1",
        "points": "10",
        "reason": "purchase",
        "occurred_at": AT,
    },
    "loyalty.tasks": {"task_id": "", "task_name": "t", "task_type": "daily", "points": "5"},
    "loyalty.tier_grants": {
        "grant_id": "",
        "member_no": "M1",
        "tier_code": "gold",
        "reason": "vip",
        "granted_at": AT,
    },
    "loyalty.activities": {
        "activity_id": "",
        "name": "yoga",
        "kind": "offline",
        "starts_at": AT,
        "ends_at": AT,
    },
    "coupons.coupons": {
        "coupon_code": "",
        "template_id": "T1",
        "member_no": "M1",
        "issued_at": AT,
        "expires_at": "2025-04-01T00:00:00Z",
    },
    "campaigns.campaigns": {
        "campaign_id": "",
        "campaign_name": "spring",
        "objective": "recall",
        "channel": "sms",
        "offer_kind": "discount",
        "starts_at": AT,
        "ends_at": AT,
        "updated_at": AT,
    },
    "campaigns.sends": {
        "send_id": "",
        "campaign_id": "K1",
        "member_no": "M1",
        "channel": "sms",
        "sent_at": AT,
        "status": "sent",
    },
    "campaigns.ad_spend": {
        "campaign_id": "",
        "spend_date": "2025-03-01",
        "channel": "search",
        "amount": "100",
    },
    "wecom.contacts": {"external_userid": "", "staff_id": "S1", "added_at": AT},
    "wecom.groups": {
        "group_id": "",
        "group_name": "g",
        "kind": "vip",
        "created_at": AT,
    },
    "community.posts": {
        "post_id": "",
        "member_no": "M1",
        "kind": "review",
        "posted_at": AT,
    },
    "service.tickets": {"ticket_id": "", "kind": "question", "opened_at": AT},
    "service.surveys": {
        "response_id": "",
        "member_no": "M1",
        "survey_kind": "nps",
        "score": "9",
        "responded_at": AT,
    },
}


def tag_column(table: str) -> str:
    """The text column that carries the case's name: the table's (only) empty base value."""
    return next(name for name, value in BASE[table].items() if value == "")


@dataclass(frozen=True)
class Bad:
    """A row that must be in the quarantine: its line, code (`a|b` = either), column, raw text."""

    line: int | None
    code: str
    column: str | None = None
    raw: str | None = None


@dataclass(frozen=True)
class OneOf:
    """A lake value for which more than one reading is right."""

    values: tuple[Any, ...]

    def __eq__(self, other: object) -> bool:
        return any(other == value for value in self.values)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.values)


def one_of(*values: Any) -> OneOf:
    return OneOf(values)


@dataclass(frozen=True)
class Outcome:
    """What one file must leave behind. `None` in a count: the specification does not fix it."""

    status: str
    code: str = ""
    rows: tuple[Mapping[str, Any], ...] = ()
    bad: tuple[Bad, ...] = ()
    optional: tuple[Bad, ...] | None = ()
    unchanged: int = 0
    money_rounded: int | None = None
    unknown_codes: int | None = None
    unknown_columns: tuple[str, ...] | None = None
    says: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One hostile file. `make` is its bytes, or a function that puts something at its path."""

    name: str
    table: str
    path: str
    make: bytes | Callable[[Path], None]
    outcomes: tuple[Outcome, ...]
    tag: str = ""
    note: str = ""
    extra: Callable[[Path], None] | None = field(default=None, compare=False)

    @property
    def system_and_table(self) -> tuple[str, str]:
        system, _, table = self.table.partition(".")
        return system, table

    @property
    def prefix(self) -> str:
        return f"{self.name}."


def loaded(
    rows: Iterable[Mapping[str, Any]] = (),
    bad: Iterable[Bad] = (),
    optional: Iterable[Bad] | None = (),
    **log: Any,
) -> Outcome:
    return Outcome(
        "loaded",
        rows=tuple(rows),
        bad=tuple(bad),
        optional=None if optional is None else tuple(optional),
        **log,
    )


def refused(code: str, *says: str) -> Outcome:
    return Outcome("refused", code=code, says=says, optional=None)


def ignored(*says: str) -> Outcome:
    """Ignored and reported: a log row that says so."""
    return Outcome("ignored", says=says)


def silent() -> Outcome:
    """Nothing of it is read; a log row is not needed, and if there is one it says `ignored`."""
    return Outcome("silent")


def case(
    name: str,
    table: str,
    make: bytes | Callable[[Path], None],
    *outcomes: Outcome,
    ext: str = "csv",
    path: str | None = None,
    tag: str | None = None,
    note: str = "",
    extra: Callable[[Path], None] | None = None,
) -> Case:
    if path is None:
        path = f"{table.replace('.', '/')}/{name}.{ext}"
    if tag is None:
        tag = tag_column(table)
    return Case(name, table, path, make, outcomes, tag, note, extra)


# --- writing files -------------------------------------------------------------------------------


def record(table: str, tag_value: Any, **values: Any) -> dict[str, Any]:
    """A good record of `table` with some values replaced."""
    row = dict(BASE[table])
    row[tag_column(table)] = tag_value
    row.update(values)
    return row


def records(name: str, table: str, *overrides: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Good records `<name>.1` … with the given values in each."""
    return [record(table, f"{name}.{n}", **over) for n, over in enumerate(overrides, start=1)]


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row))


def csv_bytes(
    rows: Sequence[Mapping[str, Any]],
    *,
    columns: Sequence[str] | None = None,
    newline: str = "\n",
    delimiter: str = ",",
    encoding: str = "utf-8",
) -> bytes:
    out = io.StringIO(newline="")
    names = list(columns) if columns is not None else columns_of(rows)
    writer = csv.writer(out, lineterminator=newline, delimiter=delimiter)
    writer.writerow(names)
    for row in rows:
        writer.writerow(["" if row.get(c) is None else row.get(c, "") for c in names])
    return out.getvalue().encode(encoding)


def lines(*text: str, newline: str = "\n") -> bytes:
    """Physical lines, each ended by `newline`, in UTF-8."""
    return "".join(line + newline for line in text).encode()


def jsonl_bytes(rows: Sequence[Mapping[str, Any]], newline: str = "\n") -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + newline for row in rows).encode()


def parquet_bytes(
    rows: Sequence[Mapping[str, Any]] | pa.Table,
    types: Mapping[str, pa.DataType] | None = None,
    **options: Any,
) -> bytes:
    """Parquet of rows. Columns without a type: text."""
    if not isinstance(rows, pa.Table):
        names = columns_of(rows)
        arrays = [
            pa.array([row.get(c) for row in rows], (types or {}).get(c, pa.string())) for c in names
        ]
        rows = pa.table(arrays, names=names)
    out = io.BytesIO()
    pq.write_table(rows, out, **options)
    return out.getvalue()


# --- a value in a column, between two good rows --------------------------------------------------


@dataclass(frozen=True)
class Option:
    """One right answer for a probe: the row is kept with these lake values, or rejected."""

    values: Mapping[str, Any] | None = None
    code: str = ""
    column: str | None = None
    nulled: tuple[str, ...] = ()
    check_optional: bool = True
    log: Mapping[str, Any] = field(default_factory=dict)


def keep(values: Mapping[str, Any], **log: Any) -> Option:
    """The row is loaded with these lake values, and nothing is reported about its fields."""
    return Option(values=values, log=log)


def keep_quietly(values: Mapping[str, Any], **log: Any) -> Option:
    """As `keep`; whether the field is also listed as a nulled optional value is left open."""
    return Option(values=values, check_optional=False, log=log)


def nulled(*columns: str) -> Option:
    """The row is loaded; these optional columns are null, counted, and their raw text kept."""
    return Option(values={}, nulled=columns)


def reject(code: str, column: str | None = None) -> Option:
    """The row is quarantined."""
    return Option(code=code, column=column)


FIRST_LINE = {"csv": 2, "jsonl": 1, "parquet": 1}


def raw_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    return None


def probe(
    name: str,
    table: str,
    values: Mapping[str, Any],
    *options: Option,
    form: str = "csv",
    types: Mapping[str, pa.DataType] | None = None,
    tag: str | None = None,
    note: str = "",
) -> Case:
    """A file of three rows: good, with `values`, good. The outer two must always survive."""
    rows = records(name, table, {}, values, {})
    if form == "csv":
        content = csv_bytes(rows)
    elif form == "jsonl":
        content = jsonl_bytes(rows)
    else:
        content = parquet_bytes(rows, types)
    line = FIRST_LINE[form] + 1
    key = tag_column(table)
    good = [{key: f"{name}.1"}, {key: f"{name}.3"}]
    outcomes = []
    for option in options:
        if option.values is None:
            found = Bad(line, option.code, option.column)
            outcomes.append(loaded(good, [found], None))
            continue
        kept = {key: f"{name}.2", **option.values, **dict.fromkeys(option.nulled)}
        optional: list[Bad] | None = [
            Bad(line, "optional_value", c, raw_text(values.get(c))) for c in option.nulled
        ]
        if not option.check_optional:
            optional = None
        outcomes.append(loaded([*good, kept], (), optional, **option.log))
    return case(name, table, content, *outcomes, ext=form, tag=tag, note=note)


def money(text: str) -> Decimal:
    return Decimal(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


def token(kind: str, value: str) -> str:
    """The keyed token that an identifier of this kind and standardised value must get."""
    return hmac.new(TOKEN_KEY, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()[:32]


# --- what a load left behind ---------------------------------------------------------------------


def parts(folder: Path) -> list[str]:
    """Finished Parquet parts of a lake folder (names that start with a dot are unfinished)."""
    if not folder.is_dir():
        return []
    return sorted(str(p) for p in folder.glob("*.parquet") if not p.name.startswith("."))


def count_rows(folder: Path) -> int:
    return sum(pq.read_metadata(part).num_rows for part in parts(folder))


@cache
def _reader() -> duckdb.DuckDBPyConnection:
    """One for all, since a connection takes longer than what is read here."""
    reader = duckdb.connect()
    reader.execute("set timezone = 'UTC'")
    return reader


def read_rows(folder: Path) -> list[dict[str, Any]]:
    files = parts(folder)
    if not files:
        return []
    found = _reader().execute("select * from read_parquet(?, union_by_name = true)", [files])
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@dataclass(frozen=True)
class Result:
    """The lake after a load: log and quarantine by file, and the tables' rows on demand."""

    lake: Path
    log: Mapping[str, list[dict[str, Any]]]
    quarantine: Mapping[str, list[dict[str, Any]]]
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    by_case: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = field(default_factory=dict)

    def rows_of(self, one: Case) -> list[dict[str, Any]]:
        """The rows of a case's table that carry the name of the case in its tag."""
        key = (one.table, one.tag)
        if key not in self.by_case:
            index = self.by_case.setdefault(key, {})
            for row in self.rows(one.table):
                tag = row.get(one.tag)
                if isinstance(tag, str) and "." in tag:
                    index.setdefault(f"{tag.partition('.')[0]}.", []).append(row)
        return self.by_case[key].get(one.prefix, [])

    def rows(self, table: str) -> list[dict[str, Any]]:
        if table not in self.tables:
            self.tables[table] = read_rows(self.lake / "raw" / Path(*table.split(".")))
        return self.tables[table]

    @property
    def all_log(self) -> list[dict[str, Any]]:
        return [row for rows in self.log.values() for row in rows]

    @property
    def all_quarantine(self) -> list[dict[str, Any]]:
        return [row for rows in self.quarantine.values() for row in rows]


def read_result(lake: Path) -> Result:
    ops = lake / "raw" / "rekindle"
    log: dict[str, list[dict[str, Any]]] = {}
    quarantine: dict[str, list[dict[str, Any]]] = {}
    for row in read_rows(ops / "load_log"):
        log.setdefault(row["file_path"], []).append(row)
    for row in read_rows(ops / "quarantine"):
        quarantine.setdefault(row["file_path"], []).append(row)
    return Result(lake, log, quarantine)


def deliver(landing: Path, cases: Iterable[Case], brand: str | None = None) -> None:
    """Write the files of the cases (and brand.yml) into the landing folder."""
    landing.mkdir(parents=True, exist_ok=True)
    if brand is not None:
        (landing / "brand.yml").write_text(brand, encoding="utf-8")
    for one in cases:
        target = landing / one.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(one.make, bytes):
            target.write_bytes(one.make)
        else:
            one.make(target)
        if one.extra is not None:
            one.extra(landing)


# --- comparing -----------------------------------------------------------------------------------

INTERNALS = re.compile(
    r"Traceback|\b\w+(Error|Exception)\b|<class|object at 0x|\bDecimal\(|\bdatetime\.|"
    r"\b(pyarrow|polars|duckdb|numpy|pandas)\b|\bNoneType\b|\bnp\.|line \d+, in ",
    re.IGNORECASE,
)
ADVICE = re.compile(
    r"\b(add|ask|change|check|choose|complete|convert|correct|declare|deliver|drop|encode|export|"
    r"fill|fix|give|keep|leave|make|map|merge|name|put|raise|redeliver|re-deliver|remove|rename|"
    r"repair|repeat|replace|save|send|set|shorten|split|state|store|supply|unpack|use|write)\b",
    re.IGNORECASE,
)


def sentence_problems(text: object, what: str) -> list[str]:
    """Why a sentence is not one a supplier can act on."""
    if not isinstance(text, str) or len(text.strip()) < 20 or " " not in text:
        return [f"{what}: not a sentence: {text!r}"]
    found = []
    inside = INTERNALS.search(text)
    if inside:
        found.append(f"{what}: shows internals ({inside.group(0)!r}): {text!r}")
    if not ADVICE.search(text):
        found.append(f"{what}: does not say what to do: {text!r}")
    return found


def accounting_problems(row: Mapping[str, Any]) -> list[str]:
    counts = [row["rows_loaded"], row["rows_unchanged"], row["rows_quarantined"]]
    if None in counts or row["rows_read"] != sum(counts):
        return [f"{row['file_path']}: read {row['rows_read']} <> {counts}"]
    return []


def code_matches(expected: str, actual: object) -> bool:
    return actual in expected.split("|")


def raw_matches(raw: str | None, actual: object) -> bool:
    if raw is None:
        return True
    if not isinstance(actual, str):
        return False
    spellings = {raw, json.dumps(raw)[1:-1], json.dumps(raw, ensure_ascii=False)[1:-1]}
    return any(spelling in actual for spelling in spellings)


def row_matches(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    for name, value in expected.items():
        if name not in actual:
            return False
        found = actual[name]
        if value is None or found is None:
            if value is not found and not (isinstance(value, OneOf) and value == found):
                return False
        elif value != found:
            return False
    return True


def lake_problems(one: Case, outcome: Outcome, result: Result) -> list[str]:
    left: dict[str, list[dict[str, Any]]] = {}
    count = 0
    for row in result.rows_of(one):
        left.setdefault(row[one.tag], []).append(row)
        count += 1
    found = []
    for expected in outcome.rows:
        near = left.get(expected[one.tag], [])
        match = next((row for row in near if row_matches(expected, row)), None)
        if match is None:
            shown = [{name: row.get(name) for name in expected} for row in near]
            found.append(f"lake has no row {dict(expected)}; it has {shown}")
        else:
            near.remove(match)
    if count != len(outcome.rows):
        spare = [tag for tag, rows in left.items() if rows]
        found.append(f"lake has {count} rows, expected {len(outcome.rows)} (spare: {spare[:9]})")
    return found[:20]


def entry_problems(
    expected: Sequence[Bad], actual: Sequence[Mapping[str, Any]], what: str
) -> list[str]:
    """Compare quarantine entries: each expected one once, and nothing else."""
    found = []
    left = list(actual)
    for bad in expected:
        match = next(
            (
                row
                for row in left
                if row["line_number"] == bad.line
                and code_matches(bad.code, row["reason_code"])
                and (bad.column is None or row["column_name"] == bad.column)
                and raw_matches(bad.raw, row["raw_record"])
            ),
            None,
        )
        if match is None:
            found.append(f"{what} lacks {bad}")
        else:
            left.remove(match)
    for row in left:
        shown = (row["line_number"], row["reason_code"], row["column_name"], row["reason"])
        found.append(f"{what} has {shown} too")
    return found


def problems(one: Case, outcome: Outcome, result: Result) -> list[str]:
    """Everything in which the lake differs from one outcome of a case; empty when it is right."""
    log = list(result.log.get(one.path, []))
    entries = list(result.quarantine.get(one.path, []))
    if outcome.status == "any":
        return lake_problems(one, outcome, result)
    if outcome.status == "silent":
        if not log:
            return lake_problems(one, outcome, result)
        outcome = replace(outcome, status="ignored")
    if len(log) != 1:
        return [f"{len(log)} log rows for {one.path}: {log}"]
    row = log[0]
    found = accounting_problems(row)
    if row["status"] != outcome.status:
        return [*found, f"status {row['status']} ({row['message']}), expected {outcome.status}"]
    system, table = one.system_and_table
    if outcome.status != "ignored" and (row["system"], row["table_name"]) != (system, table):
        found.append(f"logged as {row['system']}.{row['table_name']}")
    if isinstance(one.make, bytes) and outcome.status in ("loaded", "refused"):
        digest = hashlib.sha256(one.make).hexdigest()
        if row["file_sha256"] not in (digest, None if outcome.status == "refused" else digest):
            found.append(f"file_sha256 {row['file_sha256']} is not that of the file")
    found += lake_problems(one, outcome, result)

    if outcome.status == "ignored":
        if not isinstance(row["message"], str) or not row["message"].strip():
            found.append("an ignored file without a message")
        if row["rows_loaded"] or entries:
            found.append(f"an ignored file with rows or quarantine entries: {row} {entries}")
        return found

    if outcome.status == "refused":
        if row["rows_loaded"] or row["rows_unchanged"]:
            found.append(f"a refused file with {row['rows_loaded']} rows loaded")
        found += entry_problems([Bad(None, outcome.code)], entries, "quarantine")
        said = row["message"]
        for word in outcome.says:
            if not isinstance(said, str) or word.lower() not in said.lower():
                found.append(f"the sentence does not name {word!r}: {said!r}")
        return found

    counts = {
        "rows_loaded": len(outcome.rows),
        "rows_unchanged": outcome.unchanged,
        "rows_quarantined": len(outcome.bad),
        "money_rounded": outcome.money_rounded,
        "unknown_codes": outcome.unknown_codes,
    }
    rows = [entry for entry in entries if entry["reason_code"] != "optional_value"]
    values = [entry for entry in entries if entry["reason_code"] == "optional_value"]
    found += entry_problems(outcome.bad, rows, "quarantine")
    if outcome.optional is not None:
        counts["optional_values_nulled"] = len(outcome.optional)
        found += entry_problems(outcome.optional, values, "optional values")
    for name, count in counts.items():
        if count is not None and row[name] != count:
            found.append(f"log {name} = {row[name]}, expected {count}")
    if outcome.unknown_columns is not None:
        listed = row["unknown_columns"] or ""
        names = sorted(part.strip().lower() for part in listed.split(",") if part.strip())
        if names != sorted(outcome.unknown_columns):
            found.append(f"unknown_columns {listed!r}, expected {outcome.unknown_columns}")
    return found
