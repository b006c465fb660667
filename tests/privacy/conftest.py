"""One brand whose erasure is killed at every step, with a load after every kill."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.intraday.run import run_intraday
from orchestration.intraday.store import read_status
from orchestration.loading.tokens import KEY_VARIABLE
from orchestration.privacy.erase import Erased, erase, note_published
from orchestration.privacy.scan import Scan, scan
from orchestration.publishing.publish import publish
from orchestration.workspace import BUILD_FILE_NAME, DECISIONS, Workspace
from tests.conftest import TOKEN_KEY, build_brand, load_brand, make_workspace
from tests.privacy import brand
from tests.privacy.reading import Marts, read_marts

NOW = datetime(2026, 2, 1, tzinfo=UTC)


OF_MANY = {"raw", "landing csv", "in place"}
"""Kinds of steps that many files go through."""


class KilledError(Exception):
    """What a test throws where a process would be killed."""


@dataclass(frozen=True)
class Story:
    """A brand before and after an erasure."""

    workspace: Workspace
    policy: Path
    delivered: Path
    before: Scan
    marts_before: Marts
    devices_before: tuple[str, ...]
    kills: tuple[str, ...]
    erased: Erased
    finished: Erased
    after: Scan
    marts_after: Marts
    is_intraday_store_removed: bool


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Load, build and publish; erase, killed at each step in turn; build and publish again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, KEY_VARIABLE, TOKEN_KEY.decode())
        root = tmp_path_factory.mktemp("privacy")
        workspace = make_workspace(root, root / "landing")
        brand.write_landing(workspace.landing)
        brand.write_odd(workspace.landing)
        delivered = root / "delivered"
        shutil.copytree(workspace.landing, delivered)
        policy = root / "policy"
        policy.mkdir()
        (policy / DECISIONS.name).write_text(brand.DECISIONS, encoding="utf-8")
        load_brand(workspace)
        build_brand(workspace)
        publish(workspace, now=NOW)
        run_intraday(workspace, NOW)
        before = scan(workspace, (*brand.ERASED, *brand.STAY, *brand.ODD), policy)
        marts_before = read_marts(workspace)
        devices_before = read_devices(workspace)
        kills, erased = _erase_killed_everywhere(workspace, policy / DECISIONS.name)
        (workspace.landing / brand.HEADERLESS).unlink()
        finished = erase(workspace, NOW, decisions_file=policy / DECISIONS.name)
        build_brand(workspace)
        publish(workspace, now=NOW)
        note_published(workspace)
        is_removed = read_status(workspace) is None
        run_intraday(workspace, NOW)
        after = scan(workspace, (*brand.ERASED, *brand.STAY), policy)
        yield Story(
            workspace,
            policy,
            delivered,
            before,
            marts_before,
            devices_before,
            kills,
            erased,
            finished,
            after,
            read_marts(workspace),
            is_removed,
        )


def read_devices(workspace: Workspace) -> tuple[str, ...]:
    """What the devices are called that are published as evidence of a person."""
    file = workspace.serving / BUILD_FILE_NAME
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(
            "select identifier_token from identity.oneid_evidence where identifier_type = 'device'"
        ).fetchall()
    return tuple(token for (token,) in rows)


def kind_of(step: str) -> str:
    """What is written at a step: files of one store and kind are written alike."""
    if step.startswith("landing/"):
        return f"landing {step.partition('.')[2]}"
    if step.startswith(("raw/rekindle/", "in place")):
        return step.rpartition("/")[0] if step.startswith("raw") else "in place"
    return "raw" if step.startswith("raw/") else step


def _erase_killed_everywhere(
    workspace: Workspace, decisions: Path
) -> tuple[tuple[str, ...], Erased]:
    """Erase until it succeeds, killed once at every kind of step.

    Where many files are written alike, before the second of them: one is done then, others are not.
    """
    kills: list[str] = []
    seen: dict[str, set[str]] = defaultdict(set)

    def kill(step: str) -> None:
        kind = kind_of(step)
        seen[kind].add(step)
        is_due = len(seen[kind]) == (2 if kind in OF_MANY else 1)
        if is_due and kind not in map(kind_of, kills):
            kills.append(step)
            raise KilledError(step)

    while True:
        try:
            return tuple(kills), erase(workspace, NOW, kill, decisions)
        except KilledError:
            if kills[-1] != "plan":
                load_brand(workspace)
