"""The SQL style that takes more than one line to judge; sqlfluff holds the rest."""

import re
from collections.abc import Iterator
from functools import lru_cache

from sqlglot import ParseError, TokenError, exp

from tests.policy.portable import RenderError, code_only, expressions, parse, render
from tests.policy.project import Project
from tests.policy.rule import rule

SHORTEST_ALIAS = 3


def _statements(project: Project) -> Iterator[tuple[str, str]]:
    for model in project.models:
        try:
            for sql in render(project, model.sql):
                parse(sql, "duckdb")
                yield str(model.path), sql
        except (RenderError, ParseError, TokenError):
            continue  # shared_sql_only says so


@rule
def aliases_are_words(project: Project) -> Iterator[str]:
    """No initials: an alias says what its rows are."""
    found = ((path, alias) for path, sql in _statements(project) for alias in _initials(sql))
    for path, alias in dict.fromkeys(found):
        yield f"{path} has the alias {alias}. Write out what its rows are."


@lru_cache(maxsize=4096)
def _initials(sql: str) -> tuple[str, ...]:
    """The aliases of a statement that are no words."""
    aliases = []
    for found in parse(sql, "duckdb").find_all(exp.Table, exp.Subquery, exp.CTE):
        alias = found.alias
        words = found.name.split("_") if isinstance(found, exp.Table) else []
        initials = "".join(word[:1] for word in words if word)
        if alias and (len(alias) < SHORTEST_ALIAS or (alias == initials and len(words) > 1)):
            aliases.append(alias)
    return tuple(aliases)


@rule
def joins_are_explicit(project: Project) -> Iterator[str]:
    """Every join says its kind and its condition; no using, no comma, no natural join."""
    found = ((path, join) for path, sql in _statements(project) for join in _vague_joins(sql))
    for path, problem in dict.fromkeys(found):
        yield f"{path} {problem}"


@lru_cache(maxsize=4096)
def _vague_joins(sql: str) -> tuple[str, ...]:
    """What the joins of a statement leave open."""
    problems = []
    for join in parse(sql, "duckdb").find_all(exp.Join):
        if join.args.get("using"):
            problems.append("joins with using. Write on …")
        elif join.method == "NATURAL":
            problems.append("joins naturally. Write on …")
        elif join.kind != "CROSS" and join.args.get("on") is None:
            problems.append(
                "joins without a condition. Write on …, or cross join where it is meant."
            )
    return tuple(problems)


@rule
def no_select_distinct(project: Project) -> Iterator[str]:
    """Distinct hides the fan-out that caused the duplicates."""
    for path, text in project.texts("models").items():
        if re.search(r"\bselect\s+distinct\b", code_only(text), re.IGNORECASE):
            yield (
                f"{path} says select distinct. Remove the join that multiplies rows, "
                "or group by the grain."
            )


@rule
def columns_are_listed(project: Project) -> Iterator[str]:
    """What comes in and what goes out is listed: no star over a reference, none in a mart's end."""
    for path, text in project.texts("models").items():
        code = code_only(re.sub(r"\{\{\s*(?:ref|source)\s*\([^}]*\}\}", " an_import ", text))
        code = re.sub(r"\bcount\s*\(\s*\*\s*\)", "", code, flags=re.IGNORECASE)
        if re.search(r"(?:\bselect|,)\s+\*[^;()]*?\bfrom\s+an_import", code, re.IGNORECASE):
            yield f"{path} imports a star. List the columns that are used."
    for model in project.marts:
        try:
            columns = expressions(render(project, model.sql)[0])
        except (RenderError, ParseError, TokenError):
            continue  # shared_sql_only says so
        if "*" in columns:
            yield f"{model.path} ends in a star. List the columns that users get, in order."
