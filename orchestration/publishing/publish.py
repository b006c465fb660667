"""Publishes a finished build: a new DuckDB file and Parquet files, swapped in whole.

Being killed at any moment leaves the former publication whole (`orchestration.publishing.shelf`).
Where persons became one or came apart since the former publication, a report beside the build says
what the marts told of them before and tell now (`orchestration.identity.restated`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.alerting.channels import known_channels
from orchestration.alerting.evaluate import BuildFacts, evaluate_build
from orchestration.alerting.published import ALERTS_TABLE, write_alert_events
from orchestration.alerting.store import AlertEvent, AlertStore
from orchestration.clock import utc
from orchestration.errors import RekindleError
from orchestration.identity.restated import Restated, restated_since
from orchestration.publishing.marts import Mart, published_marts, quoted
from orchestration.publishing.shelf import STORAGE_VERSION, Shelf, ShelfError
from orchestration.warehouse.build import BuildState, manifest_path, only_writer, read_state
from orchestration.warehouse.spark import warehouse_folder
from orchestration.warehouse.spark_tables import show_tables
from orchestration.workspace import BUILD_FILE_NAME, Workspace

PUBLICATION_TABLE = "ops.publication"


class PublishError(RekindleError):
    """The build was not published; what was published before is still there."""


@dataclass(frozen=True)
class Publication:
    """One row of ops.publication, in every published file.

    `published_at` (UTC, no zone) is when this build was published first: publishing the same
    build again changes nothing.
    """

    brand: str
    as_of_date: date | None
    build_id: str
    business_zone: str
    currency: str
    published_at: datetime


@dataclass(frozen=True)
class Published:
    """Where a publication went: `files` lists every DuckDB file that now holds it."""

    publication: Publication
    files: tuple[Path, ...]
    rows: dict[str, int]
    restated: Restated | None = None
    """What merges and splits since the former publication changed; None where there are none."""


def publish(
    workspace: Workspace,
    *,
    now: datetime,
    aside: date | None = None,
    on_table: Callable[[str, int], None] | None = None,
) -> Published:
    """Publish the last build of a brand (or its build for the earlier date `aside`).

    `now` is an aware time. A build for an earlier date goes to its own folder, and to the main
    one as well where nothing of this brand is published there. `on_table` is called with each
    finished table and its rows. Today's build is held against the alert rules before it is swapped
    in; messages about it wait for `alerting.deliver`. Raises PublishError when the build is not
    complete.
    """
    build_file = workspace.build_file(aside)
    with only_writer(build_file):
        state = _complete_state(build_file)
        if workspace.engine == "spark":
            _see_tables(build_file)
        marts = published_marts(manifest_path(build_file))
        folders = [workspace.serving_folder(aside)]
        if aside is not None:
            former = read_publication(workspace.serving / BUILD_FILE_NAME)
            if former is None or former.brand != workspace.brand:
                folders.append(workspace.serving)
        alerts = _alert_events(workspace, build_file, state, aside, now)
        report = restated_file(workspace, state)
        results = [
            publish_folder(
                build_file,
                marts,
                state,
                folder,
                now=now,
                alerts=alerts,
                on_table=on_table,
                report=report if aside is None else None,
            )
            for folder in folders
        ]
    publication, rows, changes = results[0]
    files = tuple(folder / BUILD_FILE_NAME for folder in folders)
    return Published(publication, files, rows, changes)


def restated_file(workspace: Workspace, state: BuildState) -> Path:
    """Where the report about the merges and splits of a build is written."""
    return workspace.build / "restated" / f"{state.as_of}_{state.build_id}.csv"


def publish_folder(
    build_file: Path,
    marts: Sequence[Mart],
    state: BuildState,
    folder: Path,
    *,
    now: datetime,
    alerts: Sequence[AlertEvent] = (),
    on_table: Callable[[str, int], None] | None = None,
    report: Path | None = None,
) -> tuple[Publication, dict[str, int], Restated | None]:
    """Copy `marts` out of `build_file` into `folder` and swap them in, `alerts` beside them.

    The caller holds the build file. Writes to `report` what merges and splits changed, before
    anything is swapped: a publication that is killed then tells of them the next time. Returns the
    publication, the rows of each table and that report.
    """
    shelf = Shelf(folder, BUILD_FILE_NAME, "parquet", ".versions", ".publish.lock")
    try:
        with shelf.only_writer():
            publication = _publication(state, read_publication(shelf.file), now)
            new_file, new_folder = shelf.new_file(), shelf.new_version(state.build_id)
            rows = _write(build_file, marts, publication, alerts, new_file, new_folder, on_table)
            former = shelf.link.resolve() if shelf.link.is_symlink() else None
            changes = restated_since(former, new_folder, report) if report else None
            shelf.replace(new_file, new_folder)
    except ShelfError as error:
        raise PublishError(str(error)) from error
    except (duckdb.Error, OSError) as error:
        raise PublishError(
            f"Publishing to {folder} failed; what was published before is still there. {error}"
        ) from error
    return publication, rows, changes


def read_publication(file: Path) -> Publication | None:
    """What a published file says about itself; None where there is no such file."""
    if not file.is_file():
        return None
    try:
        connection = duckdb.connect(str(file), read_only=True)
    except duckdb.Error:
        return None
    try:
        row = connection.execute(
            "select brand, as_of_date, build_id, business_zone, currency, published_at "
            f"from {PUBLICATION_TABLE}"
        ).fetchone()
    except duckdb.Error:
        return None
    finally:
        connection.close()
    return Publication(*row) if row is not None else None


def _complete_state(build_file: Path) -> BuildState:
    state = read_state(build_file)
    if state is None or not build_file.is_file():
        raise PublishError(
            f"There is no build in {build_file.parent}: build first (rekindle build)."
        )
    if state.status != "succeeded":
        why = {
            "failed": "did not pass its checks",
            "running": "was interrupted",
            "changed by hand": "was changed by a dbt command after its checks had passed",
        }[state.status]
        raise PublishError(
            f"The build in {build_file.parent} {why}, so it is not published; what was published "
            f"before is still there. Build again (rekindle build), then publish."
        )
    return state


def _see_tables(build_file: Path) -> None:
    """Look at Spark's tables anew: the warehouse may be within reach only now."""
    if not show_tables(build_file, manifest_path(build_file)):
        raise PublishError(
            f"The build on Spark has passed, but none of its tables is in "
            f"{warehouse_folder(build_file.parent)}, so there is nothing to publish. Set "
            "REKINDLE_SPARK_WAREHOUSE to the folder in which this machine sees Spark's warehouse "
            "(a mount or a copy of it) and publish again, or let BI read the tables where they lie."
        )


