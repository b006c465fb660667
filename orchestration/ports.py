"""Ports on which this machine's browsers find what is served."""

from __future__ import annotations

import socket

from orchestration.errors import UsageError

ADDRESS = "127.0.0.1"


def refuse_taken(port: int, command: str) -> None:
    """Raises UsageError where something listens on a port; `command` is what asked for it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            raise UsageError(
                f"Port {port} is not free ({error.strerror}): give another one, as in "
                f"{command} --port {port + 1}."
            ) from error
