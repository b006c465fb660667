"""What seeds/policy says about the five-minute path; no build takes part in it."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from orchestration.intraday.errors import IntradayError
from orchestration.workspace import PROJECT

POLICIES = PROJECT / "seeds" / "policy"


def window_hours(day: date, policies: Path = POLICIES) -> int:
    """How many hours before the current one belong to the window on a business date.

    Raises IntradayError for a file that `rekindle policy check` would refuse too.
    """
    rows = _in_force(policies / "intraday_policy.csv", day)
    try:
        newest = max(rows, key=lambda row: row["valid_from"])
        return int(newest["window_hours"])
    except (KeyError, ValueError) as error:
        raise IntradayError(
            f"{policies / 'intraday_policy.csv'} has no window that is in force on {day}: "
            "rekindle policy check says what is wrong with it."
        ) from error


def excluded_identifiers(day: date, policies: Path = POLICIES) -> list[tuple[str, str]]:
    """Type and value, in lower case, of the identifiers that name nobody on a business date."""
    return [
        (row["identifier_type"], row["identifier_value"].lower())
        for row in _in_force(policies / "identifier_exclusions.csv", day)
    ]


def _in_force(file: Path, day: date) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["valid_from"] <= day.isoformat()]
