"""`brand.yml`: what a brand says about its own files – names, zones, casts, delimiters, encodings.

Every key is checked; a mistake raises LoadError with a sentence that names the key.
"""

from __future__ import annotations

import codecs
import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import phonenumbers
import yaml

from orchestration.loading.contract import Contract, Table
from orchestration.loading.errors import LoadError

BRAND_FILE = "brand.yml"
_NO_FILE_ENCODINGS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7"}
_DEPTH = 12
UNITS = {
    "cents": "money",
    "epoch_seconds": "timestamp",
    "epoch_milliseconds": "timestamp",
}


@dataclass(frozen=True)
class Cast:
    """How one column of a brand is written, where it differs from the contract."""

    format: str | None = None
    unit: str | None = None
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Filling:
    """What a column has that the files lack: the same `value` in every row, or another column's."""

    value: str = ""
    column: str | None = None


@dataclass(frozen=True)
class CsvDialect:
    """How a brand writes the CSV files of one table."""

    delimiter: str = ","
    encoding: str = "utf-8"


@dataclass(frozen=True)
class TableMapping:
    """What brand.yml says about one table.

    `rename` maps a folded source header to a contract column, `source_zone` is the zone of naive
    timestamps in every column, `column_zones` overrides it for single columns. `fill` has the
    columns that the files lack. `folders` has the mappings of folders below the table's, by their
    path; the files in them are read by these alone.
    """

    rename: tuple[tuple[str, str], ...] = ()
    source_zone: str | None = None
    column_zones: tuple[tuple[str, str], ...] = ()
    cast: tuple[tuple[str, Cast], ...] = ()
    csv: CsvDialect = CsvDialect()
    fill: tuple[tuple[str, Filling], ...] = ()
    folders: tuple[tuple[tuple[str, ...], TableMapping], ...] = ()

    def zone_of(self, column: str) -> str | None:
        """The zone of naive timestamps in `column`, or None where none is declared."""
        return dict(self.column_zones).get(column, self.source_zone)

    def of_folder(self, parts: tuple[str, ...]) -> TableMapping:
        """The mapping of files in a folder below the table's: that of the nearest one named."""
        above = [
            (len(folder), mapping)
            for folder, mapping in self.folders
            if parts[: len(folder)] == folder
        ]
        return max(above, key=lambda found: found[0])[1] if above else self


@dataclass(frozen=True)
class Brand:
    """A brand's settings with all defaults filled in."""

    business_zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    phone_region: str = "CN"
    source_zone: str | None = None
    tables: Mapping[str, TableMapping] = field(default_factory=dict)
    text: str = ""

    def mapping(self, table: Table) -> TableMapping:
        """The mapping of one table, with the top-level source zone filled in."""
        return self.tables.get(table.full_name, TableMapping(source_zone=self.source_zone))

    def fingerprint(self, contract: Contract) -> str:
        """A hash of the contract and of the text of brand.yml together."""
        return hashlib.sha256(f"{contract.fingerprint()}\n{self.text}".encode()).hexdigest()


def fold_header(header: str) -> str:
    """The form in which two headers are compared: no surrounding space, no case."""
    return header.strip().strip("\ufeff\u200b\u3000\u00a0 ").casefold()


def read_brand(landing: Path, contract: Contract) -> Brand:
    """The brand of a landing folder; defaults where there is no brand.yml. Raises LoadError."""
    path = landing / BRAND_FILE
    if not path.is_file():
        return Brand()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LoadError(
            f"{BRAND_FILE} cannot be read ({error.strerror}); give the load read access to it."
        ) from error
    except UnicodeDecodeError as error:
        raise LoadError(f"{BRAND_FILE} is not UTF-8 text; save it as UTF-8.") from error
    return parse_brand(text, contract)


