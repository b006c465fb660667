"""The raw lake as a build reads it: as it stood between two loads, whatever is loaded meanwhile.

A load adds parts table by table and takes away parts that a changed mapping replaces. A build that
read the same folder would see half of a load, and an incremental model, which goes by the number
of the newest load it has seen, would never ask for the other half again.
"""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.errors import RekindleError
from orchestration.loading.export import unfinished_parts
from orchestration.loading.lake import Lake
from orchestration.loading.ledger import Ledger

PATIENCE = 600.0
"""Seconds that a build waits for a running load."""


def hold_lake(lake: Path, held: Path, patience: float = PATIENCE) -> Path:
    """Make `held` a lake of links to the parts that are in `lake` while no load is running.

    What a killed load left unfinished is not among them. Links cost no space. What `held` was
    before is gone afterwards. Where the file system knows no links, or the lake is on another one,
    parts are copied. Returns `held`.

    Raises RekindleError when a load is still running after `patience` seconds.
    """
    home = Lake(lake)
    lock = FileLock(home.lock_file)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise RekindleError(
            f"A load of the lake {lake} is running; build when it has ended."
        ) from None
    try:
        shutil.rmtree(held, ignore_errors=True)
        unfinished = {home.path(name) for name in _unfinished(home)}
        for part in sorted(home.raw.rglob("*.parquet")):
            if not part.name.startswith(".") and part not in unfinished:
                target = held / part.relative_to(lake)
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(part, target)
    finally:
        lock.release()
    return held


def share_lake(held: Path, target: Path) -> Path:
    """Make `target` a lake of links to every part of a lake that is held. Returns `target`."""
    for part in sorted(held.rglob("*.parquet")):
        link = target / part.relative_to(held)
        link.parent.mkdir(parents=True, exist_ok=True)
        _link(part, link)
    return target


def _unfinished(home: Lake) -> set[str]:
    if not home.ledger_file.is_file():
        return set()
    with closing(Ledger(home.ledger_file)) as ledger:
        return unfinished_parts(home, ledger)


def _link(part: Path, target: Path) -> None:
    try:
        os.link(part, target)
    except OSError:
        shutil.copyfile(part, target)
