"""Publishing: what arrives, what stays behind, and that readers never see half of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from orchestration.alerting.published import DESCRIPTION as ALERTS_DESCRIPTION
from orchestration.errors import RekindleError
from orchestration.publishing.publish import PublishError, publish, read_publication
from orchestration.warehouse.build import manifest_path, only_writer
from orchestration.workspace import PROJECT, Workspace
from tests.publishing.builds import TABLES, make_build, workspace_in

NOW = datetime(2025, 4, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspace_in(tmp_path)


def rows(file: Path, query: str) -> list[tuple[object, ...]]:
    connection = duckdb.connect(str(file), read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def stamps(file: Path) -> set[int]:
    found = rows(file, " union ".join(f"select stamp from {table}" for table in TABLES))
    return {int(str(row[0])) for row in found}


def parquet_stamps(folder: Path) -> set[int]:
    files = [str(folder / "parquet" / f"{table.replace('.', '/')}.parquet") for table in TABLES]
    found = duckdb.execute("select distinct stamp from read_parquet(?)", [files]).fetchall()
    return {int(row[0]) for row in found}


def test_marts_arrive_with_their_descriptions(workspace: Workspace) -> None:
    make_build(workspace, 1)
    published = publish(workspace, now=NOW)
    file = workspace.serving / "rekindle.duckdb"
    assert published.files == (file,)
    assert published.rows == dict.fromkeys(TABLES, 200)
    tables = rows(file, "select schema_name, table_name, comment from duckdb_tables() order by all")
    assert tables == [
        ("core", "fct_orders", "Rows of fct_orders; it's a 'test'. [表]"),
        ("insight", "member_rfm", "Rows of member_rfm; it's a 'test'. [表]"),
        ("ops", "alert_events", ALERTS_DESCRIPTION),
        ("ops", "publication", "One row: the build that this file holds."),
        ("ops", "quarantine", "Rows of quarantine; it's a 'test'. [表]"),
    ]
    columns = rows(
        file,
        "select column_name, comment from duckdb_columns() where table_name = 'fct_orders'",
    )
    assert columns == [("key", "Key of the row. [键]"), ("stamp", None)]


def test_rows_are_in_the_order_of_the_primary_key(workspace: Workspace) -> None:
    make_build(workspace, 1)
    publish(workspace, now=NOW)
    keys = [row[0] for row in rows(workspace.serving / "rekindle.duckdb", "from core.fct_orders")]
    assert keys == sorted(str(key) for key in range(1, 201))


def test_landing_rows_and_unpublished_columns_stay_behind(workspace: Workspace) -> None:
    make_build(workspace, 1)
    publish(workspace, now=NOW)
    for path in workspace.serving.rglob("*"):
        assert not path.is_file() or b"secret" not in path.read_bytes()
    names = duckdb.execute(
        "select distinct name from parquet_schema(?)",
        [str(workspace.serving / "parquet" / "*" / "*.parquet")],
    ).fetchall()
    assert {"raw_record", "inner_note"}.isdisjoint(name for (name,) in names)


def test_parquet_equals_the_tables(workspace: Workspace) -> None:
    make_build(workspace, 7)
    publish(workspace, now=NOW)
    file = workspace.serving / "rekindle.duckdb"
    for table in (*TABLES, "ops.publication", "ops.alert_events"):
        path = workspace.serving / "parquet" / f"{table.replace('.', '/')}.parquet"
        assert rows(file, f"from {table}") == rows(file, f"from read_parquet('{path}')")


def test_publication_row(workspace: Workspace) -> None:
    make_build(workspace, 1)
    publish(workspace, now=NOW.astimezone(timezone(timedelta(hours=8))))
    publication = read_publication(workspace.serving / "rekindle.duckdb")
    assert publication is not None
    assert (publication.brand, publication.as_of_date) == ("small", date(2025, 3, 31))
    assert (publication.build_id, publication.currency) == ("build-1", "CNY")
    assert publication.published_at == datetime(2025, 4, 1, 8, 0)  # noqa: DTZ001


def test_same_build_again_changes_no_row(workspace: Workspace) -> None:
    make_build(workspace, 1)
    first = publish(workspace, now=NOW)
    again = publish(workspace, now=NOW + timedelta(days=1))
    assert again.publication == first.publication
    make_build(workspace, 2)
    other = publish(workspace, now=NOW + timedelta(days=2))
    assert other.publication.published_at > first.publication.published_at


def test_published_file_can_be_read_by_older_clients(workspace: Workspace) -> None:
    make_build(workspace, 1)
    publish(workspace, now=NOW)
    connection = duckdb.connect()
    connection.execute(f"attach '{workspace.serving / 'rekindle.duckdb'}' as published (read_only)")
    tags = connection.execute(
        "select tags from duckdb_databases() where database_name = 'published'"
    ).fetchone()
    assert tags is not None
    assert str(tags[0]["storage_version"]).startswith("v1.5.0")


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("failed", "did not pass its checks"),
        ("running", "was interrupted"),
        ("changed by hand", "was changed by a dbt command"),
    ],
)
def test_incomplete_build_is_not_published(workspace: Workspace, status: str, why: str) -> None:
    make_build(workspace, 1)
    publish(workspace, now=NOW)
    make_build(workspace, 2, status=status)  # type: ignore[arg-type]
    with pytest.raises(PublishError, match=f"{why}.*so it is not published; what was published"):
        publish(workspace, now=NOW)
    assert stamps(workspace.serving / "rekindle.duckdb") == {1}
    assert parquet_stamps(workspace.serving) == {1}


def test_nothing_built_is_a_sentence(workspace: Workspace) -> None:
    with pytest.raises(PublishError, match=r"There is no build in .* build first"):
        publish(workspace, now=NOW)


def test_missing_table_leaves_the_former_publication(workspace: Workspace) -> None:
    make_build(workspace, 1)
    publish(workspace, now=NOW)
    build_file = make_build(workspace, 2)
    connection = duckdb.connect(str(build_file))
    connection.execute("drop table ops.quarantine")
    connection.close()
    with pytest.raises(PublishError, match="what was published before is still there"):
        publish(workspace, now=NOW)
    assert stamps(workspace.serving / "rekindle.duckdb") == {1}
    assert parquet_stamps(workspace.serving) == {1}
    make_build(workspace, 3)
    publish(workspace, now=NOW)
    assert stamps(workspace.serving / "rekindle.duckdb") == {3}


def test_broken_manifest_is_a_sentence(workspace: Workspace) -> None:
    build_file = make_build(workspace, 1)
    manifest_path(build_file).write_text("{")
    with pytest.raises(RekindleError, match=r"manifest\.json cannot be read: .*; build again"):
        publish(workspace, now=NOW)
    manifest_path(build_file).write_text(json.dumps({"nodes": {}}))
    with pytest.raises(RekindleError, match="names no public model: nothing to publish"):
        publish(workspace, now=NOW)


def test_a_vault_is_not_published(workspace: Workspace) -> None:
    manifest = manifest_path(make_build(workspace, 1))
    nodes = json.loads(manifest.read_text())
    nodes["nodes"]["insight.member_rfm"]["config"]["meta"]["vault"] = True
    manifest.write_text(json.dumps(nodes))
    with pytest.raises(RekindleError, match="member_rfm is a vault and public"):
        publish(workspace, now=NOW)
    assert not (workspace.serving / "rekindle.duckdb").exists()
    nodes["nodes"]["insight.member_rfm"]["access"] = "protected"
    manifest.write_text(json.dumps(nodes))
    assert "insight.member_rfm" not in publish(workspace, now=NOW).rows


def test_publishing_waits_for_no_build(workspace: Workspace) -> None:
    build_file = make_build(workspace, 1)
    with (
        only_writer(build_file),
        pytest.raises(RekindleError, match="Another process is building or publishing"),
    ):
        publish(workspace, now=NOW)


def test_earlier_date_never_overwrites_todays(workspace: Workspace) -> None:
    earlier = date(2025, 1, 31)
    make_build(workspace, 1)
    publish(workspace, now=NOW)
    make_build(workspace, 2, aside=earlier)
    published = publish(workspace, now=NOW, aside=earlier)
    aside = workspace.serving / "as_of=2025-01-31" / "rekindle.duckdb"
    assert published.files == (aside,)
    assert stamps(aside) == {2}
    assert stamps(workspace.serving / "rekindle.duckdb") == {1}


def test_earlier_date_is_todays_where_this_brand_has_none(tmp_path: Path) -> None:
    earlier = date(2025, 1, 31)
    other = workspace_in(tmp_path, "other")
    make_build(other, 1)
    publish(other, now=NOW)
    workspace = workspace_in(tmp_path, "small")
    make_build(workspace, 2, aside=earlier)
    published = publish(workspace, now=NOW, aside=earlier)
    assert [stamps(file) for file in published.files] == [{2}, {2}]
    publication = read_publication(workspace.serving / "rekindle.duckdb")
    assert publication is not None
    assert publication.brand == "small"


def test_folder_in_the_place_of_the_link_is_a_sentence(workspace: Workspace) -> None:
    make_build(workspace, 1)
    (workspace.serving / "parquet").mkdir(parents=True)
    with pytest.raises(PublishError, match="is a folder, but should be the link"):
        publish(workspace, now=NOW)


def test_only_the_current_and_the_former_parquet_folder_stay(workspace: Workspace) -> None:
    for stamp in range(1, 6):
        make_build(workspace, stamp)
        publish(workspace, now=NOW)
    versions = sorted(path.name for path in (workspace.serving / ".versions").iterdir())
    assert versions == ["0004-build-4", "0005-build-5"]
    assert parquet_stamps(workspace.serving) == {5}


READER = """
import sys, time
from pathlib import Path
import duckdb

