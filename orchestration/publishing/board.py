"""Starts the board: Streamlit on the published file, for browsers of this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from orchestration.errors import RekindleError
from orchestration.ports import ADDRESS, refuse_taken
from orchestration.workspace import BUILD_FILE_NAME, PROJECT

FILE_VARIABLE = "REKINDLE_BOARD_FILE"
"""Names the published file that the board shows."""

APP = PROJECT / "dashboard" / "app.py"

OPTIONS = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": "false",
    "browser.gatherUsageStats": "false",
    "logger.level": "warning",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "theme.base": "light",
    "theme.primaryColor": "#0072B2",
    "theme.textColor": "#1F2933",
    "theme.linkColor": "#005A8E",
    "theme.greenColor": "#009E73",
    "theme.redColor": "#D55E00",
    "theme.greenTextColor": "#00654A",
    "theme.redTextColor": "#9C4400",
    "theme.font": (
        "'Noto Sans SC', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', "
        "'WenQuanYi Zen Hei', 'Helvetica Neue', Arial, sans-serif"
    ),
}
"""Settings of Streamlit: quiet, without telemetry and without anything that edits the app."""


def published_file(named: Path | None = None) -> Path:
    """The file to show: a published file or its folder, else that of REKINDLE_SERVING or serving/.

    What FILE_VARIABLE names comes before the defaults.
    """
    known = named or os.environ.get(FILE_VARIABLE) or os.environ.get("REKINDLE_SERVING")
    place = Path(known or PROJECT / "serving").absolute()
    return place / BUILD_FILE_NAME if place.is_dir() or not place.suffix else place


def serve(named: Path | None, port: int) -> NoReturn:
    """Become the server of the board; Ctrl-C ends it.

    Raises RekindleError where nothing is published and UsageError where the port is taken.
    """
    file = published_file(named)
    if not file.is_file():
        raise RekindleError(
            f"There is no {file} yet; build and publish a brand first (make demo), or give another "
            "published file."
        )
    refuse_taken(port, "rekindle board")
    options = {**OPTIONS, "server.address": ADDRESS, "server.port": str(port)}
    flags = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "streamlit", "run", str(APP), *flags]
    os.execve(sys.executable, command, {**os.environ, FILE_VARIABLE: str(file)})  # noqa: S606
