"""What readers open: a DuckDB file and a link to a folder of Parquet files, replaced whole.

Readers open the file whenever they like: it is never written to, only replaced by a complete one,
and whoever had it open keeps reading the former one. The link leads to a folder of one version; the
folder before it stays until the next replacement, for readers that are still in it. Being killed at
any moment leaves what was there; what was left unfinished is cleared by the next replacement.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from orchestration.errors import RekindleError
from orchestration.loading.lake import sync_file, sync_folder

STORAGE_VERSION = "v1.5.0"
"""The oldest DuckDB that can read what is published."""


class ShelfError(RekindleError):
    """Something else stands where readers would look."""


@dataclass(frozen=True)
class Shelf:
    """A file, a link and a hidden folder of versions in `folder`; all names are of that folder."""

    folder: Path
    file_name: str
    link_name: str
    versions_name: str
    lock_name: str

    @property
    def file(self) -> Path:
        """The DuckDB file that readers open."""
        return self.folder / self.file_name

    @property
    def link(self) -> Path:
        """The link to the Parquet files of the same version."""
        return self.folder / self.link_name

    @contextmanager
    def only_writer(self) -> Iterator[None]:
        """Wait until nobody else replaces anything here, and clear what a killed one left."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / self.lock_name):
            self._clear_unfinished()
            yield

    def new_file(self) -> Path:
        """Where the next file is written before it takes its place."""
        return self.folder / f".{self.file_name}.{os.getpid()}.tmp"

    def new_version(self, label: str) -> Path:
        """A folder named after every one there is: `0007-<label>`."""
        numbers = [_number(path) for path in self._version_folders()]
        return self._versions / f"{max(numbers, default=0) + 1:04d}-{label}"

    def replace(self, new_file: Path, new_version: Path) -> None:
        """Let both take their places, once they are on the disk. Raises ShelfError."""
        _sync_tree(new_version)
        sync_file(new_file)
        self._swap_link(new_version)
        new_file.replace(self.file)
        sync_folder(self.folder)
        for path in self._version_folders()[:-2]:
            shutil.rmtree(path, ignore_errors=True)

    def remove(self) -> None:
        """Take everything away, every version included."""
        self._clear_unfinished()
        self.file.unlink(missing_ok=True)
        if self.link.is_symlink():
            self.link.unlink()
        if self._versions.is_dir():
            shutil.rmtree(self._versions)

    @property
    def _versions(self) -> Path:
        return self.folder / self.versions_name

    def _version_folders(self) -> list[Path]:
        if not self._versions.is_dir():
            return []
        return sorted(
            (path for path in self._versions.iterdir() if path.name.split("-", 1)[0].isdigit()),
            key=_number,
        )

    def _clear_unfinished(self) -> None:
        """Remove what a killed writer left: temporaries, and versions newer than the link's."""
        for path in self.folder.glob(".*.tmp*"):
            if path.name.startswith((f".{self.file_name}.", f".{self.link_name}.")):
                path.unlink(missing_ok=True)
        current = self.folder / self.link.readlink() if self.link.is_symlink() else None
        for path in self._version_folders():
            if current is None or _number(path) > _number(current):
                shutil.rmtree(path)

    def _swap_link(self, new_version: Path) -> None:
        if self.link.is_dir() and not self.link.is_symlink():
            raise ShelfError(
                f"{self.link} is a folder, but should be the link that publishing makes; "
                f"move it away and publish again."
            )
        temporary = self.folder / f".{self.link_name}.{os.getpid()}.tmp"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(new_version.relative_to(self.folder), target_is_directory=True)
        temporary.replace(self.link)
        sync_folder(self.folder)


def _number(version: Path) -> int:
    return int(version.name.split("-", 1)[0])


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        sync_file(path)
    sync_folder(folder)
    sync_folder(folder.parent)