file, stop = Path(sys.argv[1]), Path(sys.argv[2])
seen, reads = set(), 0
while not stop.exists():
    connection = duckdb.connect(str(file), read_only=True)
    stamps = set()
    for table in ("core.fct_orders", "insight.member_rfm", "ops.quarantine"):
        found = connection.execute(f"select distinct stamp from {table}").fetchall()
        stamps |= {row[0] for row in found}
    build = connection.execute("select build_id from ops.publication").fetchone()[0]
    connection.close()
    assert len(stamps) == 1, stamps
    assert build == f"build-{stamps.pop()}"
    seen.add(build)
    reads += 1
print(reads, len(seen))
"""


@pytest.mark.slow
def test_readers_never_fail_and_never_see_a_mix(workspace: Workspace) -> None:
    make_build(workspace, 0)
    publish(workspace, now=NOW)
    stop = workspace.serving.parent / "stop"
    readers = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                textwrap.dedent(READER),
                str(workspace.serving / "rekindle.duckdb"),
                str(stop),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        for stamp in range(1, 21):
            make_build(workspace, stamp)
            publish(workspace, now=NOW)
            time.sleep(0.05)
    finally:
        stop.touch()
        outputs = [reader.communicate(timeout=60) for reader in readers]
    for reader, (output, errors) in zip(readers, outputs, strict=True):
        assert reader.returncode == 0, errors
        reads, builds = map(int, output.split())
        assert reads >= 20
        assert builds >= 3


PUBLISHER = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from orchestration.publishing.publish import publish
from tests.publishing.builds import workspace_in

print("ready", flush=True)
publish(workspace_in(Path(sys.argv[1])), now=datetime(2025, 4, 1, tzinfo=timezone.utc))
"""


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3])
def test_killed_publisher_leaves_something_whole(workspace: Workspace, delay: float) -> None:
    make_build(workspace, 1)
    publish(workspace, now=NOW)
    make_build(workspace, 2, rows=60_000)
    publisher = subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, str(workspace.serving.parent)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert publisher.stdout is not None
    assert publisher.stdout.readline() == "ready\n"
    time.sleep(delay)
    os.kill(publisher.pid, signal.SIGKILL)
    publisher.wait()
    publisher.stdout.close()
    assert stamps(workspace.serving / "rekindle.duckdb") in ({1}, {2})
    assert parquet_stamps(workspace.serving) in ({1}, {2})
    make_build(workspace, 3)
    publish(workspace, now=NOW)
    assert stamps(workspace.serving / "rekindle.duckdb") == {3}
    assert parquet_stamps(workspace.serving) == {3}
    left = {path.name for path in workspace.serving.iterdir()}
    assert left == {"rekindle.duckdb", "parquet", ".versions", ".publish.lock"}
    assert len(list((workspace.serving / ".versions").iterdir())) <= 2
