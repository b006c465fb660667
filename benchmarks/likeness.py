"""How well likeness finds FEBRL's duplicates, beside Splink on the same fields.

    python -m benchmarks.likeness --splink PYTHON

FEBRL 1, 2 and 4, the social security number withheld: the project's models at the shipped setting,
and Splink trained on each set as its tutorials do (`splink_matching.py`), both after clustering.
Prints the lowest F1 of ours less Splink's last; 0 or more is the bar. Nothing is timed.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import polars as pl

from benchmarks.measuring import Row, finish, options_of, rod_parser, work_folder
from tests.matching import febrl
from tests.matching.harness import Matching, figures

SCRIPT = Path(__file__).with_name("splink_matching.py")
FIELDS = (
    "given_name", "surname", "date_of_birth", "street_number", "address_1", "suburb", "state",
    "postcode",
)  # fmt: skip


def splink(python: str, number: int, folder: Path) -> list[int]:
    """Splink's persons of a data set, by the position of the record."""
    rows = febrl.rows(number)
    records, persons = folder / f"records-{number}.parquet", folder / f"persons-{number}.parquet"
    pl.DataFrame(
        {
            "unique_id": [row["rec_id"] for row in rows],
            **{field: [row[field] or None for row in rows] for field in FIELDS},
        }
    ).write_parquet(records)
    command = [python, str(SCRIPT), str(records), str(persons)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{python} cannot run Splink's matching:\n{done.stderr}")
    found: dict[str, str] = dict(pl.read_parquet(persons).iter_rows())
    numbers = {cluster: number for number, cluster in enumerate(sorted(set(found.values())))}
    return [numbers[found[row["rec_id"]]] for row in rows]


def main() -> None:
    """Measure and print."""
    parser = rod_parser(__doc__)
    parser.add_argument("--splink", metavar="PYTHON", required=True, help="a Python with Splink")
    values = parser.parse_args()
    options = options_of(values)
    told, lead = [], []
    with work_folder() as folder:
        for number in (1, 2, 4):
            records, truth = febrl.records(number)
            ours = figures(truth, Matching(records).persons())
            theirs = figures(truth, splink(values.splink, number, folder))
            for name, found in (("ours", ours), ("Splink", theirs)):
                print(
                    f"FEBRL {number}, {name}: F1 {found.f1:.5f}, precision "
                    f"{found.precision:.5f}, recall {found.recall:.5f}"
                )
            told.append(f"FEBRL {number} F1 {ours.f1:.5f}, Splink {theirs.f1:.5f}")
            lead.append(ours.f1 - theirs.f1)
    finish(
        Row("likeness", "1,000 / 5,000 / 10,000 records", "; ".join(told), f"{min(lead):.5f}"),
        options,
    )


if __name__ == "__main__":
    main()
