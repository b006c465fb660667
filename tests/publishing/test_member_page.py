"""The page of a member holds every published mart that names a person, and nobody else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.errors import RekindleError, UsageError
from orchestration.publishing.member_page import QUERY, member_page
from orchestration.workspace import PROJECT

VAULT = "'vault': true"
"""What a mart says of itself in its SQL that holds personal data and is not published."""


@cache
def contracts() -> dict[str, dict[str, str]]:
    """Columns and types of every published mart that names a person, as its contract has them."""
    found = {}
    for path in sorted((PROJECT / "models" / "marts").rglob("*.yml")):
        described: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        for model in described.get("models", ()):
            columns = {one["name"]: one["data_type"] for one in model["columns"]}
            is_about_persons = any(name.endswith("one_id") for name in columns)
            if is_about_persons and VAULT not in path.with_suffix(".sql").read_text("utf-8"):
                found[f"{path.parent.name}.{model['name']}"] = columns
    return found


def value(kind: str, column: str, person: str) -> str:
    """Some value of a type; of columns that name a person, that one."""
    if column.endswith("one_id"):
        return f"'{person}'"
    text = {"boolean": "true", "date": "2025-06-30", "timestamp": "2025-06-30 08:00:00"}
    return f"cast('{text.get(kind, '7')}' as {kind})"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Every mart with one row about `one` and one about `other`."""
    file = tmp_path / "rekindle.duckdb"
    with duckdb.connect(str(file)) as connection:
        for mart, columns in contracts().items():
            connection.execute(f"create schema if not exists {mart.split('.')[0]}")
            rows = " union all ".join(
                "select "
                + ", ".join(f"{value(kind, name, who)} as {name}" for name, kind in columns.items())
                for who in ("one", "other")
            )
            connection.execute(f"create table {mart} as {rows}")
        connection.execute(
            "update identity.oneid_map set source_system = 'crm', source_table = 'members',"
            " source_key = one_id || '-card'"
        )
    return file


def test_every_mart_about_persons_is_on_the_page(published: Path) -> None:
    page = member_page(published, "one")
    assert {entry.mart for entry in page} == set(contracts())
    assert len(page) == len(contracts())
    for entry in page:
        columns = contracts()[entry.mart]
        assert dict(entry.facts).keys() == columns.keys(), entry.mart
        assert "other" not in dict(entry.facts).values()
    assert "vault" not in QUERY.read_text("utf-8")


def test_a_record_stands_for_its_person(published: Path) -> None:
    assert member_page(published, "crm.members:one-card") == member_page(published, "one")


def test_mistakes_get_a_sentence(published: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nobody is nobody in .*: give a one_id of"):
        member_page(published, "nobody")
    with pytest.raises(UsageError, match=r"There is no record crm\.members:two-card"):
        member_page(published, "crm.members:two-card")
    with pytest.raises(RekindleError, match="build and publish this brand first"):
        member_page(tmp_path / "nothing.duckdb", "one")


def test_the_command_shows_it(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.cli.BUILD_FILE_NAME", str(published))
    result = CliRunner().invoke(main, ["page", "crm.members:one-card"])
    assert result.exit_code == 0, result.output
    assert "insight.member_ltv" in result.output
    assert "  as_of_date 2025-06-30, one_id one" in result.output


def test_the_command_does_not_answer_for_another_brand(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.cli.BUILD_FILE_NAME", str(published))
    with duckdb.connect(str(published)) as connection:
        connection.execute(
            "create schema ops; create table ops.publication as select 'shop' as brand,"
            " date '2025-06-30' as as_of_date, 'b' as build_id, 'UTC' as business_zone,"
            " 'CNY' as currency, timestamp '2025-07-01' as published_at"
        )
    (tmp_path / "tea").mkdir()
    for command in (["page", "crm.members:one-card"], ["explain", "crm.members:a", "app.users:b"]):
        result = CliRunner().invoke(main, [*command, "--data", str(tmp_path / "tea")])
        assert result.exit_code == 2
        assert " holds the brand shop, not tea-" in result.output
        assert "or leave --data out" in result.output