def parse_brand(text: str, contract: Contract) -> Brand:
    """Turn the text of a brand.yml into a Brand; raises LoadError."""
    try:
        document = yaml.load(text, Loader=_TextLoader)  # noqa: S506 (a SafeLoader of plain text)
    except yaml.YAMLError as error:
        raise LoadError(
            f"{BRAND_FILE} is not valid YAML: {_yaml_problem(error)}. Correct it and load again."
        ) from error
    if document is None or document == "":
        return Brand(text=text)
    top = _mapping(document, "the file")
    _only(top, {"business_zone", "currency", "phone_region", "source_zone", "tables"}, "the file")
    source_zone = _zone(top["source_zone"], "source_zone") if "source_zone" in top else None
    tables: dict[str, TableMapping] = {}
    for name, body in _mapping(top.get("tables") or {}, "tables").items():
        table = _known_table(name, contract)
        tables[name] = _parse_table(table, body, source_zone)
    return Brand(
        business_zone=_zone(top.get("business_zone", "Asia/Shanghai"), "business_zone"),
        currency=_currency(top.get("currency", "CNY")),
        phone_region=_region(top.get("phone_region", "CN")),
        source_zone=source_zone,
        tables=tables,
        text=text,
    )


def _parse_table(table: Table, body: object, default_zone: str | None) -> TableMapping:
    where = f"tables.{table.full_name}"
    values = dict(_mapping(body or {}, where))
    bodies = _mapping(values.pop("folders", None) or {}, f"{where}.folders")
    folders = [
        (
            _folder(name, f"{where}.folders"),
            _parse_mapping(table, inner, default_zone, f"{where}.folders.{name}"),
        )
        for name, inner in bodies.items()
    ]
    if len({folder for folder, _ in folders}) < len(folders):
        raise _wrong(f"{where}.folders", "names a folder twice; keep one")
    mapping = _parse_mapping(table, values, default_zone, where, "folders")
    return replace(mapping, folders=tuple(folders))


def _folder(name: str, where: str) -> tuple[str, ...]:
    parts = tuple(part for part in name.split("/") if part)
    if not parts or name.startswith("/") or {".", ".."} & set(parts):
        what = "which is no folder below that of the table; write its path from there, such as till"
        raise _wrong(where, f"names {_shown(name)}, {what}")
    return parts


def _parse_mapping(
    table: Table, body: object, default_zone: str | None, where: str, *more_keys: str
) -> TableMapping:
    values = _mapping(body or {}, where)
    known = {"rename", "source_zone", "cast", "csv", "fill"}
    _only(values, known, where, {*known, *more_keys})
    zone = values.get("source_zone")
    column_zones: tuple[tuple[str, str], ...] = ()
    table_zone = default_zone
    if isinstance(zone, dict):
        for column in zone:
            if _column_type(table, column, f"{where}.source_zone") not in {"timestamp", "date"}:
                what = "is not a timestamp column; remove it here"
                raise _wrong(f"{where}.source_zone.{column}", what)
        column_zones = tuple(
            (column, _zone(text, f"{where}.source_zone.{column}")) for column, text in zone.items()
        )
    elif zone is not None:
        table_zone = _zone(zone, f"{where}.source_zone")
    return TableMapping(
        rename=_parse_rename(table, values.get("rename") or {}, f"{where}.rename"),
        source_zone=table_zone,
        column_zones=column_zones,
        cast=tuple(
            (column, _parse_cast(table, column, options, f"{where}.cast"))
            for column, options in _mapping(values.get("cast") or {}, f"{where}.cast").items()
        ),
        csv=_parse_csv(_mapping(values.get("csv") or {}, f"{where}.csv"), f"{where}.csv"),
        fill=tuple(
            (column, _parse_filling(table, column, body, f"{where}.fill"))
            for column, body in _mapping(values.get("fill") or {}, f"{where}.fill").items()
        ),
    )


