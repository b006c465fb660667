"""Renders a model without dbt and without an engine, so that its SQL can be judged.

References become tables of the schemas `ref` and `source`. `render` expands the macros of this
project as they are, except those in macros/dialect/: they become calls of functions named
`dialect_…`, so what is left is the SQL that every engine has to understand. `compile_for` expands
these too, with the body of one engine.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any

import jinja2
import sqlglot
from sqlglot import exp

from tests.policy.project import Project, signature

Macros = tuple[tuple[str, str], ...]
"""Files of macros: path, text."""

NOT_EXPANDED = ("macros/dialect/", "macros/materializations/")
KEYWORDS = {
    "all", "and", "any", "as", "between", "by", "case", "check", "decimal", "distinct", "else",
    "end", "except", "exists", "filter", "from", "group", "having", "in", "inner", "intersect",
    "interval", "is", "join", "lateral", "left", "like", "limit", "not", "null", "on", "or",
    "order", "over", "partition", "primary", "select", "some", "then", "union", "values", "when",
    "where", "window", "with", "materialized", "rows", "range", "ilike", "key", "sets", "cube",
    "rollup",
}  # fmt: skip


class RenderError(ValueError):
    """A text that needs dbt or an engine to be rendered; the message says what it asked for."""


class _Variable:
    """A dbt variable that is either unset or equal to whatever it is compared with."""

    def __init__(self, name: str, is_set: bool) -> None:
        self.name, self.is_set = name, is_set

    def __bool__(self) -> bool:
        return self.is_set

    def __eq__(self, other: object) -> bool:
        return self.is_set

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return f"variable_{self.name}"


def _dialect_call(name: str, parameters: tuple[str, ...]) -> Callable[..., str]:
    def call(*values: object, **named: object) -> str:
        given = {**dict(zip(parameters, values, strict=False)), **named}
        window = [
            f"{key.replace('_', ' ')} {given.pop(key)}"
            for key in ("partition_by", "order_by")
            if key in given
        ]
        arguments = ", ".join(str(value) for value in given.values())
        return f"dialect_{name}({arguments})" + (f" over ({' '.join(window)})" if window else "")

    return call


class MacroReturn(Exception):  # noqa: N818
    """How dbt's return() leaves a macro."""

    def __init__(self, value: object) -> None:
        self.value = value


def leave_macro(value: object) -> None:
    raise MacroReturn(value)


class LazyMacro:
    """A macro of this project, read when it is first called."""

    def __init__(self, environment: jinja2.Environment, name: str, text: str) -> None:
        self._environment, self._name, self._text = environment, name, text
        self._function: Callable[..., object] | None = None

    def __call__(self, *values: object, **named: object) -> object:
        if self._function is None:
            module = self._environment.from_string(self._text).module
            self._function = getattr(module, self._name)
        try:
            return self._function(*values, **named)
        except MacroReturn as returned:
            return returned.value


class _Adapter:
    """dbt's adapter, as far as macros dispatch to the body of one engine."""

    def __init__(self, environment: jinja2.Environment, engine: str) -> None:
        self._environment, self._engine = environment, engine
        self._texts: dict[str, str] = {}

    def knows(self, name: str, text: str) -> None:
        """The text in which a macro and its bodies stand."""
        self._texts[name] = text

    def get_relation(self, *_names: object) -> str:
        """A relation that is there already, as for the second build of a snapshot."""
        return "this.relation"

    def dispatch(self, name: str, _package: str | None = None) -> Callable[..., object]:
        """The body of the engine."""
        return LazyMacro(self._environment, f"{self._engine}__{name}", self._texts[name])


@lru_cache(maxsize=8192)
def _code(text: str) -> CodeType:
    """The Python that jinja makes of a text, which is the same whatever the text may then call."""
    return jinja2.Environment(extensions=_Environment.EXTENSIONS).compile(text)


class _Environment(jinja2.Environment):
    """An environment that differs from others by what it knows, so all share the compiled texts."""

    EXTENSIONS = ("jinja2.ext.do",)

    def __init__(self) -> None:
        super().__init__(
            undefined=jinja2.StrictUndefined, extensions=self.EXTENSIONS, autoescape=False
        )

    def from_string(self, source: Any, *_rest: Any, **_named: Any) -> jinja2.Template:
        """The template of a text."""
        return jinja2.Template.from_code(self, _code(source), self.make_globals(None))