def _alert_events(
    workspace: Workspace, build_file: Path, state: BuildState, aside: date | None, now: datetime
) -> list[AlertEvent]:
    """Judge today's build, if that has not been done, and give all events up to its date.

    A build for an earlier date tells what had been found by then.
    """
    if state.as_of is None or (aside is not None and not workspace.alert_store.is_file()):
        return []
    store = AlertStore(workspace.alert_store)
    try:
        if aside is None:
            facts = BuildFacts(state.build_id, state.as_of, state.currency)
            evaluate_build(build_file, store, facts, known_channels(workspace), utc(now))
        return store.events(until=aside)
    except (duckdb.Error, OSError) as error:
        raise PublishError(
            f"The alert rules cannot be held against {build_file}; what was published before is "
            f"still there. {error}"
        ) from error
    finally:
        store.close()


def _publication(state: BuildState, former: Publication | None, now: datetime) -> Publication:
    same = former is not None and former.build_id == state.build_id and former.brand == state.brand
    return Publication(
        brand=state.brand,
        as_of_date=state.as_of,
        build_id=state.build_id,
        business_zone=state.business_zone,
        currency=state.currency,
        published_at=former.published_at if same and former is not None else utc(now),
    )


def _write(
    build_file: Path,
    marts: Sequence[Mart],
    publication: Publication,
    alerts: Sequence[AlertEvent],
    new_file: Path,
    new_folder: Path,
    on_table: Callable[[str, int], None] | None,
) -> dict[str, int]:
    rows: dict[str, int] = {}
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach {_literal(build_file)} as build (read_only)")
        connection.execute(
            f"attach {_literal(new_file)} as published "
            f"(storage_version {_literal(STORAGE_VERSION)})"
        )
        connection.execute("use published")
        for mart in marts:
            connection.execute(f"create schema if not exists {quoted(mart.schema)}")
            connection.execute(f"create table {mart.relation} as {_select(connection, mart)}")
            _comment(connection, mart)
        _write_publication(connection, publication)
        write_alert_events(connection, alerts)
        for mart in marts:
            rows[f"{mart.schema}.{mart.name}"] = _export(connection, mart, new_folder)
            if on_table is not None:
                on_table(f"{mart.schema}.{mart.name}", rows[f"{mart.schema}.{mart.name}"])
        for table in (PUBLICATION_TABLE, ALERTS_TABLE):
            schema, _, name = table.partition(".")
            _export_relation(connection, schema, name, new_folder)
        connection.execute("checkpoint published")
        connection.execute("use memory")
        connection.execute("detach published")
    finally:
        connection.close()
    return rows


