"""A PostgreSQL server of our own: on the loopback address, in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.ports import free_port

SETTINGS = (
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "shared_buffers=16MB",
    "max_connections=20",
    "autovacuum=off",
)


@dataclass(frozen=True)
class Server:
    """A running server; `address` is that of its superuser's database."""

    port: int
    process: subprocess.Popen[bytes]

    def address(self, database: str = "postgres", user: str = "owner", password: str = "") -> str:
        """The URL of a database."""
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection that commits every statement."""
        return psycopg.connect(self.address(database), autocommit=True)


def programs() -> Path:
    """The folder of the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise AssertionError("make test needs postgresql: install it (apt install postgresql).")
    return found[-1].parent if found else Path(str(on_path)).parent


def who_runs_servers(name: str) -> dict[str, Any]:
    """The server refuses to run as root: whom to run it as."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get(name) or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def postgres() -> Iterator[Server]:
    """Start a server, and stop it by its own process id."""
    folder = Path(tempfile.mkdtemp(prefix="rekindle-postgres-"))
    who = who_runs_servers("postgres")
    if who:
        os.chown(folder, who["user"], who["group"])
    data, port = folder / "data", free_port()
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    made = subprocess.run(
        [programs() / "initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "-N"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **who,
    )
    assert made.returncode == 0, made.stderr
    options = [f"port={port}", f"unix_socket_directories={folder}", *SETTINGS]
    command = [
        str(programs() / "postgres"),
        "-D",
        str(data),
        *(f"-c{option}" for option in options),
    ]
    log = (folder / "log.txt").open("wb")
    process: subprocess.Popen[bytes] = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=log, stderr=log, **who
    )
    server = Server(port, process)
    try:
        _wait(server, folder / "log.txt")
        yield server
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(30)
        log.close()
        shutil.rmtree(folder)


def _wait(server: Server, log: Path) -> None:
    for _ in range(200):
        try:
            server.connect().close()
        except psycopg.OperationalError:
            assert server.process.poll() is None, log.read_text()
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())