def _environment(
    macros: Macros,
    variables_set: bool,
    is_incremental: bool,
    engine: str | None,
) -> jinja2.Environment:
    environment = _Environment()
    environment.globals.update(
        {
            "ref": lambda *names, **_named: f"ref.{names[-1]}",
            "source": lambda system, table: f"source.{system}__{table}",
            "this": "this.relation",
            "config": lambda *_values, **_named: "",
            "log": lambda *_values, **_named: "",
            "return": leave_macro,
            "var": lambda name, *_default: _Variable(name, variables_set),
            "env_var": lambda name, *default: default[0] if default else name,
            "is_incremental": lambda: is_incremental,
            "execute": True,
        }
    )
    adapter = _Adapter(environment, engine or "")
    given_by_dbt = set(environment.globals)
    for path, text in macros:
        name, parameters = signature(text)
        if name in given_by_dbt:
            continue
        is_expanded = engine is not None or not path.startswith(NOT_EXPANDED)
        environment.globals[name] = (
            LazyMacro(environment, name, text) if is_expanded else _dialect_call(name, parameters)
        )
        adapter.knows(name, text)
    environment.globals["adapter"] = adapter
    return environment


@lru_cache(maxsize=1024)
def _environments(macros: Macros, engine: str | None) -> tuple[jinja2.Environment, ...]:
    return tuple(
        _environment(macros, variables_set, is_incremental, engine)
        for variables_set in (False, True)
        for is_incremental in (False, True)
    )


@lru_cache(maxsize=16)
def _by_name(macros: Macros) -> Mapping[str, Macros]:
    """The files of macros by the name that others call."""
    found: dict[str, Macros] = {}
    for path, text in macros:
        name = signature(text)[0]
        found[name] = (*found.get(name, ()), (path, text))
    return found


@lru_cache(maxsize=8192)
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


def _called(text: str, macros: Macros) -> Macros:
    """The macros that a text may call, and those that they may; another macro changes nothing."""
    by_name = _by_name(macros)
    found: dict[str, Macros] = {}
    texts = [text]
    while texts:
        for name in sorted((_words(texts.pop()) & by_name.keys()) - found.keys()):
            found[name] = by_name[name]
            texts += [called for _, called in found[name]]
    return tuple(file for name in sorted(found) for file in found[name])


@lru_cache(maxsize=8192)
def _render(text: str, macros: Macros, engine: str | None = None) -> tuple[str, ...]:
    name, parameters = signature(text)
    if re.search(r"\{%-?\s*test\b", text):  # a generic test: call it with its own words
        text = re.sub(r"\{%(-?)\s*(end)?test\b", r"{%\1 \2macro", text)
        text += "{{ " + f"{name}({', '.join(map(repr, parameters))})" + " }}"
    variants: dict[str, None] = {}
    for environment in _environments(macros, engine):
        try:
            rendered = environment.from_string(text).render()
        except (jinja2.TemplateError, TypeError, ValueError, AttributeError) as error:
            raise RenderError(str(error)) from error
        variants[rendered.strip()] = None
    return tuple(variants)


def render(project: Project, text: str) -> tuple[str, ...]:
    """The different SQL texts a model (or test) can become: first or next build, variables or not.

    Raises RenderError where the text asks for more than dbt's references and this project's macros.
    """
    return _render(text, _called(text, project.macro_files))


def compile_for(project: Project, text: str, engine: str) -> tuple[str, ...]:
    """The different SQL texts that dbt would compile a model to on an engine, macros and all.

    Raises RenderError like `render`.
    """
    return _render(text, _called(text, project.macro_files), engine)


@lru_cache(maxsize=8192)
def parse(sql: str, dialect: str) -> exp.Expr:
    """The syntax tree of one statement; raises sqlglot's ParseError or TokenError."""
    return sqlglot.parse_one(sql, read=dialect)


