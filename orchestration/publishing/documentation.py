"""Builds the documentation of the project as one page: dbt's, with the lineage of columns in it.

No brand is needed: an empty one is loaded and built, which gives every table its columns and types.
`make docs` writes target/docs/index.html, which needs no server and no network, and columns.csv,
the same lineage for a spreadsheet.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from orchestration.errors import RekindleError
from orchestration.loading.load import load
from orchestration.publishing.column_lineage import (
    Beginning,
    Column,
    Lineage,
    column_lineage,
    compiled_sql,
    table_label,
)
from orchestration.terminal import Terminal
from orchestration.warehouse.dbt_run import DbtFiles, dbt_environment, failure_message, run_dbt
from orchestration.warehouse.lake import DEFAULT_ZONE
from orchestration.warehouse.manifest import take_over
from orchestration.workspace import PROJECT

SITE = PROJECT / "target" / "docs"
PAGE = "index.html"
COLUMNS = "columns.csv"
MODELS_ONLY = ("build", "--exclude", "resource_type:test", "resource_type:unit_test")
PLACES = {"manifest": '"MANIFEST.JSON INLINE DATA"', "catalog": '"CATALOG.JSON INLINE DATA"'}
"""Where dbt's page takes its data from, if they are not files beside it."""
OTHER_BEGINNINGS: Mapping[Beginning, str] = {
    "rows": "It counts rows and takes no column's values.",
    "constant": "It is written in the SQL and takes no column's values.",
}


def document(site: Path, terminal: Terminal) -> None:
    """Write the documentation to a folder. Raises RekindleError where a tool cannot go on."""
    with tempfile.TemporaryDirectory(prefix="rekindle-docs-") as name:
        folder = Path(name)
        files = DbtFiles(PROJECT, folder / "dbt")
        with terminal.step("Build the tables of a brand without data"):
            build_file = _empty_build(folder, files, terminal)
        with terminal.step("Describe them (dbt docs)"):
            _run(files, ["docs", "generate", "--no-compile"], folder, None)
            manifest, catalog = (
                json.loads((files.target / f"{what}.json").read_text("utf-8")) for what in PLACES
            )
            page = (files.target / PAGE).read_text("utf-8")
        with terminal.step("Follow the columns (sqlglot)") as notes:
            columns = columns_of(build_file, manifest)
            lineage = column_lineage(manifest, compiled_sql(manifest), columns)
            marts = mart_columns(manifest, columns)
            notes.append(_summary(lineage, marts))
        site.mkdir(parents=True, exist_ok=True)
        with_origins(manifest, lineage)
        data = {"manifest": manifest, "catalog": catalog}
        (site / PAGE).write_text(filled(page, data).replace(f"{folder}/", ""), "utf-8")
        write_columns(site / COLUMNS, lineage, marts)


def columns_of(build_file: Path, manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """The names of the columns of every model, seed, snapshot and source of a build."""
    with closing(duckdb.connect(str(build_file), read_only=True)) as build:
        found: dict[tuple[str, str], list[str]] = {}
        for schema, table, column in build.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "order by schema_name, table_name, column_index"
        ).fetchall():
            found.setdefault((schema, table), []).append(column)
        columns = {
            key: found[node["schema"], node["alias"]]
            for key, node in manifest["nodes"].items()
            if (node["schema"], node.get("alias")) in found
        }
        for key, source in manifest["sources"].items():
            described = build.execute(f"describe select * from {source['relation_name']}")
            columns[key] = [str(row[0]) for row in described.fetchall()]
    return columns


def mart_columns(manifest: Mapping[str, Any], columns: Mapping[str, Sequence[str]]) -> list[Column]:
    """The columns of the public models."""
    return [
        Column(key, name)
        for key, node in manifest["nodes"].items()
        if node.get("access") == "public"
        for name in columns[key]
    ]


def with_origins(manifest: Mapping[str, Any], lineage: Lineage) -> None:
    """Add to the description of every column what it is made from."""
    for key, node in manifest["nodes"].items():
        for name, described in node["columns"].items():
            column = Column(key, name)
            if column in lineage.parents:
                lines = [described.get("description") or "", *origin_lines(lineage, column)]
                described["description"] = "\n\n".join(line for line in lines if line)


def origin_lines(lineage: Lineage, column: Column) -> Iterator[str]:
    """What the page says about where a column comes from, as Markdown with links."""
    origins = lineage.origins(column)
    if not origins:
        yield OTHER_BEGINNINGS[lineage.begins_in(column)]
        return
    parents = lineage.parents[column]
    if parents != origins:
        yield f"**Made from** {_listed(parents)}"
    yield f"**Begins in** {_listed(origins)}"


def filled(page: str, data: Mapping[str, Any]) -> str:
    """The page of dbt with its data in it. Raises RekindleError where it has no place for them."""
    for what, place in PLACES.items():
        if place not in page:
            raise RekindleError(f"dbt's page has no place for the {what}: it was {place}.")
        # A tag in a text would end the script that holds it.
        page = page.replace(place, json.dumps(data[what]).replace("</", "<\\/"))
    return page


def write_columns(file: Path, lineage: Lineage, columns: Iterable[Column]) -> None:
    """One row for each mart column and column of a source or seed that it is made from."""
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["mart", "column", "begins_in", "table", "table_column"])
        for column in sorted(columns):
            start = [table_label(column.node), column.name, lineage.begins_in(column)]
            origins = sorted(lineage.origins(column))
            for origin in origins:
                writer.writerow([*start, table_label(origin.node), origin.name])
            if not origins:
                writer.writerow([*start, "", ""])


def _empty_build(folder: Path, files: DbtFiles, terminal: Terminal) -> Path:
    """Load and build a brand that has handed over nothing; its build file."""
    landing = folder / "landing"
    landing.mkdir()
    load(landing, folder / "lake", token_key=b"nothing to hide", progress=False)
    take_over(files)
    _run(files, MODELS_ONLY, folder, terminal)
    return folder / "rekindle.duckdb"


def _run(files: DbtFiles, arguments: Sequence[str], folder: Path, shown: Terminal | None) -> None:
    environment = dbt_environment(folder / "lake", folder / "rekindle.duckdb", DEFAULT_ZONE)
    with shown.dbt_progress() if shown is not None else nullcontext() as progress:
        result = run_dbt(files, arguments, environment, progress)
    if not result.is_successful:
        raise RekindleError(failure_message(result, files))


def _listed(columns: Iterable[Column]) -> str:
    """`[commerce.orders](…): net_amount, ordered_at; …`, by table."""
    tables = groupby(sorted(columns), key=lambda column: column.node)
    return "; ".join(
        f"[{table_label(node)}](#!/{node.partition('.')[0]}/{node}): "
        + ", ".join(f"`{column.name}`" for column in found)
        for node, found in tables
    )


def _summary(lineage: Lineage, columns: Sequence[Column]) -> str:
    begins = [lineage.begins_in(column) for column in columns]
    return (
        f"of {len(begins)} mart columns {begins.count('landing')} begin in landing tables, "
        f"{begins.count('policy')} in policies; {begins.count('rows')} count rows, "
        f"{begins.count('constant')} are written in SQL"
    )


if __name__ == "__main__":
    shell = Terminal(total=3)
    try:
        document(SITE, shell)
    except RekindleError as error:
        sys.exit(str(error))
    shell.say(f"Open {(SITE / PAGE).relative_to(PROJECT)} in a browser; {COLUMNS} is beside it.")
