"""Every macro and every generic test answers on Spark what tests/macros/ says it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.macros.engine import BUSINESS_ZONE, macro_texts, render
from tests.macros.test_macros import MACROS, TESTS
from tests.parity.session import start_session

DUCKDB_S_BODY = "cast('0x' || substr(md5({{ expression }}), 1, 15) as bigint)"
SPARK_S_BODY = "cast(conv(substr(md5({{ expression }}), 1, 15), 16, 10) as bigint)"


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One Spark session for all cases."""
    session = start_session(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()


def flat(sql: str) -> str:
    """Temporary views have no schema: ref.x becomes ref__x."""
    return re.sub(r"\b(ref|source|this)\.(\w+)", r"\1__\2", sql)


def answer(
    spark: Any, case: Mapping[str, Any], texts: Mapping[str, str] | None = None
) -> list[list[Any]]:
    """The rows that a case gives on Spark."""
    for name, query in case.get("given", {}).items():
        rendered = flat(render(query, engine="spark"))
        spark.sql(f"create or replace temporary view {flat(name)} as {rendered}")
    sql = render(
        case["query"],
        is_incremental=case.get("incremental", False),
        zone=case.get("zone", BUSINESS_ZONE),
        engine="spark",
        texts=texts,
    )
    return [list(row) for row in spark.sql(flat(sql)).collect()]


@pytest.mark.parametrize("name", MACROS)
def test_macro(spark: Any, name: str) -> None:
    answers = {case["says"]: answer(spark, case) for case in MACROS[name]}
    assert answers == {case["says"]: case["gives"] for case in MACROS[name]}


@pytest.mark.parametrize("name", TESTS)
def test_generic_test(spark: Any, name: str) -> None:
    fixture = TESTS[name]
    arguments = {"model": "given_rows"} | fixture.get("arguments", {})
    call = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    for is_clean in (True, False):
        for query in fixture["passes" if is_clean else "fails"]:
            given = fixture.get("given", {}) | {"given_rows": query}
            failures = answer(spark, {"given": given, "query": f"{{{{ {name}({call}) }}}}"})
            assert (not failures) is is_clean, query


def test_a_cast_that_spark_turns_into_null_is_noticed(spark: Any) -> None:
    """With DuckDB's body for Spark the statement runs without an error, and answers null."""
    texts = {
        name: text.replace(SPARK_S_BODY, DUCKDB_S_BODY) for name, text in macro_texts().items()
    }
    assert texts != macro_texts()
    case = MACROS["key_number"][0]
    broken = answer(spark, case, texts)
    assert {value for row in broken for value in row} == {None}
    assert broken != case["gives"] == answer(spark, case)