@lru_cache(maxsize=8192)
def without_comments(text: str) -> str:
    """A text without its SQL and jinja comments."""
    return re.sub(r"\{#.*?#\}|--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)


@lru_cache(maxsize=8192)
def code_only(text: str) -> str:
    """A text without comments and without what its string literals say."""
    return re.sub(r"'(?:[^']|'')*'", "''", without_comments(text))


@lru_cache(maxsize=8192)
def functions(sql: str) -> frozenset[str]:
    """The names of the functions that a rendered statement calls."""
    code = code_only(sql).lower()
    code = re.sub(r"\bas\s+\w+\s*\(", "as (", code)  # an alias that names its columns
    return frozenset(re.findall(r"(?<![\w.])([a-z_]\w*)\s*\(", code)) - KEYWORDS


@lru_cache(maxsize=8192)
def casts(sql: str) -> frozenset[str]:
    """The types that a statement casts to, with their arguments, lower case."""
    code = code_only(sql).lower()
    return frozenset(
        re.sub(r"\s+", " ", _split(_inside(code, found.end()), " as ")[-1].strip())
        for found in re.finditer(r"\b(?:try_)?cast\s*\(", code)
    )


@lru_cache(maxsize=8192)
def window_orders(sql: str) -> tuple[str, ...]:
    """The different terms by which the windows of a statement order their rows."""
    return tuple(dict.fromkeys(_window_orders(code_only(sql).lower())))


def _window_orders(code: str) -> Iterator[str]:
    for found in re.finditer(r"\bover\s*\(", code):
        inside = " ".join(_inside(code, found.end()).split())
        if "order by " not in inside:
            continue
        terms = _split(f" {inside}", " order by ")[-1]
        terms = re.split(r" (?:rows|range|groups) ", f"{terms} ")[0]
        yield from (term.strip() for term in _split(terms, ","))


def _inside(code: str, start: int) -> str:
    """What stands between the parenthesis opened just before `start` and its partner."""
    depth = 1
    for position in range(start, len(code)):
        depth += {"(": 1, ")": -1}.get(code[position], 0)
        if depth == 0:
            return code[start:position]
    return code[start:]


def _split(code: str, separator: str) -> list[str]:
    """Splits a text where the separator stands outside parentheses."""
    parts, depth, last = [], 0, 0
    for position, character in enumerate(code):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and position >= last and code.startswith(separator, position):
            parts.append(code[last:position])
            last = position + len(separator)
    return [*parts, code[last:]]


@lru_cache(maxsize=8192)
def output_columns(sql: str) -> frozenset[str]:
    """The names of the columns a statement gives; a star is what it stands for, as far as told."""
    tree: Any = parse(sql, "duckdb")
    return frozenset(_outputs(tree, {}))


def _outputs(tree: Any, known: Mapping[str, frozenset[str]]) -> set[str]:
    """The columns of a query; `known` are those of the queries that it may name."""
    if isinstance(tree, exp.Subquery):
        return _outputs(tree.this, known)
    inner = dict(known)
    for query in tree.ctes:
        inner[query.alias] = frozenset(_outputs(query.this, inner))
    if isinstance(tree, exp.SetOperation):
        return _outputs(tree.this, inner) | _outputs(tree.expression, inner)
    if not isinstance(tree, exp.Select):
        return set()
    read: dict[str, set[str]] = {}
    joins = [join.this for join in tree.args.get("joins") or ()]
    source = tree.args.get("from_") or tree.args.get("from")
    for relation in [*([source.this] if source else []), *joins]:
        if isinstance(relation, exp.Subquery):
            read[relation.alias_or_name] = _outputs(relation.this, inner)
        else:
            read[relation.alias_or_name] = set(inner.get(relation.name, ()))
    found: set[str] = set()
    for column in tree.expressions:
        if not column.is_star:
            found.add(column.alias_or_name)
        elif isinstance(column, exp.Column):
            found |= read.get(column.table, set())
        else:
            found |= {name for names in read.values() for name in names}
    return found - {""}


def outer_select(sql: str) -> exp.Select:
    """The outermost select of a statement, the first branch of a union."""
    tree: Any = parse(sql, "duckdb")
    while not isinstance(tree, exp.Select):
        tree = tree.this
    return tree


def expressions(sql: str) -> Mapping[str, exp.Expr]:
    """The outermost select's columns by name; a star has the name `*`."""
    return {(column.alias_or_name or "*"): column for column in outer_select(sql).expressions}
