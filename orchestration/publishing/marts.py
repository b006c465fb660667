"""Which tables of a build are published, and how: read from dbt's manifest, never from a list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.errors import RekindleError

UNPUBLISHED_COLUMNS = frozenset({"raw_record"})
"""Columns that hold landing rows as they came, personal data included, and stay in the build."""


@dataclass(frozen=True)
class Mart:
    """A table to publish. `order_by` sorts it; `hidden` columns stay behind."""

    schema: str
    name: str
    source_name: str
    description: str
    column_descriptions: Mapping[str, str]
    order_by: tuple[str, ...]
    hidden: frozenset[str]

    @property
    def relation(self) -> str:
        """Quoted name in the published file."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def source(self) -> str:
        """Quoted name in the build file."""
        return f"{quoted(self.schema)}.{quoted(self.source_name)}"


def published_marts(manifest: Path) -> tuple[Mart, ...]:
    """The public models of a manifest, by schema and name.

    A column is left behind when its name is in UNPUBLISHED_COLUMNS or its `config.meta` says
    `published: false`. Raises RekindleError for a manifest that cannot be read or has no mart.
    """
    try:
        nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    except (OSError, ValueError, KeyError) as error:
        raise RekindleError(f"The manifest {manifest} cannot be read: {error}; build again.") from (
            error
        )
    marts = [
        _mart(node)
        for node in nodes
        if node["resource_type"] == "model"
        and _is_public(node)
        and node["config"].get("enabled", True)
        and node["config"].get("materialized") != "ephemeral"
    ]
    vaults = [node["name"] for node in nodes if _meta(node).get("vault") and _is_public(node)]
    if vaults:
        raise RekindleError(
            f"{vaults[0]} is a vault and public: personal data are never published. Set its access "
            "to protected, and build again."
        )
    if not marts:
        raise RekindleError(f"The manifest {manifest} names no public model: nothing to publish.")
    return tuple(sorted(marts, key=lambda mart: (mart.schema, mart.name)))


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _mart(node: Mapping[str, Any]) -> Mart:
    columns: Mapping[str, Any] = node.get("columns", {})
    hidden = {
        str(column["name"])
        for column in columns.values()
        if column["name"] in UNPUBLISHED_COLUMNS or _meta(column).get("published") is False
    }
    return Mart(
        schema=str(node["schema"]),
        name=str(node["name"]),
        source_name=str(node.get("alias") or node["name"]),
        description=_labelled(node),
        column_descriptions={str(column["name"]): _labelled(column) for column in columns.values()},
        order_by=_primary_key(node, columns),
        hidden=frozenset(hidden | UNPUBLISHED_COLUMNS),
    )


def _primary_key(node: Mapping[str, Any], columns: Mapping[str, Any]) -> tuple[str, ...]:
    for constraint in node.get("constraints") or ():
        if constraint.get("type") == "primary_key" and constraint.get("columns"):
            return tuple(str(name) for name in constraint["columns"])
    return tuple(
        str(column["name"])
        for column in columns.values()
        if any(part.get("type") == "primary_key" for part in column.get("constraints") or ())
    )


def _is_public(node: Mapping[str, Any]) -> bool:
    return bool((node.get("access") or node["config"].get("access")) == "public")


def _meta(described: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**(described.get("meta") or {}), **((described.get("config") or {}).get("meta") or {})}


def _labelled(described: Mapping[str, Any]) -> str:
    """Description of a model or column, with its Chinese label behind it."""
    label = _meta(described).get("label_zh")
    description = _text(described.get("description"))
    return f"{description} [{label}]" if label and description else str(label or description)


def _text(value: object) -> str:
    return " ".join(str(value or "").split())
