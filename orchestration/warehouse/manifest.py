"""Keeps a manifest of the dbt project ready, so that its models are known before a build."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from filelock import FileLock

from orchestration.warehouse.dbt_run import (
    READ,
    DbtError,
    DbtFiles,
    dbt_environment,
    failure_message,
    run_dbt,
)
from orchestration.warehouse.lake import DEFAULT_ZONE
from orchestration.workspace import PROJECT

PARSE = ("parse", "--profile", "rekindle", "--target", "duckdb")
"""How `make parse` asks dbt to read the project; asked otherwise, dbt reads all of it again."""
_FOLDERS = ("models", "macros", "seeds", "snapshots", "tests/dbt")
_SUFFIXES = {".sql", ".yml", ".yaml", ".csv", ".md"}


def parse_environment() -> dict[str, str]:
    """The environment in which `make parse` asks; nothing is opened at these paths."""
    return dbt_environment(Path("lake"), Path("target/rekindle.duckdb"), DEFAULT_ZONE)


def take_over(files: DbtFiles) -> None:
    """Have dbt begin with what `make parse` has read; it reads again what has changed since."""
    read_before = files.project / "target" / READ
    if read_before.is_file():
        files.target.mkdir(parents=True, exist_ok=True)
        shutil.copy(read_before, files.target)


def prepared_manifest(project: Path = PROJECT, work: Path | None = None) -> Path:
    """Path of a manifest that fits the project's files; parses the project only if it has to.

    `work` is the folder to keep it in, by default `dagster/dbt` in REKINDLE_VAR or the project's
    `var`. Raises DbtError when the project cannot be parsed.
    """
    var = Path(os.environ.get("REKINDLE_VAR") or project / "var")
    files = DbtFiles(project=project, work=(work or var / "dagster" / "dbt").absolute())
    manifest = files.target / "manifest.json"
    stamp = files.work / "parsed"
    wanted = _fingerprint(project)
    files.work.mkdir(parents=True, exist_ok=True)
    with FileLock(files.work / ".parse.lock"):
        if manifest.is_file() and stamp.is_file() and stamp.read_text() == wanted:
            return manifest
        stamp.unlink(missing_ok=True)
        take_over(files)
        result = run_dbt(files, PARSE, parse_environment())
        if not result.is_successful:
            raise DbtError(failure_message(result, files))
        stamp.write_text(wanted)
    return manifest


def _fingerprint(project: Path) -> str:
    digest = hashlib.sha256(f"{project}\n".encode())
    paths = [project / "dbt_project.yml", project / "profiles.yml"]
    for folder in _FOLDERS:
        paths += [path for path in (project / folder).rglob("*") if path.suffix in _SUFFIXES]
    for path in sorted(paths):
        digest.update(f"{path.relative_to(project).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
