"""What has to be written down."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.policy.project import OWN_SYSTEM, Project, load_yaml
from tests.policy.rule import rule

GRAIN = re.compile(r"-- Grain: one row(?:\b.*)")
REPEATED = 3


@rule
def sql_starts_with_its_grain(project: Project) -> Iterator[str]:
    """The first line of a model says what one row is."""
    texts = {str(model.path): model.sql for model in project.models}
    for path, sql in texts.items():
        if GRAIN.fullmatch(sql.split("\n", 1)[0].rstrip()) is None:
            yield f"{path} does not say what a row is. Begin it with '-- Grain: one row per …'."


@rule
def everything_is_described(project: Project) -> Iterator[str]:
    """Models, sources, source tables, seeds and snapshots have a description."""
    described: dict[str, Any] = {str(model.path): model.node for model in project.models}
    described |= {
        f"{node['original_file_path']}: {node['name']}": node
        for node in (*project.seeds.values(), *project.snapshots.values())
    }
    for place, node in described.items():
        if len(str(node.get("description") or "").split()) < 3:
            yield f"{place} has no description. Say in a sentence what it holds and why."
    for node in project.sources.values():
        place = f"{node['original_file_path']}: {node['source_name']}.{node['name']}"
        if not node.get("description") or not node.get("source_description"):
            yield f"{place} has no description. Describe the system and the table."


@rule
def sources_equal_the_contract(project: Project) -> Iterator[str]:
    """Each table of the landing contract is a source once, and the other way round."""
    declared = {(node["source_name"], node["name"]) for node in project.sources.values()}
    for system, table in sorted(set(project.contract) - declared):
        yield (
            f"models/staging/{system}/_{system}__sources.yml lacks the table {table}, which the "
            "landing contract has. Declare it."
        )
    for system, table in sorted(declared - set(project.contract)):
        if system != OWN_SYSTEM:
            yield (
                f"models/staging/{system}/_{system}__sources.yml declares the table {table}, which "
                "the landing contract lacks. Add it there or remove it here."
            )


@rule
def sources_read_the_lake(project: Project) -> Iterator[str]:
    """Sources are Parquet files of the raw lake, wherever REKINDLE_LAKE says it is."""
    for node in project.sources.values():
        meta = {**(node.get("source_meta") or {}), **(node.get("meta") or {})}
        meta |= (node.get("config") or {}).get("meta") or {}
        raw = project.files.get(node["original_file_path"], "")
        if f"/raw/{node['source_name']}/" not in str(meta.get("external_location")) or (
            "REKINDLE_LAKE" not in raw
        ):
            yield (
                f"{node['original_file_path']}: {node['source_name']}.{node['name']} does not read "
                "the raw lake. Set meta.external_location to <REKINDLE_LAKE>/raw/<system>/…"
            )


@rule
def repeated_descriptions_are_docs_blocks(project: Project) -> Iterator[str]:
    """What is said three times is said in one place."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, text in project.texts(
        "models", "seeds", "macros", "snapshots", suffix=".yml"
    ).items():
        for description in _descriptions(load_yaml(text)):
            if "doc(" not in description:
                places[" ".join(description.split())].append(path)
    for description, paths in places.items():
        if len(paths) >= REPEATED:
            yield (
                f"{', '.join(sorted(set(paths)))} say {len(paths)} times: '{description}' "
                "Make it a docs block and refer to it with doc()."
            )


def _descriptions(value: Any) -> Iterator[str]:
    """The descriptions of columns in a YAML document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "columns" and isinstance(inner, list):
                yield from (
                    str(column["description"])
                    for column in inner
                    if isinstance(column, dict) and column.get("description")
                )
            yield from _descriptions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _descriptions(inner)
