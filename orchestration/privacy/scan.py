"""Looks for identifiers wherever a brand's data lie, store by store, and says where they are.

Parquet, DuckDB and SQLite files are searched by their decoded columns, text files unpacked, and
every file by its bytes too: what was deleted but not overwritten is still there.
"""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
from ahocorasick_rs import BytesAhoCorasick

from orchestration.errors import RekindleError
from orchestration.loading.lake import sql_name, sql_path, sql_text
from orchestration.warehouse.spark import outer_warehouse
from orchestration.workspace import POLICY, PROJECT, Workspace, dagster_home

STORES = (
    "landing",
    "raw lake",
    "quarantine",
    "vault",
    "builds",
    "published",
    "policy",
    "state",
    "logs",
    "truth",
)
"""Where a brand's data lie, or words about its persons may.

Builds are the build files of all dates and engines, a Spark warehouse elsewhere included; policy is
seeds/policy; state what alerts, databases and the five-minute path remember; logs are Dagster's and
dbt's; truth stands beside the demo brand.
"""
_SQLITE = b"SQLite format 3\0"
_WORDS_OF_A_PATTERN = 200
_LETTERS = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class Finding:
    """An identifier in a file of a store. `place` is the table and column, or `bytes`."""

    store: str
    file: Path
    place: str
    identifier: str


@dataclass(frozen=True)
class Scan:
    """What was found, and how many files of each store were searched."""

    findings: tuple[Finding, ...]
    files: Mapping[str, int]

    def found_in(self, store: str) -> set[str]:
        """The identifiers found in a store."""
        return {finding.identifier for finding in self.findings if finding.store == store}

    def lines(self) -> list[str]:
        """A table for people, the same rows in every scan, so that two of them can be compared.

        Per store the files, the identifiers found, the places they are in, and the first of these.
        """
        report = [f"{'store':<11} {'files':>6} {'identifiers':>11} {'places':>6}"]
        for store in STORES:
            found = [finding for finding in self.findings if finding.store == store]
            places = Counter(
                f"{one.file.name} {one.place.removeprefix(f'{one.file.name}.')}" for one in found
            )
            ranked = sorted(places, key=lambda place: (-places[place], place))
            report.append(
                f"{store:<11} {self.files.get(store, 0):>6,} {len(self.found_in(store)):>11,} "
                f"{len(places):>6,}  {', '.join(ranked[:3])}".rstrip()
            )
        return report


class _Words:
    """What is looked for: all of it in one pass over a text, in any case."""

    def __init__(self, identifiers: Iterable[str]) -> None:
        spelled = {one.lower(): one for one in sorted(set(identifiers)) if one}
        escaped = {json.dumps(word)[1:-1]: one for word, one in spelled.items()}
        looked_for = {**escaped, **spelled}
        self._spelled = list(looked_for.values())
        self._is_escaped = [word not in spelled for word in looked_for]
        self._automaton = BytesAhoCorasick([word.encode() for word in looked_for])
        words = [re.escape(word) for word in looked_for]
        self._patterns = [
            "|".join(words[at : at + _WORDS_OF_A_PATTERN])
            for at in range(0, len(words), _WORDS_OF_A_PATTERN)
        ]

    def alone_in(self, data: bytes) -> list[str]:
        """The identifiers, as they were given, that stand alone in some bytes.

        So do they where JSON spells them with escapes; what is before these may be an escape too.
        """
        lowered = data.lower()
        matches = self._automaton.find_matches_as_indexes(lowered, overlapping=True)
        found = {
            self._spelled[word]
            for word, start, end in matches
            if _LETTERS.isdisjoint(lowered[end : end + 1])
            and (self._is_escaped[word] or _LETTERS.isdisjoint(lowered[max(start - 1, 0) : start]))
        }
        return sorted(found)

    def within(self, column: str) -> str:
        """SQL that is true where a value of a column has a word in it, alone or not."""
        tests = (
            f"regexp_matches({_lowered(column)}, {sql_text(pattern)})" for pattern in self._patterns
        )
        return " OR ".join(tests) or "false"


def scan(workspace: Workspace, identifiers: Iterable[str], policy: Path = POLICY) -> Scan:
    """Search all stores of a brand for identifiers, in the spellings given and in any case.

    An identifier counts where it stands alone: `M1` is not in `M12`. Raises RekindleError where a
    database file cannot be opened.
    """
    words = _Words(identifiers)
    findings: list[Finding] = []
    files: Counter[str] = Counter()
    with duckdb.connect() as memory:
        for store, path in _files(workspace, policy):
            files[store] += 1
            for place, identifier in _search(memory, path, words):
                is_of_vault = place.startswith("vault.") or "vault.db" in path.parts
                where = "vault" if is_of_vault and store == "builds" else store
                findings.append(Finding(where, path, place, identifier))
    files["vault"] = files["builds"]
    return Scan(tuple(dict.fromkeys(findings)), files)


