"""A publication tells what the merges and splits since the former one changed."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.errors import RekindleError
from orchestration.publishing import shelf
from orchestration.publishing.assets import restated_metadata
from orchestration.publishing.publish import publish
from orchestration.warehouse.build import manifest_path
from orchestration.workspace import Workspace
from tests.publishing.builds import make_build, workspace_in

NOW = datetime(2025, 4, 1, 8, 0, tzinfo=UTC)
MERGE = "('e1', 'merge', 'ann', 'bob', 'phone')"
SPLIT = "('e2', 'split', 'cyd', 'ann', 'conflict')"
NO_EVENT = "('e0', 'create', 'ann', null, 'first_seen')"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspace_in(tmp_path)


def build(
    workspace: Workspace, stamp: int, events: str, owners: str, aside: date | None = None
) -> None:
    """A build with these events, and records of these persons."""
    build_file = make_build(workspace, stamp, aside=aside)
    with duckdb.connect(str(build_file)) as connection:
        connection.execute(
            "create schema identity; create table identity.oneid_events as"
            " select *, timestamp '2025-03-01' as effective_at from (values"
            f" {events}) as events (event_id, event_type, one_id, other_one_id, caused_by);"
            " create table identity.oneid_map as"
            f" select unnest(string_split('{owners}', ' ')) as one_id"
        )
    manifest = json.loads(manifest_path(build_file).read_text("utf-8"))
    template = json.dumps(manifest["nodes"]["core.fct_orders"]).replace("core", "identity")
    for name in ("oneid_events", "oneid_map"):
        node = json.loads(template.replace("fct_orders", name))
        node["columns"], node["constraints"] = {}, []
        manifest["nodes"][f"identity.{name}"] = node
    manifest_path(build_file).write_text(json.dumps(manifest), "utf-8")


def test_every_publication_with_changes_writes_a_report(workspace: Workspace) -> None:
    build(workspace, 1, NO_EVENT, "ann bob")
    assert publish(workspace, now=NOW).restated is None
    build(workspace, 2, f"{NO_EVENT}, {MERGE}", "ann ann")
    merged = publish(workspace, now=NOW).restated
    assert merged is not None
    assert (merged.merges, merged.splits, merged.persons) == (1, 0, 2)
    assert merged.changed["oneid_map_rows"] == 2
    build(workspace, 3, f"{NO_EVENT}, {MERGE}, {SPLIT}", "ann cyd")
    split = publish(workspace, now=NOW).restated
    assert split is not None
    assert (split.merges, split.splits, split.persons) == (0, 1, 2)
    assert merged.file != split.file
    found = []
    for report in (merged, split):
        with report.file.open(encoding="utf-8") as lines:
            found += [
                (row["one_id"], row["oneid_map_rows_before"], row["oneid_map_rows_after"])
                for row in csv.DictReader(lines)
            ]
    assert found == [("ann", "1", "2"), ("bob", "1", ""), ("ann", "2", "1"), ("cyd", "", "1")]
    assert merged.file.is_relative_to(workspace.build)  # an erasure empties the folders in there


def test_what_was_told_is_kept_and_not_told_again(workspace: Workspace) -> None:
    build(workspace, 1, NO_EVENT, "ann bob")
    publish(workspace, now=NOW)
    build(workspace, 2, f"{NO_EVENT}, {MERGE}", "ann ann")
    told = publish(workspace, now=NOW).restated
    assert told is not None
    text = told.file.read_text("utf-8")
    assert publish(workspace, now=NOW).restated is None
    assert told.file.read_text("utf-8") == text


def test_a_publication_that_failed_tells_the_next_time(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(workspace, 1, NO_EVENT, "ann bob")
    publish(workspace, now=NOW)
    build(workspace, 2, f"{NO_EVENT}, {MERGE}", "ann ann")
    with monkeypatch.context() as broken:
        broken.setattr(shelf, "sync_file", _full_disk)
        with pytest.raises(RekindleError, match="what was published before is still there"):
            publish(workspace, now=NOW)
    assert publish(workspace, now=NOW).restated is not None


def _full_disk(_: Path) -> None:
    raise OSError("No space left on device")


def test_another_brand_and_an_earlier_date_compare_nothing(
    workspace: Workspace, tmp_path: Path
) -> None:
    build(workspace, 1, NO_EVENT, "ann bob")
    publish(workspace, now=NOW)
    other = workspace_in(tmp_path, "other")
    build(other, 2, MERGE, "ann ann")
    assert publish(other, now=NOW).restated is None
    day = date(2025, 3, 1)
    build(other, 3, f"{MERGE}, {SPLIT}", "ann cyd", aside=day)
    assert publish(other, now=NOW, aside=day).restated is None


def test_the_run_says_it(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command prints a line, Dagster has it beside the table of events."""
    monkeypatch.setattr("orchestration.cli.resolve_workspace", lambda *_, **__: workspace)
    build(workspace, 1, NO_EVENT, "ann bob")
    publish(workspace, now=NOW)
    build(workspace, 2, f"{NO_EVENT}, {MERGE}", "ann ann")
    result = CliRunner().invoke(main, ["publish"])
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "1 merges and 0 splits of 2 persons since the former publication: " in said
    build(workspace, 3, f"{NO_EVENT}, {MERGE}, {SPLIT}", "ann cyd")
    found = publish(workspace, now=NOW).restated
    metadata = restated_metadata(found)
    assert found is not None
    assert (metadata["merges"], metadata["splits"], metadata["persons_restated"]) == (0, 1, 2)
    assert str(found.file) in str(metadata["restated"])
    assert restated_metadata(None) == {"merges": 0, "splits": 0}
