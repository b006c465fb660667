"""Runs Dagster as a service: its web pages, its daemon and the code they share, as one program.

The daemon starts what schedules and sensors ask for. The definitions are loaded once, by a code
server of which both are told. Ctrl-C (or SIGTERM) ends all three; where one of them ends by itself,
so do the others.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

import yaml
from filelock import FileLock, Timeout

from orchestration.errors import RekindleError, UsageError
from orchestration.ports import ADDRESS, refuse_taken
from orchestration.warehouse.manifest import prepared_manifest
from orchestration.workspace import PROJECT, dagster_home

MODULE = "orchestration.definitions"
FOLDERS = ("REKINDLE_VAR", "REKINDLE_SERVING", "REKINDLE_ALERTS", "DAGSTER_HOME")
"""Variables that hold paths: those of the caller, though Dagster works in the project's folder."""
LOCATION = "rekindle"
MARK = "REKINDLE_SERVED_FROM"
"""Set for whatever a service starts, to the folder of its runs."""
SECONDS_TO_START = 300
SECONDS_TO_END = 25
"""How long a process may take to end runs and itself, before it is killed."""
SECONDS_TO_SLEEP = 86_400
"""How long all may stand still, with the machine: a shorter patience ends the process that knows
the definitions, and nothing starts it again. One that is left over is ended by the next service."""
STEP = 0.2
_WITH_PARENT = (sys.executable, "-m", "orchestration.with_parent")


class ServiceError(RekindleError):
    """A process of the service could not start, or ended by itself."""


def serve(
    port: int, say: Callable[[str], None], environment: Mapping[str, str] = os.environ
) -> None:
    """Run until SIGINT or SIGTERM.

    Dagster keeps its runs and schedules in DAGSTER_HOME, by default var/dagster. Raises UsageError
    where the port is taken or another service uses that folder, and ServiceError where a process
    ends by itself.
    """
    refuse_taken(port, "rekindle serve")
    environment = {
        name: str(Path(value).absolute()) if name in FOLDERS and value else value
        for name, value in environment.items()
    }
    home = _home(environment)
    with _only_service(home):
        _serve(port, say, environment, home)


def _serve(
    port: int, say: Callable[[str], None], environment: Mapping[str, str], home: Path
) -> None:
    from orchestration.retries import end_left_over_runs  # late: it brings Dagster

    say("Reading the models; after a change that takes a minute …")
    try:
        prepared_manifest(work=_var(environment) / "dagster" / "dbt")
    except KeyboardInterrupt:
        say("Dagster was not started.")
        return
    _end_left_over_processes(home)
    if left_over := end_left_over_runs(home):
        say(f"{left_over} runs were under way when Dagster ended the last time; they have failed.")
    with _asked_to_end() as is_over:
        code, workspace = _place(home)
        shared = ("--workspace", str(workspace))
        commands = {
            "code server": (
                *("dagster", "code-server", "start", "--module-name", MODULE),
                *("--socket", str(code), "--working-directory", str(PROJECT)),
                *("--use-python-environment-entry-point", "--log-level", "warning"),
                *("--heartbeat-ttl", str(SECONDS_TO_SLEEP)),
            ),
            "web server": (
                *("dagster-webserver", "--host", ADDRESS, "--port", str(port), *shared),
                *("--dagster-log-level", "warning"),
            ),
            "daemon": ("dagster-daemon", "run", *shared, "--log-level", "warning"),
        }
        running: dict[str, subprocess.Popen[bytes]] = {}
        settings = {**environment, "DAGSTER_HOME": str(home), MARK: str(home)}
        programs = Path(sys.executable).parent
        try:
            for name, (program, *arguments) in commands.items():
                running[name] = subprocess.Popen(
                    [*_WITH_PARENT, str(os.getpid()), str(programs / program), *arguments],
                    cwd=PROJECT,
                    env=settings,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
                if name == "code server":
                    say("Loading the definitions …")
                    _wait(running, is_over, code.exists)
            _wait(running, is_over, lambda: _answers(port))
            if not is_over():
                say(f"Dagster is at http://{ADDRESS}:{port}; schedules and sensors are looked at.")
                say(f"Runs are kept in {home}. Ctrl-C ends it.")
            _wait(running, is_over, lambda: False, patience=None)
            say("Ending, which takes Dagster some seconds …")
        finally:
            if running:
                _end(running, is_loaded=code.exists())
    say("Dagster has ended.")


def _var(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("REKINDLE_VAR") or PROJECT / "var")


def _home(environment: Mapping[str, str]) -> Path:
    """DAGSTER_HOME, with the settings of this project unless it has its own."""
    home = dagster_home(_var(environment), environment)
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if "DAGSTER_HOME" not in environment or not settings.exists():
        shutil.copyfile(PROJECT / "dagster.yaml", settings)
    return home


def _place(home: Path) -> tuple[Path, Path]:
    """Where the code server listens, and the file that says so to the others.

    Both are the same at each start, and so is the name in it: Dagster remembers by them which
    schedules are switched on, how far sensors have looked, and whose the runs in the queue are. A
    socket has a short path, so it cannot lie in `home`. Raises ServiceError.
    """
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"rekindle-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise ServiceError(f"{folder} belongs to somebody else; have it removed.")
    code = folder / "code.sock"
    code.unlink(missing_ok=True)
    workspace = home / "workspace.yaml"
    server = {"socket": str(code), "location_name": LOCATION}
    workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}), "utf-8")
    return code, workspace


@contextmanager
def _only_service(home: Path) -> Iterator[None]:
    """Let nobody else serve from this folder: each would take the runs of the other for lost."""
    lock = FileLock(home / ".service.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(
            f"Another rekindle serve keeps its runs in {home} and has not ended: use that one, or "
            "set REKINDLE_VAR for another brand."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _end_left_over_processes(home: Path) -> None:
    """Kill what a service that was killed has left: its runs go on where it cannot end them.

    Nobody else may serve from this folder. Linux only: elsewhere there is no telling them.
    """
    mark = f"{MARK}={home}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)


@contextmanager
def _asked_to_end() -> Iterator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM has come; what they did before is put back."""
    asked: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        asked.append(number)

    former = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _wait(
    running: Mapping[str, subprocess.Popen[bytes]],
    is_over: Callable[[], bool],
    until: Callable[[], bool],
    patience: float | None = SECONDS_TO_START,
) -> None:
    """Wait for `until`, or for being asked to end; raises ServiceError where a process ends."""
    started = time.monotonic()
    while not (is_over() or until()):
        for name, process in running.items():
            if process.poll() is not None:
                raise ServiceError(
                    f"Dagster's {name} ended by itself (exit code {process.returncode}); what it "
                    "said stands above."
                )
        if patience is not None and time.monotonic() - started > patience:
            raise ServiceError(
                f"Dagster did not start within {patience:.0f} seconds; what it said stands above."
            )
        time.sleep(STEP)


def _answers(port: int) -> bool:
    with suppress(URLError, OSError), urlopen(f"http://{ADDRESS}:{port}/server_info", timeout=5):
        return True
    return False


def _end(running: Mapping[str, subprocess.Popen[bytes]], *, is_loaded: bool) -> None:
    """Ask all to end, the code server after those that ask it; kill who takes too long.

    A code server that is still loading has nothing to end, and would only say where it was.
    """
    code_server, *others = running.values()
    if not is_loaded:
        _kill(code_server)
    for together in (others, [code_server]):
        for process in together:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        until = time.monotonic() + SECONDS_TO_END
        for process in together:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it has started, at once."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
