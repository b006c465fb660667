"""A brand that is published, with a day that has come in since."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.intraday.run import run_intraday
from orchestration.loading.load import load
from orchestration.loading.tokens import KEY_VARIABLE
from orchestration.workspace import Workspace
from tests.conftest import TOKEN_KEY
from tests.intraday.brand import NOW, deliver_a_day, make_workspace, publish_by_hand

MakeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session", autouse=True)
def _key() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, KEY_VARIABLE, TOKEN_KEY.decode())
        yield


@pytest.fixture(scope="session")
def published(made_once: MakeOnce) -> Path:
    """A folder of a brand that is published and has a lake without rows."""

    def write(folder: Path) -> None:
        made = make_workspace(folder)
        publish_by_hand(made)
        load(made.landing, made.lake, now=NOW, progress=False)

    return made_once("intraday", write)


@pytest.fixture(scope="session")
def loaded_day(published: Path, made_once: MakeOnce) -> Path:
    """The same with the day, loaded, and its store."""

    def write(folder: Path) -> None:
        shutil.copytree(published, folder, symlinks=True)
        made = make_workspace(folder)
        deliver_a_day(made)
        run_intraday(made, NOW)

    return made_once("intraday_day", write)


@pytest.fixture
def workspace(published: Path, tmp_path: Path) -> Workspace:
    """Published, nothing delivered."""
    shutil.copytree(published, tmp_path, symlinks=True, dirs_exist_ok=True)
    return make_workspace(tmp_path)


@pytest.fixture
def day(loaded_day: Path, tmp_path: Path) -> Workspace:
    """Published, a day delivered and in the store."""
    shutil.copytree(loaded_day, tmp_path, symlinks=True, dirs_exist_ok=True)
    return make_workspace(tmp_path)
