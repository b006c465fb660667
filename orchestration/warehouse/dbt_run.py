"""Runs dbt in its own process, follows its progress, and says in sentences what failed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.errors import RekindleError
from orchestration.warehouse.spark import spark_environment
from orchestration.workspace import Engine

READ = "partial_parse.msgpack"
"""Where dbt keeps what it read, in its target folder."""

KINDS = {"test": "data test", "unit_test": "unit test"}
"""What a resource type of dbt is called in a sentence, where its own name would not do."""

GOOD = {"success", "pass", "warn", "no-op", "reused"}
"""Statuses of a node that did what it should."""

_LOG_EVENTS_WITHOUT_RESULT = {"LogStartLine", "LogFreshnessResult"}


class DbtError(RekindleError):
    """dbt did not succeed; the message names each failed node and why."""


@dataclass(frozen=True)
class DbtFiles:
    """The dbt project, and the folder for its by-products (manifest, logs, compiled SQL)."""

    project: Path
    work: Path

    @property
    def target(self) -> Path:
        """Folder of manifest.json, run_results.json and compiled SQL."""
        return self.work / "target"

    @property
    def logs(self) -> Path:
        """Folder of dbt.log."""
        return self.work / "logs"


@dataclass(frozen=True)
class NodeResult:
    """One finished node. `seconds` is its run time; `index` of `total` counts from 1."""

    index: int
    total: int
    kind: str
    name: str
    status: str
    seconds: float


@dataclass(frozen=True)
class Failure:
    """A node that failed, and dbt's message about it."""

    kind: str
    name: str
    message: str
    path: str

    def sentence(self) -> str:
        """One line for a person: what failed, why, and where it is defined."""
        return f"{KINDS.get(self.kind, self.kind)} {self.name}: {self.message} ({self.path})"


@dataclass(frozen=True)
class DbtResult:
    """Outcome of a dbt command. `counts` maps a status (success, pass, warn …) to nodes."""

    return_code: int
    counts: Mapping[str, int]
    failures: tuple[Failure, ...]
    errors: tuple[str, ...]

    @property
    def is_successful(self) -> bool:
        """Whether every node did what it should."""
        return self.return_code == 0 and not self.failures


def dbt_environment(
    lake: Path, build_file: Path, business_zone: str, engine: Engine = "duckdb"
) -> dict[str, str]:
    """Environment of a dbt process for one brand: lake, build file, zone and engine, no telemetry.

    What dbt tells at level debug, such as every statement that it sends, takes a twelfth of a small
    build to write: dbt.log is without it unless DBT_LOG_LEVEL_FILE asks for it. Raises
    RekindleError where the engine is not installed.
    """
    return {
        **os.environ,
        "REKINDLE_ENGINE": engine,
        **(spark_environment(build_file.parent) if engine == "spark" else {}),
        "REKINDLE_LAKE": str(lake),
        "REKINDLE_BUILD": str(build_file),
        "REKINDLE_BUSINESS_ZONE": business_zone,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_LOG_LEVEL_FILE": os.environ.get("DBT_LOG_LEVEL_FILE", "info"),
        "PYTHONIOENCODING": "utf-8",
    }


def dbt_command(arguments: Sequence[str]) -> list[str]:
    """The command line of dbt in a process that ends with this one."""
    script = Path(__file__).with_name("dbt_process.py")
    return [sys.executable, "-P", str(script), str(os.getpid()), *arguments]


def with_folders(
    environment: Mapping[str, str], files: DbtFiles, log_format: str = "text"
) -> dict[str, str]:
    """`environment` with the folders of the project and of dbt's by-products.

    `log_format` is that of standard output; dbt.log is for people.
    """
    return {
        **environment,
        "DBT_PROJECT_DIR": str(files.project),
        "DBT_PROFILES_DIR": str(files.project),
        "DBT_TARGET_PATH": str(files.target),
        "DBT_LOG_PATH": str(files.logs),
        "DBT_LOG_FORMAT": log_format,
        "DBT_LOG_FORMAT_FILE": "debug",
        "DBT_USE_COLORS": str(log_format == "text"),
    }


