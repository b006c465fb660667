"""The landing contract as frozen objects: `contract.yml` read, checked and made navigable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

CONTRACT_FILE = Path(__file__).with_name("contract.yml")

COLUMN_TYPES = frozenset(
    {
        "id",
        "text",
        "name",
        "address",
        "code",
        "gender",
        "phone",
        "email",
        "buyer_key",
        "money",
        "integer",
        "number",
        "boolean",
        "date",
        "timestamp",
    }
)
FREE_TEXTS = frozenset({"text", "address"})
"""Types whose values may be of any kind: a nested one is kept as its text."""
GENDERS = ("male", "female", "other")
_PLAIN_LAKE_TYPES = {
    "money": "DECIMAL(18,2)",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
_DERIVED_SUFFIXES = {
    "name": ("normalised", "latin"),
    "address": ("normalised",),
    "phone": ("raw", "status", "token"),
    "email": ("status", "token"),
    "buyer_key": ("status", "token"),
}
DELETION_TIME = "deletion_time"
"""In `when_deleted`: the time at which the row was deleted."""
TECHNICAL_COLUMNS = (("_content_hash", "DECIMAL(38,0)"), ("_load_sequence", "BIGINT"))


class ContractError(ValueError):
    """The contract file says something it may not say; the message is a sentence."""


@dataclass(frozen=True)
class Limits:
    """What a single file may ask of the loader (bytes, counts, folds, days, years)."""

    field_bytes: int
    columns: int
    json_depth: int
    decompressed_bytes: int
    decompression_ratio: int
    decompression_ratio_from_bytes: int
    future_days: int
    earliest_year: int
    latest_year: int


@dataclass(frozen=True)
class Column:
    """One column of a table of the contract.

    `minimum` and `maximum` are inclusive, `above` is an exclusive lower bound; `codes` is empty
    where any code is known.
    """

    name: str
    type: str
    required: bool = False
    identifier: str | None = None
    personal: bool = False
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    codes: tuple[str, ...] = ()
    unknown_code_rejects: bool = False
    key_type: str | None = None

    @property
    def has_token(self) -> bool:
        """Whether the lake holds a keyed token of this column."""
        return self.type in {"phone", "email", "buyer_key"} or self.identifier is not None

    def lake_columns(self) -> tuple[tuple[str, str], ...]:
        """The (name, DuckDB type) pairs that this column becomes in the raw lake, in order."""
        own = (self.name, _PLAIN_LAKE_TYPES.get(self.type, "VARCHAR"))
        suffixes = _DERIVED_SUFFIXES.get(self.type, ("token",) if self.identifier else ())
        return (own, *((f"{self.name}_{suffix}", "VARCHAR") for suffix in suffixes))


@dataclass(frozen=True)
class Rule:
    """A range that holds for `column` only where the column `when` has the code `equals`."""

    column: str
    when: str
    equals: str
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    `when_deleted` says in the contract's own words what a row is that its database marks as
    deleted: (column, value or DELETION_TIME) pairs; none where the contract has no word for it.
    """

    system: str
    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    version_at: str | None = None
    event_at: str | None = None
    undated_versions: bool = False
    rules: tuple[Rule, ...] = ()
    when_deleted: tuple[tuple[str, str], ...] = ()

    @property
    def full_name(self) -> str:
        """`<system>.<table>`, as brand.yml and the messages write it."""
        return f"{self.system}.{self.name}"

    @property
    def has_tokens(self) -> bool:
        """Whether any column carries a keyed token."""
        return any(column.has_token for column in self.columns)

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def lake_columns(self) -> list[tuple[str, str]]:
        """Ordered (name, DuckDB type) pairs of the raw lake, technical columns at the end."""
        own = [pair for column in self.columns for pair in column.lake_columns()]
        return [*own, *TECHNICAL_COLUMNS]

    def fingerprint(self) -> str:
        """A hash of everything the contract says about this table, and of its raw lake columns."""
        said = {**_said_of_files(self), "lake_columns": self.lake_columns()}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Contract:
    """All tables that a brand may hand over, and the limits on files."""

    limits: Limits
    tables: tuple[Table, ...]

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables)

    @property
    def systems(self) -> tuple[str, ...]:
        """Source systems in the order of the file."""
        return tuple(dict.fromkeys(table.system for table in self.tables))

    def table(self, system: str, name: str) -> Table | None:
        """The table of that system and name, or None when the contract has none."""
        for table in self.tables:
            if table.system == system and table.name == name:
                return table
        return None

    def fingerprint(self) -> str:
        """A hash of all tables and limits (comments and layout do not count)."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        tables = [_said_of_files(table) for table in self.tables]
        said = {"limits": asdict(self.limits), "tables": tables}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _said_of_files(table: Table) -> dict[str, Any]:
    """What the contract says of a table's files; deleted rows are turned before they are files."""
    said = asdict(table)
    del said["when_deleted"]
    return said


