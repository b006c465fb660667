"""A dbt that has read the project: each command runs in a fork of one process that waits.

The imports and the project take dbt longer than a small brand's rows. A build of a user starts a
process of its own (`orchestration.warehouse.dbt_run`), as it does in the tests of builds; a fork of
the waiting process ends with the same rows.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from filelock import FileLock

from orchestration.warehouse.dbt_run import (
    DbtFiles,
    DbtResult,
    NodeResult,
    read_results,
    with_folders,
)
from orchestration.warehouse.manifest import PARSE, parse_environment, take_over
from orchestration.workspace import PROJECT

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

SILENT = {"DBT_LOG_LEVEL": "none", "DBT_LOG_LEVEL_FILE": "none"}
PATIENCE_IN_SECONDS = 600
"""How long dbt may take to read the project."""
STARTED: list[subprocess.Popen[bytes]] = []
"""The processes of this one; they outlive it where another still asks them."""


def run_dbt(
    files: DbtFiles,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    on_result: Callable[[NodeResult], None] | None = None,
) -> DbtResult:
    """Run a dbt command on a brand in a fork, as `orchestration.warehouse.dbt_run.run_dbt` does.

    The path of the lake is written into a project as dbt reads it; it is the same for every brand
    because each command runs in the folder that holds the lake. Nobody hears of single results.
    """
    lake = Path(environment["REKINDLE_LAKE"])
    assert lake.name == "lake"
    files.target.mkdir(parents=True, exist_ok=True)
    (files.target / "run_results.json").unlink(missing_ok=True)
    waiting = _waiting()
    command = {
        "folder": str(lake.parent),
        "project": str(files.project),
        "environment": {
            **with_folders({**environment, "REKINDLE_LAKE": lake.name}, files),
            **SILENT,
        },
        "arguments": list(arguments),
    }
    answer = _ask(waiting, command)
    shutil.copy(waiting / "target" / "manifest.json", files.target)
    return read_results(files, answer)


def write_executable(path: Path) -> None:
    """Write a command line of dbt that runs builds in a fork, and tells of them what dbt tells.

    Whatever else it is asked for is left to the dbt that is installed.
    """
    lines = (
        f"#!{sys.executable}",
        "import sys",
        f"sys.path.insert(0, {str(PROJECT)!r})",
        "from tests.dbt_forks import answer_command_line",
        f"sys.exit(answer_command_line({str(_waiting())!r}, sys.argv[1:]))",
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(0o755)


def answer_command_line(waiting: str, arguments: list[str]) -> int:
    """What an executable of `write_executable` does; returns its exit code."""
    if "build" not in arguments:
        return subprocess.run([installed_dbt(), *arguments], check=False).returncode
    lake = Path(os.environ["REKINDLE_LAKE"])
    command = {
        "folder": str(lake.parent),
        "project": os.environ["DBT_PROJECT_DIR"],
        "environment": {**os.environ, "REKINDLE_LAKE": lake.name},
        "arguments": arguments,
        "output": f"/proc/{os.getpid()}/fd/1",
    }
    code = _ask(Path(waiting), command)
    shutil.copy(Path(waiting) / "target" / "manifest.json", os.environ["DBT_TARGET_PATH"])
    return code


def installed_dbt() -> Path:
    """The dbt of this Python."""
    return Path(sys.executable).with_name("dbt")


def _ask(waiting: Path, command: Mapping[str, object]) -> int:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(waiting / "socket"))
        connection.sendall(json.dumps(command).encode() + b"\n")
        answer = connection.makefile().readline()
    assert answer, "dbt's process ended early; what it said stands above"
    return int(answer)


def _waiting() -> Path:
    """The folder of the process that has read the project.

    One serves all processes of a test run; it ends when the run does.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    controller = os.getppid() if "PYTEST_XDIST_TESTRUNUID" in os.environ else os.getpid()
    folder = Path(tempfile.gettempdir()) / f"rekindle-dbt-{run}"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / "socket").exists():
            _start(folder, controller)
    return folder


def _start(folder: Path, controller: int) -> None:
    files = DbtFiles(project=PROJECT, work=folder)
    take_over(files)
    process = subprocess.Popen(
        [sys.executable, "-P", __file__, str(folder), str(controller)],
        cwd=folder,
        env={**with_folders(parse_environment(), files), **SILENT, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    STARTED.append(process)
    until = time.monotonic() + PATIENCE_IN_SECONDS
    while not (folder / "socket").exists():
        assert process.poll() is None, "dbt could not read the project; what it said stands above"
        assert time.monotonic() < until, "dbt takes too long to read the project"
        time.sleep(0.1)


def serve(folder: Path, controller: int) -> None:
    """Read the project, then run each command that comes in a fork, until the test run ends.

    A fork ends before garbage is worth collecting, and looking for it would copy every page of the
    project: this takes a quarter of a small build.
    """
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    from tests.dbt_lean import leave_out

    parsed = dbtRunner().invoke([*PARSE])
    if parsed.exception is not None:
        raise parsed.exception
    project = parsed.result
    assert isinstance(project, Manifest)
    leave_out(project, folder)
    gc.collect()
    gc.freeze()
    gc.disable()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.settimeout(1)
        listener.bind(str(folder / "unready"))
        listener.listen()
        (folder / "unready").rename(folder / "socket")
        while _is_running(controller):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, os.WNOHANG)
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                with connection:
                    if os.fork() == 0:
                        _answer(connection, project)
    shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _answer(connection: socket.socket, project: Manifest) -> NoReturn:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    return_code = 2
    try:
        connection.settimeout(None)
        return_code = _run(project, **json.loads(connection.makefile().readline()))
        DuckDBConnectionManager.env().close()  # type: ignore[no-untyped-call]
        connection.sendall(f"{return_code}\n".encode())
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(return_code)


def _run(
    manifest: Manifest,
    folder: str,
    project: str,
    environment: Mapping[str, str],
    arguments: list[str],
    output: str = "",
) -> int:
    """Run a dbt command in this process; returns its exit code.

    What dbt tells goes to `output`, where one is given.
    """
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.nodes import SeedNode

    from tests.dbt_lean import tell_events

    if output:
        tell_events()
        os.dup2(os.open(output, os.O_WRONLY), sys.stdout.fileno())

    for node in manifest.nodes.values():
        if isinstance(node, SeedNode):
            node.root_path = project
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    done = dbtRunner(manifest).invoke([*arguments, "--no-write-json"])
    if done.exception is not None:
        print(done.exception, file=sys.stderr, flush=True)
        return 2
    results: Any = done.result
    results.write(str(Path(environment["DBT_TARGET_PATH"]) / "run_results.json"))
    return 0 if done.success else 1


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