def run_dbt(
    files: DbtFiles,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    on_result: Callable[[NodeResult], None] | None = None,
) -> DbtResult:
    """Run a dbt command and wait for it; `on_result` is called for each node that finishes.

    Never raises for a failed node: the result says what failed. The process is ended when this
    one is interrupted.
    """
    files.target.mkdir(parents=True, exist_ok=True)
    files.logs.mkdir(parents=True, exist_ok=True)
    results_path = files.target / "run_results.json"
    results_path.unlink(missing_ok=True)
    errors: list[str] = []
    other_lines: deque[str] = deque(maxlen=15)
    with subprocess.Popen(
        dbt_command(arguments),
        cwd=files.project,
        env=with_folders(environment, files, "json"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                event = _event(line)
                if event is None:
                    other_lines.append(line.rstrip())
                    continue
                if event["info"].get("level") == "error":
                    errors.append(str(event["info"].get("msg", "")).strip())
                result = _node_result(event)
                if result is not None and on_result is not None:
                    on_result(result)
            return_code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
    if return_code != 0 and not errors:
        errors = [line for line in other_lines if line]
    counts, failures = _results(results_path)
    return DbtResult(return_code, counts, failures, tuple(error for error in errors if error))


def read_results(files: DbtFiles, return_code: int = 0) -> DbtResult:
    """Outcome of the last dbt command that left its results in `files`."""
    counts, failures = _results(files.target / "run_results.json")
    return DbtResult(return_code, counts, failures, ())


def failure_message(result: DbtResult, files: DbtFiles, shown: int = 12) -> str:
    """Sentences about a run that failed: the nodes and their messages, or dbt's own error."""
    if not result.failures:
        detail = "\n".join(f"  {line}" for line in _last_lines(result.errors))
        return (
            f"dbt stopped before it built anything (exit code {result.return_code}); "
            f"its log is {files.logs / 'dbt.log'}.\n{detail}"
        )
    lines = [f"  {failure.sentence()}" for failure in result.failures[:shown]]
    if len(result.failures) > shown:
        lines.append(f"  … and {len(result.failures) - shown} more.")
    skipped = result.counts.get("skipped", 0)
    after = f"; {skipped} that depend on them were skipped" if skipped else ""
    return (
        f"The build failed: {count_of(result.failures)}{after}. "
        f"Compiled SQL is under {files.target / 'compiled'}.\n" + "\n".join(lines)
    )


def count_of(failures: Sequence[Failure]) -> str:
    """`1 model and 2 data tests`."""
    kinds: dict[str, int] = {}
    for failure in failures:
        kind = KINDS.get(failure.kind, failure.kind)
        kinds[kind] = kinds.get(kind, 0) + 1
    parts = [f"{number} {kind}{'s' if number > 1 else ''}" for kind, number in kinds.items()]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _event(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return None
    return event if isinstance(event.get("info"), dict) else None


def _node_result(event: Mapping[str, Any]) -> NodeResult | None:
    data = event.get("data")
    if not isinstance(data, dict) or event["info"].get("name") in _LOG_EVENTS_WITHOUT_RESULT:
        return None
    node = data.get("node_info")
    total = data.get("total", data.get("num_models"))  # data tests name it differently
    if not isinstance(node, dict) or "index" not in data or total is None:
        return None
    return NodeResult(
        index=int(data["index"]),
        total=int(total),
        kind=str(node.get("resource_type", "")),
        name=str(node.get("node_name", "")),
        status=str(data.get("status") or node.get("node_status", "")).lower(),
        seconds=float(data.get("execution_time") or 0.0),
    )


def _results(path: Path) -> tuple[dict[str, int], tuple[Failure, ...]]:
    if not path.is_file():
        return {}, ()
    counts: dict[str, int] = {}
    failures: list[Failure] = []
    nodes: dict[str, Any] = {}
    for result in json.loads(path.read_text(encoding="utf-8"))["results"]:
        status = str(result["status"])
        counts[status] = counts.get(status, 0) + 1
        if status in GOOD or status == "skipped":
            continue
        nodes = nodes or _manifest_nodes(path.with_name("manifest.json"))
        node = nodes.get(result["unique_id"], {})
        kind = str(node.get("resource_type") or str(result["unique_id"]).split(".", 1)[0])
        failures.append(
            Failure(
                kind=kind,
                name=_name(node, str(result["unique_id"])),
                message=_message(kind, result),
                path=str(node.get("original_file_path") or "?"),
            )
        )
    return counts, tuple(failures)


def _manifest_nodes(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    manifest = json.loads(path.read_text(encoding="utf-8"))
    return {**manifest["nodes"], **manifest.get("unit_tests", {})}


def _name(node: Mapping[str, Any], unique_id: str) -> str:
    name = str(node.get("name") or unique_id.rsplit(".", maxsplit=1)[-1])
    if node.get("resource_type") in {"model", "seed", "snapshot"} and node.get("schema"):
        return f"{node['schema']}.{name}"
    return name


def _message(kind: str, result: Mapping[str, Any]) -> str:
    found = result.get("failures")
    if kind == "test" and result["status"] == "fail" and found is not None:
        return f"{found} row{' breaks' if found == 1 else 's break'} it"
    lines = [line.strip() for line in str(result.get("message") or "").splitlines()]
    useful = [
        line
        for line in lines
        if line and not line.startswith(("compiled code at", "Runtime Error in", "LINE ", "^"))
    ]
    text = " ".join(useful[:3]) or f"ended with status {result['status']}"
    return text if len(text) <= 400 else text[:400] + " …"


def _last_lines(errors: Sequence[str], lines: int = 12) -> list[str]:
    text = [line for error in errors for line in error.splitlines() if line.strip()]
    return list(dict.fromkeys(text))[:lines]