def _parse_filling(table: Table, column: str, body: object, where: str) -> Filling:
    kind = _column_type(table, column, where)
    where = f"{where}.{column}"
    filled = table.column(column)
    if column in table.key or filled.personal or filled.identifier or kind == "buyer_key":
        raise _wrong(where, "would give many rows the same key or person; remove it here")
    if isinstance(body, dict):
        _only(body, {"from"}, where)
        source = body.get("from")
        if source == column or _column_type(table, source, f"{where}.from") != kind:
            raise _wrong(f"{where}.from", f"is no other column of the type {kind}; name one")
        return Filling(column=source)
    if not isinstance(body, str) or not body.strip():
        raise _wrong(where, "is empty; write the value of all rows, or {from: another column}")
    if filled.codes and body not in filled.codes:
        hint = nearest(body, list(filled.codes), f"one of {', '.join(filled.codes)}")
        raise _wrong(where, f"is {_shown(body)}, which is no code of that column; {hint}")
    return Filling(value=body)


def _parse_rename(table: Table, body: object, where: str) -> tuple[tuple[str, str], ...]:
    renames: dict[str, str] = {}
    for header, column in _mapping(body, where).items():
        _column_type(table, column, f"{where}.{header}")
        folded = fold_header(header)
        if folded in renames:
            raise _wrong(
                where, f"names the header {_shown(header)} twice; keep one (case is ignored)"
            )
        if column in renames.values():
            raise _wrong(where, f"gives two headers to the column {column!r}; keep one")
        renames[folded] = column
    return tuple(renames.items())


def _parse_cast(table: Table, column: str, body: object, where: str) -> Cast:
    kind = _column_type(table, column, where)
    where = f"{where}.{column}"
    values = _mapping(body, where)
    _only(values, {"format", "unit", "values"}, where)
    unit, layout = values.get("unit"), values.get("format")
    if unit is not None and (not isinstance(unit, str) or UNITS.get(unit) != kind):
        fitting = [name for name, of in UNITS.items() if of == kind]
        hint = (
            f"write {' or '.join(fitting)}"
            if fitting
            else f"a column of type {kind} has none: remove it"
        )
        raise _wrong(f"{where}.unit", f"is {_shown(unit)}; {hint}")
    if layout is not None and (not isinstance(layout, str) or kind not in {"date", "timestamp"}):
        raise _wrong(f"{where}.format", "is only for date and timestamp columns; remove it")
    if layout is not None and not _tells_a_day(layout):
        what = "from which no day can be read; write it like %d/%m/%Y %H:%M"
        raise _wrong(f"{where}.format", f"is {_shown(layout)}, {what}")
    if layout is not None and unit is not None:
        raise _wrong(where, "has both a format and a unit; keep one of them")
    replacements = _mapping(values.get("values") or {}, f"{where}.values")
    described = table.column(column)
    for source, target in replacements.items():
        if not isinstance(target, str):
            raise _wrong(f"{where}.values.{source}", "is no plain value; write one, such as male")
        if described.unknown_code_rejects and target.strip().lower() not in described.codes:
            hint = nearest(target, list(described.codes), f"one of {', '.join(described.codes)}")
            what = f"is {_shown(target)}, which is no code of that column; {hint}"
            raise _wrong(f"{where}.values.{source}", what)
    return Cast(format=layout, unit=unit, values=tuple(replacements.items()))


def _tells_a_day(layout: str) -> bool:
    """Whether a time written in this format can be read back to its day."""
    day = "SELECT CAST(strptime(strftime(TIMESTAMP '2024-02-29 13:45:07', $1), $1) AS DATE)"
    try:
        with duckdb.connect() as connection:
            row = connection.execute(f"{day} = DATE '2024-02-29'", [layout]).fetchone()
    except duckdb.Error:
        return False
    return row == (True,)


def _parse_csv(values: Mapping[str, Any], where: str) -> CsvDialect:
    _only(values, {"delimiter", "encoding"}, where)
    delimiter = values.get("delimiter", ",")
    if delimiter in {"\\t", "tab"}:
        delimiter = "\t"
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise _wrong(f"{where}.delimiter", "is not one character; write one, such as ';' or '\\t'")
    if delimiter in '"\r\n\0':
        what = "is a quotation mark, a line break or NUL, which cannot part columns"
        raise _wrong(f"{where}.delimiter", f"{what}; write another, such as ';' or '\\t'")
    encoding = values.get("encoding", "utf-8")
    name = _text_encoding(encoding)
    if name is None:
        hint = "write a known text encoding, such as GBK"
        raise _wrong(f"{where}.encoding", f"is {_shown(encoding)}; {hint}")
    return CsvDialect(delimiter=delimiter, encoding=name)