def load_contract(path: Path = CONTRACT_FILE) -> Contract:
    """Read and check the contract file; raises ContractError with a sentence."""
    if path == CONTRACT_FILE:
        return _shipped_contract()
    return parse_contract(path.read_text(encoding="utf-8"))


@cache
def _shipped_contract() -> Contract:
    return parse_contract(CONTRACT_FILE.read_text(encoding="utf-8"))


def parse_contract(text: str) -> Contract:
    """Turn the text of a contract file into a Contract; raises ContractError."""
    document = yaml.safe_load(text)
    if not isinstance(document, dict):
        raise ContractError("The contract must be a mapping with 'limits' and 'systems'.")
    _only(document, {"limits", "systems"}, "the contract")
    tables = [
        _parse_table(system, name, body)
        for system, system_tables in _mapping(document.get("systems"), "systems").items()
        for name, body in _mapping(system_tables, f"systems.{system}").items()
    ]
    return Contract(_parse_limits(_mapping(document.get("limits"), "limits")), tuple(tables))


def _parse_limits(values: Mapping[str, Any]) -> Limits:
    names = set(Limits.__dataclass_fields__)
    _only(values, names, "limits")
    for name in sorted(names):
        value = values.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ContractError(f"limits.{name} must be a whole number above zero, not {value!r}.")
    return Limits(**values)


def _parse_table(system: str, name: str, body: object) -> Table:
    where = f"{system}.{name}"
    values = _mapping(body, where)
    allowed = {"key", "version_at", "event_at", "undated_versions", "columns", "rules"}
    allowed |= {"when_deleted"}
    _only(values, allowed, where)
    columns = tuple(
        _parse_column(column, _mapping(options, f"{where}.{column}"), f"{where}.{column}")
        for column, options in _mapping(values.get("columns"), f"{where}.columns").items()
    )
    names = {column.name for column in columns}
    when_deleted = values.get("when_deleted") or {}
    key = tuple(values.get("key") or ())
    if not key:
        raise ContractError(f"{where} has no key.")
    for role, used in (
        ("key", key),
        ("version_at", (values.get("version_at"),)),
        ("event_at", (values.get("event_at"),)),
        ("when_deleted", tuple(when_deleted)),
        ("key_type", tuple(column.key_type for column in columns)),
    ):
        for column in used:
            if column is not None and column not in names:
                raise ContractError(f"{where}: {role} names the column {column!r}, which it lacks.")
    table = Table(
        system=system,
        name=name,
        key=key,
        columns=columns,
        version_at=values.get("version_at"),
        event_at=values.get("event_at"),
        undated_versions=bool(values.get("undated_versions", False)),
        rules=tuple(_parse_rule(rule, names, where) for rule in values.get("rules") or ()),
        when_deleted=tuple((column, str(value)) for column, value in when_deleted.items()),
    )
    lake_names = [lake_name for lake_name, _ in table.lake_columns()]
    for lake_name in lake_names:
        if lake_names.count(lake_name) > 1:
            raise ContractError(f"{where}: two columns become {lake_name!r} in the lake.")
    return table


def _parse_column(name: str, options: Mapping[str, Any], where: str) -> Column:
    allowed = {"type", "required", "identifier", "personal", "min", "max", "above", "codes"}
    _only(options, allowed | {"unknown", "key_type"}, where)
    kind = options.get("type")
    if kind not in COLUMN_TYPES:
        raise ContractError(f"{where}: unknown type {kind!r}; known: {sorted(COLUMN_TYPES)}.")
    if (kind == "buyer_key") != ("key_type" in options):
        raise ContractError(f"{where}: a buyer_key, and only that, needs key_type.")
    if options.get("unknown", "quarantine") != "quarantine":
        raise ContractError(f"{where}: unknown may only be 'quarantine'.")
    default_minimum = 0 if kind == "money" else None
    return Column(
        name=name,
        type=kind,
        required=bool(options.get("required", False)),
        identifier=options.get("identifier"),
        personal=bool(options.get("personal", False)),
        minimum=options.get("min", default_minimum),
        maximum=options.get("max"),
        above=options.get("above"),
        codes=tuple(options.get("codes") or ()),
        unknown_code_rejects="unknown" in options,
        key_type=options.get("key_type"),
    )


def _parse_rule(rule: object, names: set[str], where: str) -> Rule:
    values = _mapping(rule, f"{where}.rules")
    _only(values, {"column", "when", "min", "max"}, f"{where}.rules")
    condition = _mapping(values.get("when"), f"{where}.rules.when")
    if len(condition) != 1 or not {values.get("column"), *condition} <= names:
        raise ContractError(f"{where}: a rule needs a known column and one known 'when' column.")
    ((when, equals),) = condition.items()
    return Rule(values["column"], when, str(equals), values.get("min"), values.get("max"))


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not value:
        raise ContractError(f"{where} must be a mapping that is not empty.")
    return value


def _only(values: Mapping[str, Any], allowed: set[str], where: str) -> None:
    unknown = sorted(set(values) - allowed)
    if unknown:
        raise ContractError(f"{where}: unknown key {unknown[0]!r}; known: {sorted(allowed)}.")