def _select(connection: duckdb.DuckDBPyConnection, mart: Mart) -> str:
    described = connection.execute(f"describe build.{mart.source}").fetchall()
    names = [str(row[0]) for row in described]
    shown = [name for name in names if name not in mart.hidden]
    order = [name for name in mart.order_by if name in shown] or shown
    columns = ", ".join(quoted(name) for name in shown)
    ordering = ", ".join(f"{quoted(name)} nulls first" for name in order)
    return f"select {columns} from build.{mart.source} order by {ordering}"


def _comment(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    if mart.description:
        connection.execute(f"comment on table {mart.relation} is {_literal(mart.description)}")
    for row in connection.execute(f"describe {mart.relation}").fetchall():
        text = mart.column_descriptions.get(str(row[0]))
        if text:
            column = f"{mart.relation}.{quoted(str(row[0]))}"
            connection.execute(f"comment on column {column} is {_literal(text)}")


def _write_publication(connection: duckdb.DuckDBPyConnection, publication: Publication) -> None:
    connection.execute("create schema if not exists ops")
    connection.execute(
        f"create table {PUBLICATION_TABLE} (brand varchar, as_of_date date, build_id varchar, "
        "business_zone varchar, currency varchar, published_at timestamp)"
    )
    connection.execute(
        f"insert into {PUBLICATION_TABLE} values (?, ?, ?, ?, ?, ?)",
        [
            publication.brand,
            publication.as_of_date,
            publication.build_id,
            publication.business_zone,
            publication.currency,
            publication.published_at,
        ],
    )
    connection.execute(
        f"comment on table {PUBLICATION_TABLE} is 'One row: the build that this file holds.'"
    )
    for column, text in (
        ("brand", "Brand whose landing files the build was made from."),
        ("as_of_date", "Business date the build describes, inclusive; null for an empty brand."),
        ("build_id", "Changes with the loaded data, the models, the policies or the date."),
        ("business_zone", "IANA zone of every business date."),
        ("currency", "ISO 4217 code of every amount."),
        ("published_at", "When this build was published first (UTC)."),
    ):
        connection.execute(f"comment on column {PUBLICATION_TABLE}.{column} is {_literal(text)}")


def _export(connection: duckdb.DuckDBPyConnection, mart: Mart, new_folder: Path) -> int:
    return _export_relation(connection, mart.schema, mart.name, new_folder)


def _export_relation(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, new_folder: Path
) -> int:
    path = new_folder / schema / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    row = connection.execute(
        f"copy {quoted(schema)}.{quoted(name)} to {_literal(path)} "
        "(format parquet, compression zstd)"
    ).fetchone()
    return int(row[0]) if row is not None else 0


def _literal(value: Path | str) -> str:
    return "'" + str(value).replace("'", "''") + "'"
