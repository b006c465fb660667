"""How far each table has been read: a small file that is replaced whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from orchestration.databases.errors import PullError
from orchestration.loading.lake import sync_file, sync_folder

Cursor = datetime | date | int
"""A value of a cursor column: a time with or without a zone, a date, a whole number."""

_KINDS: dict[str, Callable[[str], Cursor]] = {
    "time": datetime.fromisoformat,
    "date": date.fromisoformat,
    "number": int,
}


@dataclass(frozen=True)
class Position:
    """Where the last delivery of a table ended.

    `source` says of what: another table or cursor column begins anew. `last_file` is the checksum
    of the last file, so that the same rows make no second one.
    """

    source: str
    cursor: Cursor
    last_file: str


def kind_of(cursor: Cursor) -> str:
    """`time`, `date` or `number`."""
    if isinstance(cursor, datetime):
        return "time"
    return "date" if isinstance(cursor, date) else "number"


class Positions:
    """The positions of a brand's tables, in the file `positions.json` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "positions.json"

    def get(self, key: str, source: str) -> Position | None:
        """Where table `key` was left; None where it was never read, or was another source then."""
        said = self._read().get(key)
        if said is None or said["source"] != source:
            return None
        return Position(source, _KINDS[said["kind"]](said["cursor"]), said["last_file"])

    def keep(self, key: str, position: Position) -> None:
        """Remember a position; it is on the disk when this returns."""
        kept = self._read()
        cursor = position.cursor
        kept[key] = {
            "source": position.source,
            "kind": kind_of(cursor),
            "cursor": str(cursor) if isinstance(cursor, int) else cursor.isoformat(),
            "last_file": position.last_file,
        }
        aside = self._file.with_suffix(".tmp")
        aside.write_text(json.dumps(kept, indent=1, sort_keys=True), encoding="utf-8")
        put_in_place(aside, self._file)

    def _read(self) -> dict[str, dict[str, str]]:
        if not self._file.exists():
            return {}
        try:
            found: dict[str, dict[str, str]] = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PullError(
                f"{self._file} cannot be read: delete it, and the next pull reads every table from "
                "its beginning; rows that are loaded already change nothing."
            ) from error
        return found


def put_in_place(aside: Path, target: Path) -> None:
    """Rename a whole file to its name, safely on the disk before and after."""
    sync_file(aside)
    os.replace(aside, target)
    sync_folder(target.parent)
