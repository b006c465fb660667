"""What a load did, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestration.loading.discovery import IgnoredFile
from orchestration.loading.errors import LoadError
from orchestration.loading.ledger import LogEntry


@dataclass(frozen=True)
class LoadSummary:
    """The outcome of one load.

    `entries` are the new lines of the load log (none for files handled before), `unchanged_files`
    counts files of which nothing was new to say. `load_sequence` is None when nothing was logged.
    `refused_before` are files that an earlier load refused and that have not changed. `in_vain`
    counts the files, new ones or not, that were ignored though they look like data, refused, or
    had rows, where the lake has not a single row afterwards.
    """

    load_id: str
    load_sequence: int | None
    entries: tuple[LogEntry, ...] = ()
    ignored: tuple[IgnoredFile, ...] = ()
    unchanged_files: int = 0
    warnings: tuple[str, ...] = field(default=())
    refused_before: tuple[str, ...] = ()
    in_vain: int = 0

    def check(self) -> None:
        """Raise LoadError where files were handed over, and there is nothing that can be built."""
        if self.in_vain:
            count = f"{self.in_vain:,} file{'s' if self.in_vain > 1 else ''}"
            raise LoadError(
                f"Nothing could be loaded: {count} handed over, and not a row in the raw lake. The "
                "load says of each file why; mend the files, their folders or brand.yml, and load "
                "again. Nothing is built meanwhile, and what is published stays."
            )

    def files(self, status: str) -> list[LogEntry]:
        """The entries with that status: loaded, duplicate, refused."""
        return [entry for entry in self.entries if entry.status == status]

    @property
    def refused(self) -> list[LogEntry]:
        """Files that were not taken; their `message` says why."""
        return self.files("refused")

    @property
    def rows_read(self) -> int:
        """Rows found in the files of this load."""
        return sum(entry.counts.rows_read for entry in self.entries)

    @property
    def rows_loaded(self) -> int:
        """Rows that are new in the lake."""
        return sum(entry.counts.rows_loaded for entry in self.entries)

    @property
    def rows_quarantined(self) -> int:
        """Rows set aside with a reason."""
        return sum(entry.counts.rows_quarantined for entry in self.entries)

    @property
    def rows_unchanged(self) -> int:
        """Rows that the lake had already."""
        return sum(entry.counts.rows_unchanged for entry in self.entries)

    def lines(self, most: int = 20) -> list[str]:
        """A report for people, at most `most` lines for each kind of remark."""
        loaded, duplicates = len(self.files("loaded")), len(self.files("duplicate"))
        report = [
            (
                f"{loaded:,} files loaded, {duplicates:,} delivered twice, {len(self.refused):,} "
                f"refused, {len(self.ignored):,} ignored, {self.unchanged_files:,} known already."
            ),
            (
                f"{self.rows_read:,} rows read = {self.rows_loaded:,} loaded + "
                f"{self.rows_unchanged:,} unchanged + {self.rows_quarantined:,} quarantined."
            ),
        ]
        optional = sum(entry.counts.optional_values_nulled for entry in self.entries)
        rounded = sum(entry.counts.money_rounded for entry in self.entries)
        if optional:
            report.append(f"{optional:,} optional values could not be read and are empty now.")
        if rounded:
            report.append(f"{rounded:,} amounts had more than two decimals and were rounded.")
        refused = [f"Refused {entry.message}" for entry in self.refused]
        ignored = [f"Ignored {file.relative}: {file.message}" for file in self.ignored]
        before = [f"Refused before, not changed: {sentence}" for sentence in self.refused_before]
        for remarks in (refused, before, list(self.warnings), ignored):
            report += _shortened(remarks, most)
        return report


def _shortened(remarks: Sequence[str], most: int) -> list[str]:
    if len(remarks) <= most:
        return list(remarks)
    return [*remarks[:most], f"… and {len(remarks) - most:,} more like this; see ops.load_log."]
