"""Macros: few, short, documented."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from tests.policy.portable import without_comments
from tests.policy.project import PACKAGE, Macro, Project, load_yaml
from tests.policy.rule import rule
from tests.policy.rules.portability import DBT_OVERRIDES

CASES = "tests/macros/cases.yml"
MOST_LINES = 15
WIDTH = 100
ENOUGH_USES = 2
IMPLEMENTATION = re.compile(r"(?:default|duckdb|spark)__")


def _public(project: Project) -> Iterator[Macro]:
    """The macros that are called by their own name."""
    for macro in project.macros:
        is_materialization = macro.name.startswith("materialization_")
        if not is_materialization and IMPLEMENTATION.match(macro.name) is None:
            yield macro


@rule
def macros_are_short(project: Project) -> Iterator[str]:
    """Fifteen lines at most; a longer one is a model."""
    for macro in project.macros:
        lines = len(macro.body.splitlines())
        if lines > MOST_LINES:
            yield (
                f"{macro.path}: {macro.name} has {lines} lines, more than {MOST_LINES}. "
                "Split it, or make it a model."
            )


@rule
def macros_stand_alone(project: Project) -> Iterator[str]:
    """One macro a file, the file named after it, in a folder named after its topic."""
    names: dict[str, set[str]] = {}
    for macro in project.macros:
        name = IMPLEMENTATION.sub("", macro.name)
        name = re.sub(r"^materialization_(\w+?)_(?:default|duckdb|spark)$", r"\1", name)
        names.setdefault(str(macro.path), set()).add(name)
        if not macro.topic:
            yield f"{macro.path} stands in no topic. Move it to macros/<topic>/{name}.sql."
    for path, found in names.items():
        if found != {path.rpartition("/")[2].removesuffix(".sql")}:
            yield (
                f"{path} holds {', '.join(sorted(found))}. One macro a file, named after it "
                "(default__ and spark__ stand with the macro they serve)."
            )


@rule
def macros_are_documented(project: Project) -> Iterator[str]:
    """Description and arguments stand in macros/<topic>/_<topic>__macros.yml."""
    for macro in _public(project):
        if macro.name in DBT_OVERRIDES:
            continue
        expected = f"macros/{macro.topic}/_{macro.topic}__macros.yml"
        if not str(macro.node.get("patch_path") or "").endswith(f"://{expected}"):
            yield f"{macro.path} is not described in {expected}. Do so there."
            continue
        arguments = macro.node.get("arguments") or []
        described = tuple(argument["name"] for argument in arguments)
        if described != macro.parameters:
            yield (
                f"{expected} describes {macro.name}({', '.join(described)}), but it takes "
                f"({', '.join(macro.parameters)}). Make them equal."
            )
        if not macro.node.get("description") or not all(
            argument.get("description") for argument in arguments
        ):
            yield f"{expected}: {macro.name} or one of its arguments has no description. Add it."


@lru_cache(maxsize=4096)
def _called(text: str) -> frozenset[str]:
    """The names that a text calls outside its comments."""
    return frozenset(re.findall(r"\b(\w+)\s*\(", without_comments(text)))


@rule
def macros_are_shared(project: Project) -> Iterator[str]:
    """A macro serves two models, another macro or a hook; else its text belongs into its model."""
    hooks = _called(project.files.get("dbt_project.yml", ""))
    texts = project.texts("models", "snapshots", "tests/dbt")
    uses: Counter[str] = Counter()
    macro_uses: Counter[str] = Counter()
    for text in texts.values():
        uses.update(_called(text))
    for other in project.macros:
        macro_uses.update(_called(other.body) - {IMPLEMENTATION.sub("", other.name)})
    for macro in _public(project):
        if macro.name in DBT_OVERRIDES or macro.topic == "dialect":
            continue
        is_hook = macro.name in hooks
        if uses[macro.name] < ENOUGH_USES and macro_uses[macro.name] == 0 and not is_hook:
            yield (
                f"{macro.path}: {macro.name} is used in {uses[macro.name]} model. "
                "Write it out where it is used, or remove it."
            )


@rule
def macros_run_no_query_while_parsing(project: Project) -> Iterator[str]:
    """run_query belongs to materialisations; elsewhere it would run whenever dbt reads the tree."""
    for macro in project.macros:
        if macro.topic != "materializations" and re.search(
            r"\brun_query\s*\(|\{%-?\s*call\s+statement", without_comments(macro.sql)
        ):
            yield f"{macro.path}: {macro.name} runs a query. Make it a model or a materialisation."


def _calls(project: Project) -> dict[str, set[str]]:
    """The macros that each macro calls, itself included, whatever the depth."""
    direct = {
        unique_id: set(node.get("depends_on", {}).get("macros", ()))
        for unique_id, node in project.manifest["macros"].items()
    }
    reached: dict[str, set[str]] = {}
    for start in direct:
        found, open_ends = {start}, [start]
        while open_ends:
            new = direct.get(open_ends.pop(), set()) - found
            found |= new
            open_ends.extend(new)
        reached[start] = found
    return reached


@rule
def macros_are_tested(project: Project) -> Iterator[str]:
    """Every macro has cases of its own, or is called by a model that has unit tests."""
    cases = load_yaml(project.files.get(CASES, "")) or {}
    calls = _calls(project)
    tested = {node["model"] for node in project.unit_tests.values()}
    through_models = {
        called
        for model in project.models
        if model.name in tested
        for macro in model.node["depends_on"].get("macros", ())
        for called in calls.get(macro, {macro})
    }
    for macro in _public(project):
        if macro.name in DBT_OVERRIDES or macro.topic == "materializations":
            continue
        if not cases.get(macro.name) and f"macro.{PACKAGE}.{macro.name}" not in through_models:
            yield (
                f"{macro.path}: {macro.name} has no test. Add what it answers to {CASES}, "
                "or a unit test to a model that calls it."
            )


@rule
def macros_fit_the_page(project: Project) -> Iterator[str]:
    """A hundred columns, as everywhere (sqlfluff looks at models only)."""
    for path, text in project.texts("macros", "tests/dbt/generic").items():
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > WIDTH:
                yield f"{path}, line {number}, has {len(line)} columns. Wrap it at {WIDTH}."
