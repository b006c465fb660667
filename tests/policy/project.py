"""What the policy suite judges: dbt's manifest and the files of the repository, read once."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

Node = Mapping[str, Any]

PACKAGE = "rekindle"
DOMAINS = (
    "identity",
    "core",
    "insight",
    "economy",
    "activation",
    "measurement",
    "kpi",
    "ops",
)
CONTRACT_FILE = "orchestration/loading/contract.yml"
OWN_SYSTEM = "rekindle"
"""The source system of the warehouse's own records: load log, quarantine, business date."""
AS_OF_MODEL = "stg_rekindle__as_of"
"""The one model from which a build learns its business date."""
TEXT_SUFFIXES = {
    ".cfg", ".csv", ".in", ".ini", ".md", ".py", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml",
}  # fmt: skip


@dataclass(frozen=True)
class Model:
    """One dbt model with its place in the tree."""

    unique_id: str
    node: Node
    sql: str

    @property
    def name(self) -> str:
        """The name by which other models refer to it."""
        return str(self.node["name"])

    @property
    def path(self) -> PurePosixPath:
        """The SQL file, relative to the repository."""
        return PurePosixPath(self.node["original_file_path"])

    @property
    def layer(self) -> str:
        """`staging`, `intermediate` or `marts`; anything else is a misplaced file."""
        return self.path.parts[1] if len(self.path.parts) > 2 else ""

    @property
    def folder(self) -> str:
        """The folder inside the layer: a source system for staging, a domain for the others."""
        return self.path.parts[2] if len(self.path.parts) == 4 else ""

    @property
    def is_vault(self) -> bool:
        """Whether it may hold personal data, in the schema of the vault, and is never published."""
        return bool((self.config.get("meta") or {}).get("vault"))

    @property
    def is_stored(self) -> bool:
        """Whether an engine keeps its rows: a view and what is written into others have none."""
        return self.config.get("materialized") not in {"view", "ephemeral"}

    @property
    def yaml_path(self) -> str:
        """The YAML file that describes it, or an empty text."""
        return str(self.node.get("patch_path") or "").partition("://")[2]

    @property
    def config(self) -> Mapping[str, Any]:
        """Its configuration after dbt has merged all levels."""
        return self.node.get("config") or {}

    @property
    def columns(self) -> Mapping[str, Node]:
        """Its described columns by name."""
        return self.node.get("columns") or {}

    @property
    def parents(self) -> tuple[str, ...]:
        """The unique ids of everything it reads."""
        return tuple((self.node.get("depends_on") or {}).get("nodes") or ())

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of its primary-key constraint; empty without one."""
        for constraint in self.node.get("constraints") or ():
            if constraint["type"] == "primary_key":
                return tuple(constraint.get("columns") or ())
        return tuple(
            name
            for name, column in self.columns.items()
            for constraint in column.get("constraints") or ()
            if constraint["type"] == "primary_key"
        )


@dataclass(frozen=True)
class Macro:
    """One macro of this project."""

    node: Node
    sql: str

    @property
    def name(self) -> str:
        """The name it is called by."""
        return str(self.node["name"])

    @property
    def path(self) -> PurePosixPath:
        """The file it stands in, relative to the repository."""
        return PurePosixPath(self.node["original_file_path"])

    @property
    def topic(self) -> str:
        """The folder it stands in."""
        return self.path.parts[1] if len(self.path.parts) == 3 else ""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its parameters, as its first line declares them."""
        return signature(self.sql)[1]

    @property
    def body(self) -> str:
        """What stands between its first and its last tag."""
        return re.sub(r"\{%-?\s*end\w+\s*-?%\}\s*$", "", re.sub(r"^.*?%\}", "", self.sql, count=1,
                      flags=re.DOTALL)).strip("\n")  # fmt: skip


def signature(sql: str) -> tuple[str, tuple[str, ...]]:
    """The name and the parameter names that the first macro tag of a text declares."""
    found = re.search(r"\{%-?\s*(?:macro|test)\s+(\w+)\s*\((.*?)\)\s*-?%\}", sql, re.DOTALL)
    if found is None:
        return "", ()
    parameters = re.sub(r"=\s*(\[[^\]]*\]|\([^)]*\)|'[^']*'|\"[^\"]*\"|[^,]*)", "", found[2])
    return found[1], tuple(part.strip() for part in parameters.split(",") if part.strip())


