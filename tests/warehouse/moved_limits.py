"""Moves each limit of a model by a hair, and asks whether one of its unit tests notices.

Works on the statements of dbt's unit tests: the model on the test's rows beside what is expected.
A limit moves as `<` becomes `<=`, `>` becomes `>=`, and the other way round.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import duckdb

OTHER_SIDE = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
COMPARISON = re.compile(r"(?<![<>=!-])(<=|>=|<|>)(?![=>])")
FIXTURE = re.compile(r"__dbt__cte__\w+ as \(")
BEGIN, END = "from (", ") _dbt_internal_unit_test_actual"


def unnoticed(statements: Iterable[str], connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The lines of one model whose limit can move without failing any of its unit tests.

    `statements` are its unit tests as dbt sends them to DuckDB. Raises ValueError where one fails
    as it is.
    """
    noticed: dict[tuple[str, int], bool] = {}
    for statement in statements:
        if _fails(statement, connection):
            raise ValueError(f"A unit test fails before anything moves:\n{statement}")
        seen: Counter[str] = Counter()
        for line, moved in _moved(statement):
            seen[line] += 1
            limit = (line, seen[line])
            noticed[limit] = noticed.get(limit, False) or _fails(moved, connection)
    return [line for (line, _), is_noticed in noticed.items() if not is_noticed]


def _moved(statement: str) -> Iterator[tuple[str, str]]:
    """Each line with a limit, and the statement in which that limit is moved."""
    for begin, end in _model_parts(statement):
        for found in COMPARISON.finditer(statement, begin, end):
            line_begin = statement.rfind("\n", 0, found.start()) + 1
            line = statement[line_begin : statement.find("\n", found.end())].strip()
            if not line.startswith("--"):
                moved = OTHER_SIDE[found.group()]
                yield line, statement[: found.start()] + moved + statement[found.end() :]


def _model_parts(statement: str) -> Iterator[tuple[int, int]]:
    """Where the model's own text begins and ends: all but the rows that the test gives."""
    place = statement.index(BEGIN) + len(BEGIN)
    for fixture in FIXTURE.finditer(statement):
        if fixture.start() >= place:
            yield place, fixture.start()
            place = _closing(statement, fixture.end())
    yield place, statement.index(END)


def _closing(statement: str, place: int) -> int:
    """The place after the bracket that closes the one before `place`."""
    depth, in_text = 1, False
    while depth:
        if statement[place] == "'":
            in_text = not in_text
        elif not in_text:
            depth += {"(": 1, ")": -1}.get(statement[place], 0)
        place += 1
    return place


def _fails(statement: str, connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether actual and expected rows differ, or there are none because it cannot be computed."""
    try:
        rows = connection.execute(statement).fetchall()
    except duckdb.Error:
        return True
    tally: Counter[str] = Counter()
    for *values, side in rows:
        tally[repr(values)] += 1 if side == "actual" else -1
    return any(tally.values())