def _files(workspace: Workspace, policy: Path) -> Iterator[tuple[str, Path]]:
    quarantine = workspace.lake / "raw" / "rekindle" / "quarantine"
    for path in _under(workspace.landing):
        yield "landing", path
    for path in _under(workspace.lake):
        yield ("quarantine" if quarantine in path.parents else "raw lake"), path
    for path in _under(workspace.build):
        yield "builds", path
    for path in _under(outer_warehouse(workspace.build)):
        yield "builds", path
    for path in _under(workspace.serving):
        yield "published", path
    for path in _under(policy):
        yield "policy", path
    own = workspace.lake.parent
    for path in (*_files_in(own), *_under(workspace.databases)):
        yield "state", path
    for folder in (dagster_home(own.parent), PROJECT / "logs", PROJECT / "target" / "logs"):
        for path in _under(folder):
            yield "logs", path
    for path in _under(own / "truth") if workspace.has_adapter else ():
        yield "truth", path


def _under(folder: Path | None) -> list[Path]:
    found = folder.rglob("*") if folder is not None and folder.is_dir() else ()
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def _files_in(folder: Path) -> list[Path]:
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def _search(
    memory: duckdb.DuckDBPyConnection, path: Path, words: _Words
) -> Iterator[tuple[str, str]]:
    name = path.name.lower()
    if name.endswith(".parquet"):
        relation = f"read_parquet({sql_path(path)})"
        yield from _search_relations(memory, ((path.name, relation),), words)
    elif name.endswith(".duckdb"):
        yield from _search_database(path, words)
    data = path.read_bytes()
    if data.startswith(_SQLITE):
        yield from _search_sqlite(path, words)
    texts = {"file name": path.name.encode(), "bytes": data}
    if data[:2] == b"\x1f\x8b":
        with suppress(OSError, EOFError, zlib.error):
            texts["unzipped"] = gzip.decompress(data)
    for place, text in texts.items():
        yield from ((place, identifier) for identifier in words.alone_in(text))


def _search_database(path: Path, words: _Words) -> Iterator[tuple[str, str]]:
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise RekindleError(
            f"{path} cannot be opened ({str(error).splitlines()[0]}); scan when nothing is built."
        ) from error
    with connection:
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal "
            "ORDER BY schema_name, table_name"
        ).fetchall()
        relations = [
            (f"{schema}.{table}", f"{sql_name(schema)}.{sql_name(table)}")
            for schema, table in tables
        ]
        yield from _search_relations(connection, relations, words)


def _search_sqlite(path: Path, words: _Words) -> Iterator[tuple[str, str]]:
    """A long value is spread over pages of the file, so its bytes alone would not do."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as store:
            tables = store.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            ).fetchall()
            for (table,) in tables:
                found = set()
                rows = store.execute(f"SELECT * FROM {sql_name(table)}")
                columns = [column for column, *_ in rows.description]
                for row in rows:
                    for column, value in zip(columns, row, strict=True):
                        text = value.encode() if isinstance(value, str) else value
                        if isinstance(text, bytes):
                            found |= {(column, identifier) for identifier in words.alone_in(text)}
                yield from ((f"{table}.{column}", one) for column, one in sorted(found))
    except sqlite3.Error as error:
        raise RekindleError(f"{path} cannot be searched ({error}); scan when it is at rest.") from (
            error
        )


def _search_relations(
    connection: duckdb.DuckDBPyConnection,
    relations: Iterable[tuple[str, str]],
    words: _Words,
) -> Iterator[tuple[str, str]]:
    for place, relation in relations:
        columns = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        texts = [name for name, kind, *_ in columns if kind.startswith(("VARCHAR", "DATE"))]
        for column in _suspects(connection, relation, texts, words):
            for identifier in _found_in_column(connection, relation, column, words):
                yield f"{place}.{column}", identifier


def _suspects(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: list[str],
    words: _Words,
) -> list[str]:
    """The columns that hold a wanted word, perhaps inside a longer one."""
    if not columns:
        return []
    tests = ", ".join(f"coalesce(bool_or({words.within(column)}), false)" for column in columns)
    (found,) = connection.execute(f"SELECT {tests} FROM {relation}").fetchall()
    return [column for column, is_found in zip(columns, found, strict=True) if is_found]


def _found_in_column(
    connection: duckdb.DuckDBPyConnection, relation: str, column: str, words: _Words
) -> list[str]:
    """The identifiers that stand alone in a value of a column."""
    values = connection.execute(
        f"SELECT DISTINCT {_lowered(column)} FROM {relation} WHERE {words.within(column)}"
    ).fetchall()
    return sorted({one for (text,) in values for one in words.alone_in(text.encode())})


def _lowered(column: str) -> str:
    return f"lower(CAST({sql_name(column)} AS VARCHAR))"
