"""`databases.yml` beside brand.yml: which tables of which databases are read, and how.

The address of a database, with its password, stays out of it: `${NAME}` stands for an environment
variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.databases.errors import SettingsError
from orchestration.loading.contract import Contract, Table
from orchestration.settings_text import read_settings_text
from orchestration.workspace import DATABASES_FILE

ROWS_PER_FILE = 200_000
OVERLAP_TIME = timedelta(hours=1)
OVERLAP_NUMBERS = 10_000

_NAME = r"^[a-z][a-z0-9_]{0,40}$"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_OVERLAP = re.compile(r"(\d{1,5}) (minute|hour|day)s?")
_DAYS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True)
class Source:
    """A table of a database that is read into a table of the contract.

    `name` is the table's or view's name as the database knows it, with its schema where it has one.
    `overlap` is how far behind the cursor the next pull begins: a time or a count, by the cursor's
    type; None where databases.yml leaves it to the default. `deleted` is the column that marks
    deleted rows.
    """

    database: str
    url_variable: str
    table: Table
    name: str
    cursor: str
    overlap: timedelta | int | None
    deleted: str | None
    rows_per_file: int

    @property
    def label(self) -> str:
        """How sentences name it: shop, public.orders."""
        return f"{self.database}, {self.name}"

    @property
    def key(self) -> str:
        """What its cursor is remembered under."""
        return f"{self.database}/{self.table.full_name}"


class _TableText(BaseModel):
    model_config = ConfigDict(extra="forbid")
    table: Annotated[str, Field(pattern=r"^[^.\s][^.]*(\.[^.]+)?$")]
    cursor: Annotated[str, Field(min_length=1)]
    overlap: Annotated[int, Field(ge=0)] | str | None = None
    deleted: Annotated[str, Field(min_length=1)] | None = None
    rows_per_file: Annotated[int, Field(ge=1, le=5_000_000)] = ROWS_PER_FILE


class _DatabaseText(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: str
    tables: dict[str, _TableText] = Field(min_length=1)


class _SettingsText(BaseModel):
    model_config = ConfigDict(extra="forbid")
    databases: dict[Annotated[str, Field(pattern=_NAME)], _DatabaseText] = Field(min_length=1)


def has_databases(landing: Path) -> bool:
    """Whether a brand has a databases.yml."""
    return (landing / DATABASES_FILE).is_file()


def read_settings(landing: Path, contract: Contract) -> tuple[Source, ...]:
    """The tables that databases.yml names, in its order. Raises SettingsError with a sentence."""
    path = landing / DATABASES_FILE
    if not path.is_file():
        raise SettingsError(
            f"There is no {path}: name the tables to read there, see docs/databases.md."
        )
    text = read_settings_text(path, SettingsError)
    try:
        said = _SettingsText.model_validate(text)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from error
    return tuple(_sources(said.databases, contract))


def url_of(source: Source, environment: Mapping[str, str]) -> str:
    """The address of a source's database. Raises SettingsError where its variable is not set."""
    url = environment.get(source.url_variable)
    if not url:
        raise SettingsError(
            f"{DATABASES_FILE}, databases.{source.database}.url: the environment variable "
            f"{source.url_variable} is not set; set it to the address, such as "
            "postgresql://reader:password@host:5432/shop."
        )
    return url


def _sources(databases: Mapping[str, _DatabaseText], contract: Contract) -> Iterator[Source]:
    for database, said in databases.items():
        where = f"databases.{database}"
        variable = _VARIABLE.fullmatch(said.url.strip())
        if variable is None:
            raise _wrong(
                f"{where}.url",
                "must be the name of an environment variable, so that no password stands in the "
                f"file: write ${{{database.upper()}_URL}} and set that",
            )
        for full_name, table_said in said.tables.items():
            table = contract.table(*_two(full_name))
            if table is None:
                raise _wrong(
                    f"{where}.tables",
                    f"names {full_name[:60]!r}, which the contract does not have; write one of "
                    "its tables, such as commerce.orders",
                )
            inner = f"{where}.tables.{full_name}"
            if table_said.deleted is not None and not table.when_deleted:
                raise _wrong(
                    f"{inner}.deleted",
                    f"cannot be kept: the contract has no word for a deleted row of {full_name}; "
                    "remove it, and read a view without these rows where they must not come in",
                )
            yield Source(
                database=database,
                url_variable=variable[1],
                table=table,
                name=table_said.table,
                cursor=table_said.cursor,
                overlap=_overlap(table_said.overlap, f"{inner}.overlap"),
                deleted=table_said.deleted,
                rows_per_file=table_said.rows_per_file,
            )


def _two(full_name: str) -> tuple[str, str]:
    system, _, name = full_name.partition(".")
    return system, name


def _overlap(said: int | str | None, where: str) -> timedelta | int | None:
    if said is None or isinstance(said, int):
        return said
    match = _OVERLAP.fullmatch(said.strip())
    if match is None:
        what = f"is {said[:60]!r}; write it like 15 minutes, 2 hours or 1 day"
        raise _wrong(where, f"{what}, or as a number where the cursor is one")
    return int(match[1]) * _DAYS[match[2]]


def _wrong(where: str, what: str) -> SettingsError:
    return SettingsError(f"{DATABASES_FILE}: {where} {what}.")


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong; values are not repeated, they may be secret."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    if first["type"] == "extra_forbidden":
        return f"{DATABASES_FILE}: {where} is no key that it knows; see docs/databases.md."
    return f"{DATABASES_FILE}: {where}: {first['msg'].lower()}; see docs/databases.md."
