"""Policy as data: CSV files that an operator may change."""

import re
from collections.abc import Iterator

from tests.policy.portable import without_comments
from tests.policy.project import Project
from tests.policy.rule import rule
from tests.policy.rules.portability import SHARED_TYPES


@rule
def seeds_are_policy(project: Project) -> Iterator[str]:
    """Every seed is policy; data comes through the landing contract."""
    for node in project.seeds.values():
        if not node["original_file_path"].startswith("seeds/policy/"):
            yield f"{node['original_file_path']} is not policy. Move it to seeds/policy/."


@rule
def seeds_are_typed(project: Project) -> Iterator[str]:
    """column_types names every column of the CSV: guessed types change with the rows."""
    for node in project.seeds.values():
        path = node["original_file_path"]
        header = project.files.get(path, "").lstrip("\ufeff").split("\n", 1)[0].strip()
        columns = [name.strip().strip('"') for name in header.split(",")]
        types = (node.get("config") or {}).get("column_types") or {}
        for name in columns:
            if name not in types:
                yield f"{path}: the column {name} has no type. Add it to column_types."
            elif SHARED_TYPES.fullmatch(str(types[name]).lower()) is None:
                yield (
                    f"{path}: the column {name} has the type {types[name]}. Use string, boolean, "
                    "integer, bigint, double, date, timestamp or decimal(p, s)."
                )
        for name in sorted(set(types) - set(columns)):
            yield f"{path} has no column {name}, but column_types does. Remove it there."


@rule
def seed_columns_are_documented(project: Project) -> Iterator[str]:
    """An operator reads in the YAML what a column does, its unit and its range."""
    for node in project.seeds.values():
        path = node["original_file_path"]
        header = project.files.get(path, "").lstrip("\ufeff").split("\n", 1)[0].strip()
        for name in (name.strip().strip('"') for name in header.split(",")):
            column = (node.get("columns") or {}).get(name) or {}
            if not column.get("description"):
                yield f"{path}: the column {name} has no description. Say what changing it does."


@rule
def policy_has_a_beginning(project: Project) -> Iterator[str]:
    """Every policy row says from which business date it holds, so an old date keeps its policy."""
    for node in project.seeds.values():
        path = node["original_file_path"]
        header = project.files.get(path, "").lstrip("\ufeff").split("\n", 1)[0]
        types = (node.get("config") or {}).get("column_types") or {}
        if "valid_from" not in header.split(",") or types.get("valid_from") != "date":
            yield f"{path} has no valid_from of type date. Add it: policy changes have a day."


@rule
def policy_is_tested(project: Project) -> Iterator[str]:
    """Every policy seed has a data test, so that a bad row stops the build."""
    tested = {
        parent for node in project.data_tests.values() for parent in node["depends_on"]["nodes"]
    }
    for unique_id, node in project.seeds.items():
        if unique_id not in tested:
            yield f"{node['original_file_path']} has no data test. Test its key and its ranges."


@rule
def policy_is_used(project: Project) -> Iterator[str]:
    """A policy file that nothing reads misleads whoever changes it."""
    used = {parent for model in project.models for parent in model.parents}
    code = "\n".join(map(without_comments, project.texts("orchestration", suffix=".py").values()))
    for unique_id, node in project.seeds.items():
        if unique_id not in used and re.search(rf"[\"']{node['name']}[\"'.]", code) is None:
            yield f"{node['original_file_path']} is read by no model. Use it or remove it."
