"""Small finished builds, made without dbt."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.warehouse.build import BuildState, Status, manifest_path, write_state
from orchestration.workspace import Workspace

TABLES = ("core.fct_orders", "insight.member_rfm", "ops.quarantine")


def workspace_in(folder: Path, brand: str = "small") -> Workspace:
    """A workspace whose folders all lie in `folder`."""
    return Workspace(
        brand=brand,
        landing=folder / "landing",
        lake=folder / "var" / brand / "lake",
        build=folder / "var" / brand / "build",
        serving=folder / "serving",
        has_adapter=False,
    )


def make_build(
    workspace: Workspace,
    stamp: int,
    *,
    rows: int = 200,
    as_of: date = date(2025, 3, 31),
    aside: date | None = None,
    status: Status = "succeeded",
) -> Path:
    """A build whose every row carries `stamp`; replaces the one before."""
    build_file = workspace.build_file(aside)
    build_file.parent.mkdir(parents=True, exist_ok=True)
    build_file.unlink(missing_ok=True)
    connection = duckdb.connect(str(build_file))
    for table in TABLES:
        connection.execute(f"create schema {table.split('.')[0]}")
        connection.execute(
            f"create table {table} as select ({rows} - range)::varchar as key, {stamp} as stamp, "
            f"'secret' as raw_record, 'mine' as inner_note from range({rows})"
        )
    connection.execute("create schema intermediate")
    connection.execute("create table intermediate.int_private as select 1 as hidden")
    connection.close()
    manifest = {"nodes": {table: _node(table) for table in TABLES}}
    manifest["nodes"]["intermediate.int_private"] = {
        **_node("intermediate.int_private"),
        "access": "protected",
    }
    manifest_path(build_file).write_text(json.dumps(manifest), encoding="utf-8")
    write_state(
        build_file,
        BuildState(
            status=status,
            fingerprint="f",
            build_id=f"build-{stamp}",
            brand=workspace.brand,
            business_zone="Asia/Shanghai",
            currency="CNY",
            as_of=aside or as_of,
            snapshotted_as_of=None,
        ),
    )
    return build_file


def _node(table: str) -> dict[str, Any]:
    schema, name = table.split(".")
    return {
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": schema,
        "access": "public",
        "config": {
            "enabled": True,
            "materialized": "table",
            "access": "public",
            "meta": {"label_zh": "表"},
        },
        "description": f"Rows of {name}; it's a 'test'.",
        "constraints": [{"type": "primary_key", "columns": ["key"]}],
        "columns": {
            "key": {
                "name": "key",
                "description": "Key of\nthe row.",
                "config": {"meta": {"label_zh": "键"}},
            },
            "inner_note": {"name": "inner_note", "config": {"meta": {"published": False}}},
        },
    }
