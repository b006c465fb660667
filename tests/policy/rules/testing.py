"""Tests: named, owned, and able to fail."""

import re
from collections.abc import Iterator

from tests.policy.project import PACKAGE, Project, load_yaml
from tests.policy.rule import rule

BUILT_IN = {"unique", "not_null", "accepted_values", "relationships"}
GENERIC_TESTS = "tests/macros/generic_tests.yml"
DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


@rule
def generic_tests_are_our_own(project: Project) -> Iterator[str]:
    """A generic test is dbt's or stands in tests/dbt/generic/."""
    for node in project.data_tests.values():
        metadata = node.get("test_metadata")
        if metadata is None:
            continue
        name = metadata["name"]
        if name not in BUILT_IN and name not in project.generic_tests:
            yield (
                f"{node['original_file_path']} uses the test {name}, which nobody wrote. "
                f"Add tests/dbt/generic/{name}.sql."
            )
    for name, node in project.generic_tests.items():
        if node["original_file_path"] != f"tests/dbt/generic/{name}.sql":
            yield (
                f"{node['original_file_path']} defines the test {name}. "
                f"Move it to tests/dbt/generic/{name}.sql."
            )


@rule
def generic_tests_can_fail(project: Project) -> Iterator[str]:
    """Every generic test has rows on which it passes and rows on which it fails."""
    fixtures = load_yaml(project.files.get(GENERIC_TESTS, "")) or {}
    for name in project.generic_tests:
        fixture = fixtures.get(name) or {}
        if not fixture.get("passes") or not fixture.get("fails"):
            yield (
                f"The generic test {name} lacks a fixture. Add rows on which it passes and rows on "
                f"which it fails to {GENERIC_TESTS}."
            )


@rule
def loosened_tests_give_a_dated_reason(project: Project) -> Iterator[str]:
    """A test that only warns, or forgives some rows, says why and since when."""
    for node in project.data_tests.values():
        config = node.get("config") or {}
        is_loose = (
            str(config.get("severity") or "error").lower() != "error"
            or str(config.get("error_if") or "!= 0") != "!= 0"
            or config.get("limit") is not None
            or config.get("enabled") is False
        )
        reason = str((config.get("meta") or {}).get("reason") or "")
        if is_loose and DATED.search(reason) is None:
            yield (
                f"{node['original_file_path']}: the test {node['name']} is loosened without a "
                "dated reason. Add meta: {reason: '2025-01-31: …'} or tighten it."
            )


@rule
def singular_tests_are_assets_checks(project: Project) -> Iterator[str]:
    """A singular test over several models says whose check it is (meta.dagster.ref)."""
    for node in project.data_tests.values():
        if node.get("test_metadata") is not None:
            continue
        path = node["original_file_path"]
        if not path.startswith("tests/dbt/singular/"):
            yield f"{path} is a singular test. Move it to tests/dbt/singular/."
        reference = ((node.get("config") or {}).get("meta") or {}).get("dagster", {}).get("ref")
        parents = {
            parent for parent in node["depends_on"]["nodes"] if not parent.startswith("source.")
        }
        if len(parents) > 1 and not reference:
            yield (
                f"{path} reads {len(parents)} models. Name the one it checks: "
                "config(meta={'dagster': {'ref': {'name': '…'}}})."
            )


@rule
def marts_have_tests(project: Project) -> Iterator[str]:
    """Every mart has a data test beside its contract: DuckDB checks keys, Spark does not."""
    tested = {
        node["attached_node"] for node in project.data_tests.values() if node.get("attached_node")
    }
    for model in project.marts:
        if model.unique_id not in tested:
            yield f"{model.yaml_path or model.path} has no data test. Test its key at least."


@rule
def macros_of_dbt_packages_stay_out(project: Project) -> Iterator[str]:
    """No dbt package: the few macros that are needed are our own."""
    for name in ("packages.yml", "dependencies.yml", "package-lock.yml"):
        if name in project.files:
            yield f"{name} declares dbt packages, which {PACKAGE} does without. Remove it."
