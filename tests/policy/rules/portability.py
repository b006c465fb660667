"""The engine boundary: models speak the SQL that DuckDB and Spark share."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeVar

from sqlglot import ParseError, TokenError, exp

from tests.policy.portable import (
    RenderError,
    casts,
    code_only,
    compile_for,
    functions,
    parse,
    render,
    window_orders,
    without_comments,
)
from tests.policy.project import Project
from tests.policy.rule import rule

SHARED_FUNCTIONS = {
    # conditions and numbers
    "abs", "cast", "ceil", "coalesce", "exp", "floor", "greatest", "least", "ln", "nullif", "sign",
    "sqrt",
    # text
    "left", "length", "lower", "lpad", "md5", "replace", "right", "rpad", "split_part", "substr",
    "upper",
    # dates
    "date_trunc", "extract", "last_day", "make_date",
    # aggregates and windows
    "avg", "bool_and", "bool_or", "count", "cume_dist", "dense_rank", "first_value", "grouping",
    "lag", "last_value", "lead", "max", "min", "nth_value", "percent_rank", "rank", "row_number",
    "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp",
}  # fmt: skip
"""The functions that mean the same on both engines for the types in use. Adding one here needs a
look at nulls, types and edges on both."""

SPARK_FUNCTIONS = SHARED_FUNCTIONS | {
    "add_months", "array_join", "array_sort", "collect_list", "conv", "convert_timezone",
    "date_add", "datediff", "explode", "levenshtein", "percentile", "regexp_extract",
    "regexp_replace", "rlike", "sequence",
}  # fmt: skip
"""What may be called once a model is compiled for Spark: the shared functions, and those that the
Spark bodies of macros/dialect/ call."""

WHY_NOT = {
    "round": "rounding differs (1.005 becomes 1.00 or 1.01): leave numbers whole",
    "concat": "it treats null differently: use ||",
    "trim": "engines disagree about full-width spaces: the loader has trimmed already",
    "any_value": "it may answer differently each time: say which value is meant",
    "random": "a build has to answer the same each time",
    "uuid": "a build has to answer the same each time",
    "unnest": "use a series macro of macros/dialect/",
    "try_cast": "a bad cast is null on one engine: the loader has typed already",
    "if": "use case when",
    "ifnull": "use coalesce",
    "nvl": "use coalesce",
}
SHARED_TYPES = re.compile(
    r"string|boolean|int|integer|bigint|double|date|timestamp|decimal ?\(\d+, ?\d+\)"
)
SPARK_TYPES = re.compile(rf"{SHARED_TYPES.pattern}|timestamp_ntz")
SHARED_DATE_PARTS = {"YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE"}
CLOCK = re.compile(
    r"\b(?:current_date|current_timestamp|current_time|localtime|localtimestamp|now|today|"
    r"get_current_timestamp|transaction_timestamp|statement_timestamp|clock_timestamp|sysdate|"
    r"getdate|utcnow|run_started_at|unix_timestamp|curdate)\b(?!\s*:)|modules\.datetime|dbt\.current_",
    re.IGNORECASE,
)
ENGINE_IN_JINJA = re.compile(
    r"\b(?:target\s*[.\[]|adapter\s*\.|dbt\s*\.\s*\w+\s*\(|run_query|statement\s*\(|"
    r"dbt_utils|modules\s*\.|graph\s*\.|"
    r"(?:env_var|var)\s*\(\s*['\"](?:rekindle_)?(?:engine|target|spark|duckdb)\w*)",
    re.IGNORECASE,
)
SNAPSHOT_TAG = re.compile(r"\{%-?\s*(?:end)?snapshot\b[^%]*%\}")
NOT_OF_SPARK: dict[type[exp.Expr], str] = {
    exp.Qualify: "uses qualify",
    exp.Bracket: "indexes into a list, which Spark counts from 0",
    exp.Unnest: "uses unnest",
    exp.Struct: "builds a struct",
    exp.Lambda: "uses a lambda",
}
"""What Spark has not, or not so, though SQLGlot reads it in Spark's dialect."""
# dbt lets a project replace these, and they are told the target's own schema.
DBT_OVERRIDES = {
    "generate_schema_name",
    "generate_alias_name",
    "generate_database_name",
    "get_table_columns_and_constraints",
}


def sql_texts(project: Project) -> dict[str, str]:
    """Everything that has to be portable: models, snapshots, generic and singular tests."""
    return {
        path: SNAPSHOT_TAG.sub("", text)
        for path, text in project.texts("models", "snapshots", "tests/dbt").items()
    }