@dataclass(frozen=True, eq=False)
class Project:
    """dbt's manifest and the text files of the repository by their path in it."""

    manifest: Mapping[str, Any]
    files: Mapping[str, str]

    def _nodes(self, resource_type: str) -> dict[str, Node]:
        return {
            unique_id: node
            for unique_id, node in self.manifest["nodes"].items()
            if node["resource_type"] == resource_type and node["package_name"] == PACKAGE
        }

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """All models, by path."""
        found = [
            Model(unique_id, node, self.files.get(node["original_file_path"], ""))
            for unique_id, node in self._nodes("model").items()
        ]
        return tuple(sorted(found, key=lambda model: model.path))

    @cached_property
    def model_by_id(self) -> Mapping[str, Model]:
        """All models by unique id."""
        return {model.unique_id: model for model in self.models}

    @property
    def marts(self) -> tuple[Model, ...]:
        """The models users read."""
        return tuple(model for model in self.models if model.layer == "marts")

    @cached_property
    def seeds(self) -> Mapping[str, Node]:
        """All seeds by unique id."""
        return self._nodes("seed")

    @cached_property
    def snapshots(self) -> Mapping[str, Node]:
        """All snapshots by unique id."""
        return self._nodes("snapshot")

    @cached_property
    def data_tests(self) -> Mapping[str, Node]:
        """All data tests by unique id, generic and singular."""
        return self._nodes("test")

    @property
    def unit_tests(self) -> Mapping[str, Node]:
        """All unit tests by unique id."""
        return self.manifest.get("unit_tests") or {}

    @property
    def sources(self) -> Mapping[str, Node]:
        """All source tables by unique id."""
        return self.manifest.get("sources") or {}

    @property
    def exposures(self) -> Mapping[str, Node]:
        """All exposures by unique id."""
        return self.manifest.get("exposures") or {}

    @property
    def metrics(self) -> Mapping[str, Node]:
        """All metrics of the semantic layer by unique id."""
        return self.manifest.get("metrics") or {}

    @property
    def groups(self) -> Mapping[str, Node]:
        """All groups by unique id."""
        return self.manifest.get("groups") or {}

    @cached_property
    def macros(self) -> tuple[Macro, ...]:
        """The macros below macros/, without generic tests, by path."""
        found = [
            Macro(node, node["macro_sql"])
            for node in self.manifest["macros"].values()
            if node["package_name"] == PACKAGE and node["original_file_path"].startswith("macros/")
        ]
        return tuple(sorted(found, key=lambda macro: (macro.path, macro.name)))

    @cached_property
    def macro_files(self) -> tuple[tuple[str, str], ...]:
        """The files below macros/: (path, text)."""
        return tuple(self.texts("macros").items())

    @cached_property
    def generic_tests(self) -> Mapping[str, Node]:
        """The generic tests of this project by their name in YAML."""
        return {
            node["name"].removeprefix("test_"): node
            for node in self.manifest["macros"].values()
            if node["package_name"] == PACKAGE and node["name"].startswith("test_")
        }

    @cached_property
    def contract(self) -> Mapping[tuple[str, str], Mapping[str, Mapping[str, Any]]]:
        """The columns of every table of the landing contract, by (system, table)."""
        systems = load_yaml(self.files[CONTRACT_FILE])["systems"]
        return {
            (system, table): definition["columns"]
            for system, tables in systems.items()
            for table, definition in tables.items()
        }

    def texts(self, *folders: str, suffix: str = ".sql") -> dict[str, str]:
        """The files below some folders, by path."""
        return {
            path: text
            for path, text in sorted(self.files.items())
            if path.endswith(suffix) and path.startswith(tuple(f"{folder}/" for folder in folders))
        }


@lru_cache(maxsize=1024)
def load_yaml(text: str) -> Any:
    """What a YAML text says; nobody may change the answer."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def column_meta(column: Node) -> Mapping[str, Any]:
    """The meta of a column, whichever way dbt writes it down."""
    return {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}


def read_project(root: Path, manifest: Path) -> Project:
    """Reads the manifest and every text file that is, or is about to be, under version control."""
    return Project(json.loads(manifest.read_text(encoding="utf-8")), read_files(root))


def read_files(root: Path) -> dict[str, str]:
    """The text files of the repository by path; a repository without git gives all its files."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=False, text=True)
    if listed.returncode == 0:
        paths = [Path(name) for name in listed.stdout.split("\0") if name]
    else:
        paths = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
        hidden = {".venv", "target", "var", "serving", "logs"}
        paths = [path for path in paths if not hidden.intersection(path.parts)]
    return {
        path.as_posix(): (root / path).read_text(encoding="utf-8")
        for path in paths
        if (path.suffix in TEXT_SUFFIXES or path.name in {"Makefile", "run"})
        and (root / path).is_file()
    }
