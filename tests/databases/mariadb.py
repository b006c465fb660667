"""A MariaDB server of our own: on the loopback address, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
from pymysql.cursors import Cursor

from tests.databases.postgres import who_runs_servers
from tests.ports import free_port

SETTINGS = (
    "bind-address=127.0.0.1",
    "innodb-buffer-pool-size=16M",
    "innodb-flush-log-at-trx-commit=0",
    "skip-name-resolve",
    "skip-log-bin",
)


@dataclass(frozen=True)
class Server:
    """A running server; root has no password."""

    port: int
    socket: Path
    process: subprocess.Popen[bytes]

    def address(self, database: str, user: str, password: str) -> str:
        """The URL of a database."""
        return f"mysql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str | None = None, **options: Any) -> pymysql.Connection[Cursor]:
        """A connection of root that commits every statement."""
        return pymysql.connect(
            unix_socket=str(self.socket), user="root", database=database,
            **{"autocommit": True, **options},
        )  # fmt: skip


def program(name: str) -> str:
    """Where a program of the server is."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise AssertionError(
            "make test needs MariaDB: install it (apt install mariadb-server-core "
            "mariadb-client-core)."
        )
    return found


@contextmanager
def mariadb() -> Iterator[Server]:
    """Start a server, and stop it by its own process id."""
    folder = Path(tempfile.mkdtemp(prefix="rekindle-mariadb-"))
    who = who_runs_servers("mysql")
    if who:
        os.chown(folder, who["user"], who["group"])
    port, place = free_port(), folder / "socket"
    made = subprocess.run(
        [
            program("mariadb-install-db"), "--no-defaults", f"--datadir={folder / 'data'}",
            "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        **who,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    options = [f"datadir={folder / 'data'}", f"socket={place}", f"port={port}", *SETTINGS]
    with (folder / "log.txt").open("wb") as log:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [program("mariadbd"), "--no-defaults", *(f"--{option}" for option in options)],
            cwd=folder,
            stdout=log,
            stderr=log,
            **who,
        )
        server = Server(port, place, process)
        try:
            _wait(server, folder / "log.txt")
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    shutil.rmtree(folder)


def _wait(server: Server, log: Path) -> None:
    for _ in range(400):
        with socket.socket(socket.AF_UNIX) as probe:  # PyMySQL leaves one open that fails
            try:
                probe.connect(str(server.socket))
            except OSError:
                assert server.process.poll() is None, log.read_text()
                time.sleep(0.05)
            else:
                return
    raise AssertionError(log.read_text())
