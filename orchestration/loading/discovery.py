"""Finding the files of a landing folder: which table each belongs to, and which are ignored."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.loading.brand import BRAND_FILE, nearest
from orchestration.loading.contract import Contract, Table
from orchestration.workspace import ALERTS_FILE, DATABASES_FILE

FORMATS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl"}
_SPREADSHEETS = {".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".et", ".numbers"}
_TEMPORARY_ENDINGS = (".tmp", ".crc")


@dataclass(frozen=True)
class FoundFile:
    """A file of a known table. `relative` is its path in the landing folder, '/'-separated."""

    table: Table
    path: Path
    relative: str
    format: str
    is_gzip: bool
    size: int
    modified_ns: int


@dataclass(frozen=True)
class IgnoredFile:
    """Something in the landing folder that is not read, and why."""

    relative: str
    message: str
    system: str | None = None
    table_name: str | None = None

    @property
    def is_data(self) -> bool:
        """Whether it looks like a table in the wrong place or form, and not like a note."""
        return Path(self.relative.lower().removesuffix(".gz")).suffix in {*FORMATS, *_SPREADSHEETS}


@dataclass(frozen=True)
class Discovery:
    """All that a landing folder holds, in the order of paths."""

    files: tuple[FoundFile, ...]
    ignored: tuple[IgnoredFile, ...]


def discover(landing: Path, contract: Contract) -> Discovery:
    """Walk the landing folder. Hidden, temporary and marker files are passed over in silence."""
    files: list[FoundFile] = []
    ignored: list[IgnoredFile] = []
    for found in _walk(landing, landing.resolve(), (), frozenset()):
        if isinstance(found, IgnoredFile):
            ignored.append(found)
            continue
        parts, path, status = found
        if parts in {(BRAND_FILE,), (ALERTS_FILE,), (DATABASES_FILE,)}:
            continue
        outcome = _classify(parts, path, status, contract)
        if isinstance(outcome, FoundFile):
            files.append(outcome)
        else:
            ignored.append(outcome)
    files.sort(key=lambda file: (file.table.full_name, file.relative))
    ignored.sort(key=lambda file: file.relative)
    return Discovery(tuple(files), tuple(ignored))


def folder_state(folder: Path) -> str:
    """Digest of the names, sizes and times of all files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith((".", "_")):
            status = path.stat()
            name = path.relative_to(folder).as_posix()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def _classify(
    parts: tuple[str, ...], path: Path, status: os.stat_result, contract: Contract
) -> FoundFile | IgnoredFile:
    relative = readable_path(parts)
    if len(parts) < 3:
        return IgnoredFile(relative, "It is not in a <system>/<table>/ folder.")
    system, table_name = readable_path(parts[:1]), readable_path(parts[1:2])
    table = contract.table(system, table_name)
    if table is None:
        if system in contract.systems:
            tables = sorted(of.name for of in contract.tables if of.system == system)
            what, hint = f"table {table_name!r} in {system!r}", nearest(table_name, tables)
        else:
            what, hint = f"system {system!r}", nearest(system, sorted(contract.systems))
        message = f"The contract has no {what}{hint and f'; {hint}'}."
        return IgnoredFile(relative, message, system, table_name)
    name = parts[-1].lower()
    is_gzip = name.endswith(".gz")
    extension = Path(name.removesuffix(".gz")).suffix
    if extension not in FORMATS:
        known = "csv, parquet or jsonl, each also with .gz"
        message = (
            "It is a spreadsheet: save each of its sheets as CSV (UTF-8), and hand that over."
            if extension in _SPREADSHEETS
            else f"The file name does not end in {known}."
        )
        return IgnoredFile(relative, message, system, table_name)
    return FoundFile(
        table=table,
        path=path,
        relative=relative,
        format=FORMATS[extension],
        is_gzip=is_gzip,
        size=status.st_size,
        modified_ns=status.st_mtime_ns,
    )


def _walk(
    folder: Path, root: Path, parts: tuple[str, ...], above: frozenset[Path]
) -> Iterator[tuple[tuple[str, ...], Path, os.stat_result] | IgnoredFile]:
    real = folder.resolve()
    if real in above:
        yield IgnoredFile(readable_path(parts), "The link leads back to a folder above it.")
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield IgnoredFile(readable_path(parts), f"The folder cannot be read ({error.strerror}).")
        return
    for entry in entries:
        if is_passed_over(entry.name):
            continue
        inner = (*parts, entry.name)
        path = Path(entry.path)
        if entry.is_symlink() and not _stays_inside(path, root):
            yield IgnoredFile(
                readable_path(inner), "The link leaves the landing folder (or leads nowhere)."
            )
            continue
        try:
            status = entry.stat()
        except OSError as error:
            yield IgnoredFile(readable_path(inner), f"It cannot be read ({error.strerror}).")
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(path, root, inner, above | {real})
        elif stat.S_ISREG(status.st_mode):
            yield inner, path, status
        else:
            yield IgnoredFile(readable_path(inner), "It is not a regular file.")


def is_passed_over(name: str) -> bool:
    """Whether a name is hidden, a marker or a temporary file, which nobody needs to hear about."""
    return name.startswith((".", "_")) or name.lower().endswith(_TEMPORARY_ENDINGS)


def readable_path(parts: tuple[str, ...]) -> str:
    """The parts joined by '/', with bytes that are no UTF-8 written as escapes."""
    return "/".join(parts).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _stays_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False
