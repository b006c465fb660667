"""Runs Dagster as a service: its web pages, its daemon and the code they share, as one program.

The daemon starts what schedules and sensors ask for. The definitions are loaded once, by a code
server of which both are told. Ctrl-C (or SIGTERM) ends all three; where one of them ends by itself,
so do the others.
"""

from __future__ import annotations

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

from orchestration.errors import RekindleError
from orchestration.ports import ADDRESS, refuse_taken
from orchestration.workspace import PROJECT, dagster_home

MODULE = "orchestration.definitions"
SECONDS_TO_START = 120
SECONDS_TO_END = 25
"""How long a process may take to end runs and itself, before it is killed."""
STEP = 0.2


class ServiceError(RekindleError):
    """A process of the service could not start, or ended by itself."""


def serve(
    port: int, say: Callable[[str], None], environment: Mapping[str, str] = os.environ
) -> None:
    """Run until SIGINT or SIGTERM.

    Dagster keeps its runs and schedules in DAGSTER_HOME, by default var/dagster. Raises UsageError
    where the port is taken, and ServiceError where a process ends by itself.
    """
    refuse_taken(port, "rekindle serve")
    home = _home(environment)
    with tempfile.TemporaryDirectory(prefix="rekindle-") as folder, _asked_to_end() as is_over:
        code = str(Path(folder) / "code.sock")
        shared = ("--grpc-socket", code)
        commands = {
            "code server": (
                *("dagster", "code-server", "start", "--module-name", MODULE),
                *("--socket", code, "--working-directory", str(PROJECT)),
                *("--use-python-environment-entry-point", "--log-level", "warning"),
            ),
            "web server": (
                *("dagster-webserver", "--host", ADDRESS, "--port", str(port), *shared),
                *("--dagster-log-level", "warning"),
            ),
            "daemon": ("dagster-daemon", "run", *shared, "--log-level", "warning"),
        }
        running: dict[str, subprocess.Popen[bytes]] = {}
        settings = {**environment, "DAGSTER_HOME": str(home)}
        try:
            for name, (program, *arguments) in commands.items():
                running[name] = subprocess.Popen(
                    [Path(sys.executable).with_name(program), *arguments],
                    cwd=PROJECT,
                    env=settings,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
                if name == "code server":
                    say("Loading the definitions …")
                    _wait(running, is_over, Path(code).exists)
            _wait(running, is_over, lambda: _answers(port))
            if not is_over():
                say(f"Dagster is at http://{ADDRESS}:{port}; schedules and sensors are looked at.")
                say(f"Runs are kept in {home}. Ctrl-C ends it.")
            _wait(running, is_over, lambda: False, patience=None)
            say("Ending, which takes Dagster some seconds …")
        finally:
            if running:
                _end(running)
    say("Dagster has ended.")


def _home(environment: Mapping[str, str]) -> Path:
    """DAGSTER_HOME, with the settings of this project unless it has its own."""
    home = dagster_home(Path(environment.get("REKINDLE_VAR") or PROJECT / "var"), environment)
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if "DAGSTER_HOME" not in environment or not settings.exists():
        shutil.copyfile(PROJECT / "dagster.yaml", settings)
    return home


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


def _end(running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Ask all to end, the code server after those that ask it; kill who takes too long."""
    code_server, *others = running.values()
    for together in (others, [code_server]):
        for process in together:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        until = time.monotonic() + SECONDS_TO_END
        for process in together:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