@rule
def shared_sql_only(project: Project) -> Iterator[str]:
    """Both engines parse the rendered SQL, and it calls only functions that both have."""
    for path, text in sql_texts(project).items():
        try:
            variants = render(project, text)
            for sql in variants:
                for dialect in ("duckdb", "spark"):
                    parse(sql, dialect)
        except RenderError as error:
            yield (
                f"{path} needs an engine to be rendered ({error}). Use ref, source, var, config "
                "and this project's macros; what differs by engine belongs into macros/dialect/."
            )
            continue
        except (ParseError, TokenError) as error:
            sentence = re.sub(r"\x1b\[\d*m", "", str(error)).split("\n")[0]
            yield f"{path} is not SQL that both engines read: {sentence} Rewrite that part."
            continue
        for name in sorted(set().union(*map(functions, variants))):
            if name not in SHARED_FUNCTIONS and not name.startswith("dialect_"):
                reason = WHY_NOT.get(name, "it is not among the functions both engines share")
                yield (
                    f"{path} calls {name}(): {reason}. What has to differ by engine is a macro in "
                    "macros/dialect/."
                )


@rule
def compiled_sql_is_spark_s(project: Project) -> Iterator[str]:
    """What dbt compiles for the target spark parses as Spark SQL and calls functions Spark has.

    Half of it is what `shared_sql_only` has seen; new here are the bodies of macros/dialect/.
    """
    for path, text in sql_texts(project).items():
        try:
            shared = render(project, text)
            variants = compile_for(project, text, "spark")
            trees = [parse(sql, "spark") for sql in variants]
        except RenderError:
            continue  # shared_sql_only says so
        except (ParseError, TokenError) as error:
            sentence = re.sub(r"\x1b\[\d*m", "", str(error)).split("\n")[0]
            yield f"{path}, compiled for Spark, is not Spark SQL: {sentence} Rewrite that part."
            continue
        called = set().union(*map(functions, variants)) - set().union(*map(functions, shared))
        for name in sorted(called - SPARK_FUNCTIONS):
            yield (
                f"{path}, compiled for Spark, calls {name}(), which Spark is not known to "
                "have. Give the macro of macros/dialect/ a body for Spark, or add the function "
                "to SPARK_FUNCTIONS after a look at nulls, types and edges."
            )
        kinds = set().union(*map(casts, variants)) - set().union(*map(casts, shared))
        for kind in sorted(kind for kind in kinds if SPARK_TYPES.fullmatch(kind) is None):
            yield f"{path}, compiled for Spark, casts to {kind}, which Spark is not known to have."
        for sentence in dict.fromkeys(s for tree in trees for s in _not_of_spark(tree)):
            yield f"{path}, compiled for Spark, {sentence}. Write what Spark has."


def _not_of_spark(tree: exp.Expr) -> Iterator[str]:
    for kind, sentence in NOT_OF_SPARK.items():
        if tree.find(kind) is not None:
            yield sentence


@rule
def shared_types_only(project: Project) -> Iterator[str]:
    """Casts name types by the words both engines know, and by cast(… as …)."""
    for path, text in sql_texts(project).items():
        if "::" in code_only(text):
            yield f"{path} casts with '::'. Write cast(… as …)."
        try:
            variants = render(project, text)
        except RenderError:
            continue  # shared_sql_only says so
        kinds = frozenset().union(*map(casts, variants))
        for kind in sorted(kind for kind in kinds if SHARED_TYPES.fullmatch(kind) is None):
            yield (
                f"{path} casts to {kind}. Use string, boolean, integer, bigint, double, date, "
                "timestamp or decimal(p, s)."
            )


Kind = TypeVar("Kind", bound=exp.Expr)


@lru_cache(maxsize=4096)
def _unshared(sql: str) -> tuple[str, ...]:
    """What a statement says that only one engine understands, or both but differently."""
    return tuple(dict.fromkeys(_sentences(parse(sql, "duckdb"))))