def _text_encoding(encoding: object) -> str | None:
    """The codec's own name, or None where it is unknown or does not write letters and digits."""
    if not isinstance(encoding, str):
        return None
    try:
        name = codecs.lookup(encoding).name
        is_text = "a1,\n".encode(name).decode(name) == "a1,\n"
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError):
        return None
    return name if is_text and name not in _NO_FILE_ENCODINGS else None


def _known_table(name: str, contract: Contract) -> Table:
    system, _, table_name = name.partition(".")
    table = contract.table(system, table_name)
    if table is None:
        hint = nearest(name, [known.full_name for known in contract.tables], "system.table")
        raise _wrong("tables", f"names {_shown(name)}, which the contract does not have; {hint}")
    return table


def _column_type(table: Table, column: object, where: str) -> str:
    try:
        return table.column(str(column)).type
    except KeyError:
        hint = nearest(column, [known.name for known in table.columns], "a column of the contract")
        what = f"names {_shown(column)}, which is no column of {table.full_name}; {hint}"
        raise _wrong(where, what) from None


@cache
def _zones() -> frozenset[str]:
    """The zones of the IANA list: DuckDB knows no others, such as the machine's `localtime`."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


def _zone(name: object, where: str) -> str:
    if isinstance(name, str):
        try:
            if name in _zones():
                return ZoneInfo(name).key
        except (KeyError, ValueError, OSError):
            pass
    what = f"is {_shown(name)}; write a time zone of the IANA list, such as Asia/Shanghai"
    raise _wrong(where, what)


def _currency(value: object) -> str:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha():
        return value.upper()
    raise _wrong("currency", f"is {_shown(value)}; write a three-letter code such as CNY")


def _region(value: object) -> str:
    if isinstance(value, str) and value.upper() in phonenumbers.SUPPORTED_REGIONS:
        return value.upper()
    raise _wrong("phone_region", f"is {_shown(value)}; write a two-letter country code such as CN")


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(where, "is no mapping; write it as lines of `key: value`")
    return value


def _only(
    values: Mapping[str, Any], allowed: set[str], where: str, named: set[str] | None = None
) -> None:
    """Refuse unknown keys; `named` are those that the sentence may name, if others."""
    unknown = [key for key in values if key not in allowed]
    if unknown:
        names = sorted(named or allowed)
        hint = nearest(unknown[0], names, "one of " + ", ".join(names))
        raise _wrong(where, f"has the unknown key {_shown(unknown[0])}; {hint}")


def nearest(written: object, known: list[str], otherwise: str = "") -> str:
    """What to write instead: the known name that looks most like it, or nothing is said."""
    near = difflib.get_close_matches(str(written).lower(), known, n=1)
    return f"write {near[0]}" if near else otherwise and f"write {otherwise}"


def _wrong(where: str, what: str) -> LoadError:
    return LoadError(f"{BRAND_FILE}: {where} {what}.")


def _shown(value: object) -> str:
    """A value of brand.yml for a sentence: short, and never what nested lists unfold to."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:60] + "…")
    return "a list" if isinstance(value, list) else "a mapping"


def _yaml_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it holds a character that YAML forbids"
    return f"{problem} in line {mark.line + 1}" if mark else str(problem)


class _TextLoader(yaml.BaseLoader):
    """YAML whose scalars all stay text (`yes`, `08` and `1.50` included).

    Double keys and deep nesting, which a settings file has no use for, are errors.
    """

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > _DEPTH:
            raise yaml.constructor.ConstructorError(
                None, None, f"it is nested deeper than {_DEPTH} levels", None
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be plain text", key_node.start_mark
                )
            if key_node.value in keys:
                raise yaml.constructor.ConstructorError(
                    None,
                    None,
                    f"the key {_shown(key_node.value)} occurs twice",
                    key_node.start_mark,
                )
            keys.add(key_node.value)
        return super().construct_mapping(node, deep=deep)
