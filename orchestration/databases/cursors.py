"""How far each table has been read: a small file that is replaced whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from orchestration.databases.errors import PullError
from orchestration.loading.lake import sync_file, sync_folder

Cursor = datetime | date | int
"""A value of a cursor column: a time with or without a zone, a date, a whole number."""

_KINDS: dict[str, Callable[[str], Cursor]] = {
    "instant": datetime.fromisoformat,
    "time": datetime.fromisoformat,
    "date": date.fromisoformat,
    "number": int,
}


@dataclass(frozen=True)
class Position:
    """Where the last delivery of a table ended.

    `source` says of what: another table or cursor column begins anew. `files` are the checksums of
    the last files, so that the same rows make no second one.
    """

    source: str
    cursor: Cursor
    files: tuple[str, ...] = ()

    def with_file(self, checksum: str) -> Position:
        """This position after a file, which counts as the last one if it was among them."""
        kept = tuple(one for one in self.files if one != checksum)
        return replace(self, files=(*kept, checksum)[-FILES_KEPT:])


FILES_KEPT = 200


def kind_of(cursor: Cursor) -> str:
    """`instant`, `time`, `date` or `number`."""
    if isinstance(cursor, datetime):
        return "time" if cursor.tzinfo is None else "instant"
    return "date" if isinstance(cursor, date) else "number"


class Positions:
    """The positions of a brand's tables, in the file `positions.json` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "positions.json"

    def get(self, key: str, source: str) -> Position | None:
        """Where table `key` was left; None where it was never read, or was another source then."""
        try:
            said = self._read().get(key)
            if said is None or said["source"] != source:
                return None
            cursor = _KINDS[said["kind"]](said["cursor"])
            return Position(source, cursor, tuple(said.get("files", ())))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._spoilt() from error

    def keep(self, key: str, position: Position) -> None:
        """Remember a position; it is on the disk when this returns."""
        kept = self._read()
        cursor = position.cursor
        kept[key] = {
            "source": position.source,
            "kind": kind_of(cursor),
            "cursor": str(cursor) if isinstance(cursor, int) else cursor.isoformat(),
            "files": position.files,
        }
        aside = self._file.with_suffix(".tmp")
        aside.write_text(json.dumps(kept, indent=1, sort_keys=True), encoding="utf-8")
        put_in_place(aside, self._file)

    def _read(self) -> dict[str, dict[str, Any]]:
        if not self._file.exists():
            return {}
        try:
            found: dict[str, dict[str, Any]] = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise self._spoilt() from error
        return found

    def _spoilt(self) -> PullError:
        return PullError(
            f"{self._file} cannot be read: delete it, and the next pull reads every table from its "
            "beginning; rows that are loaded already change nothing."
        )


def put_in_place(aside: Path, target: Path) -> None:
    """Rename a whole file to its name, safely on the disk before and after."""
    sync_file(aside)
    os.replace(aside, target)
    sync_folder(target.parent)