def _sentences(tree: exp.Expr) -> Iterator[str]:
    kinds: dict[type[exp.Expr], str] = {
        exp.Qualify: "uses qualify: filter a row_number() in an outer select",
        exp.Array: "builds an array: keep one value a row",
        exp.Bracket: "indexes into a list: keep one value a row",
        exp.Struct: "builds a struct: keep columns apart",
        exp.Lambda: "uses a lambda: write a macro in macros/dialect/",
        exp.Pivot: "uses pivot: write conditional aggregates",
        exp.JSONExtract: "reads JSON: evidence stands in typed columns",
        exp.JSONExtractScalar: "reads JSON: evidence stands in typed columns",
        exp.Interval: "adds an interval, whose result type differs: use add_days or add_months",
        exp.IntDiv: "divides with //: cast(floor(cast(… as double) / …) as bigint)",
        exp.IgnoreNulls: "says ignore nulls, whose place differs: use last_known",
        exp.RegexpLike: "matches a regular expression: use the macro of macros/dialect/",
        exp.SimilarTo: "matches a regular expression: use the macro of macros/dialect/",
        exp.Columns: "uses columns(): list them",
        exp.TableSample: "samples: a build has to answer the same each time",
    }  # fmt: skip
    nodes = tuple(tree.walk())

    def of(*kinds: type[Kind]) -> list[Kind]:
        return [node for node in nodes if isinstance(node, kinds)]

    for kind, sentence in kinds.items():
        if of(kind):
            yield sentence
    for star in of(exp.Star):
        if any(star.args.get(key) for key in ("except", "except_", "replace", "rename")):
            yield "takes a star apart (exclude, replace, rename): list the columns"
    for division in of(exp.Div):
        is_double = isinstance(division.this, exp.Cast) and division.this.to.is_type("double")
        if not (is_double and isinstance(division.expression, exp.Literal | exp.Nullif)):
            yield (
                "divides with /, whose type and whose answer over zero differ: "
                "cast(… as double) / nullif(…, 0)"
            )
    for rounded in of(exp.Floor, exp.Ceil):
        if not isinstance(rounded.parent, exp.Cast):
            yield "takes floor() or ceil(), whose type differs: cast the result at once"
    for group in of(exp.Group):
        if group.args.get("all"):
            yield "says group by all: list the columns"
    for extract in of(exp.Extract):
        if extract.this.name.upper() not in SHARED_DATE_PARTS:
            yield f"extracts {extract.this.name.lower()}, which the engines count differently"
    for average in of(exp.Avg):
        inside = average.this
        if not (isinstance(inside, exp.Cast) and inside.to.is_type("double")):
            yield "averages without a cast to double, whose type differs: avg(cast(… as double))"
    for join in of(exp.Join):
        for way in {join.kind, join.method} & {"ASOF", "SEMI", "ANTI", "POSITIONAL"}:
            yield f"uses a {way.lower()} join: use exists, or a union with a window"
    for union in of(exp.SetOperation):
        if union.args.get("by_name"):
            yield "unites by name: list the columns in order"
    for limit in of(exp.Limit):
        if limit.parent is not None and limit.parent.args.get("order") is None:
            yield "limits rows without an order: order by a unique key"


@rule
def shared_syntax_only(project: Project) -> Iterator[str]:
    """No syntax that one engine lacks or reads differently."""
    for path, text in sql_texts(project).items():
        found: dict[str, None] = {}
        try:
            for sql in render(project, text):
                found |= dict.fromkeys(_unshared(sql))
        except (RenderError, ParseError, TokenError):
            continue  # shared_sql_only says so
        for sentence in found:
            yield f"{path} {sentence}."


@rule
def windows_order_nulls(project: Project) -> Iterator[str]:
    """The engines put nulls at different ends, so every window says where they go."""
    for path, text in sql_texts(project).items():
        try:
            variants = render(project, text)
        except RenderError:
            continue  # shared_sql_only says so
        for term in dict.fromkeys(term for sql in variants for term in window_orders(sql)):
            if not term.endswith((" nulls first", " nulls last")):
                yield (
                    f"{path} orders a window by '{term}' without saying where nulls go. "
                    "Add nulls first or nulls last."
                )


@rule
def models_know_no_engine(project: Project) -> Iterator[str]:
    """No branch by engine outside macros/dialect/ and macros/materializations/."""
    texts = project.texts("models", "tests/dbt", "macros")
    for path, text in texts.items():
        if path.startswith(("macros/dialect/", "macros/materializations/")):
            continue
        if path.rpartition("/")[2].removesuffix(".sql") in DBT_OVERRIDES:
            continue
        found = ENGINE_IN_JINJA.search(without_comments(text))
        if found is not None:
            yield (
                f"{path} uses '{found[0].strip()}'. Models do not know the engine; "
                "put the difference into a macro of macros/dialect/."
            )


@rule
def models_read_no_clock(project: Project) -> Iterator[str]:
    """The business date comes from one model, so any day can be built again."""
    for path, text in project.texts("models", "macros", "tests/dbt").items():
        found = CLOCK.search(without_comments(text))
        if found is not None:
            yield f"{path} asks the clock ({found[0]}). Join stg_rekindle__as_of instead."


@rule
def dialect_macros_serve_both_engines(project: Project) -> Iterator[str]:
    """A macro of macros/dialect/ dispatches, and has one body for DuckDB and one for Spark."""
    by_path: dict[str, set[str]] = {}
    for macro in project.macros:
        by_path.setdefault(str(macro.path), set()).add(macro.name)
    for path, names in by_path.items():
        if not path.startswith("macros/dialect/"):
            continue
        name = path.rpartition("/")[2].removesuffix(".sql")
        missing = {name, f"default__{name}", f"spark__{name}"} - names
        if missing or "adapter.dispatch(" not in project.files.get(path, ""):
            yield (
                f"{path} lacks {', '.join(sorted(missing)) or 'adapter.dispatch'}. A dialect macro "
                "dispatches to default__ (DuckDB) and spark__."
            )
