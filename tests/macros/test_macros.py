"""Every macro gives the answers of cases.yml, every generic test passes and fails on its rows."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.macros.engine import BUSINESS_ZONE, connect, render, rows

HERE = Path(__file__).parent
MACROS: dict[str, list[dict[str, Any]]] = yaml.safe_load((HERE / "cases.yml").read_text("utf-8"))
TESTS: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "generic_tests.yml").read_text("utf-8"))


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{name}-{case['says'].replace(' ', '_')}")
        for name, cases in MACROS.items()
        for case in cases
    ],
)
def test_macro(case: dict[str, Any]) -> None:
    sql = render(
        case["query"],
        is_incremental=case.get("incremental", False),
        zone=case.get("zone", BUSINESS_ZONE),
    )
    answer = rows(connect(case.get("given", {})), sql)
    assert [list(row) for row in answer] == case["gives"], sql


@pytest.mark.parametrize(
    ("name", "query", "is_clean"),
    [
        pytest.param(name, query, outcome == "passes", id=f"{name}-{outcome}-{number}")
        for name, fixture in TESTS.items()
        for outcome in ("passes", "fails")
        for number, query in enumerate(fixture[outcome], 1)
    ],
)
def test_generic_test(name: str, query: str, is_clean: bool) -> None:
    fixture = TESTS[name]
    arguments = {"model": "given_rows"} | fixture.get("arguments", {})
    call = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    connection = connect(fixture.get("given", {}) | {"given_rows": query})
    failures = rows(connection, render(f"{{{{ test_{name}({call}) }}}}".replace("test_", "", 1)))
    assert (not failures) is is_clean, failures
