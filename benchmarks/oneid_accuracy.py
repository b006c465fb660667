"""How well OneID finds the persons of the demo brand, against the brand's truth.

    python -m benchmarks.oneid_accuracy [BRAND] [--members 20000] [--build FILE]

BRAND is a folder of `rekindle brand` with its landing and its truth; without it a brand of
`--members` is made. Of its landing files those are loaded that say who somebody is or who bought,
all others only say what known records did; then the map of records to persons and its evidence are
built, with all that they read. With `--build` nothing is built: FILE is BRAND's build file or
published file. Prints precision and recall of pairs of records and of clusters, the bar they have
to reach, what joined different persons, and the precision of pairs last.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks.building import build_in, load_into, said, workspace_in
from benchmarks.identity_delta import RECORDS
from benchmarks.measuring import GIB, Row, finish, options_of, rod_parser, steps, work_folder
from benchmarks.next_day import copy_folder
from orchestration.demo_brand.generate import write_brand
from orchestration.demo_brand.settings import BrandSpec
from orchestration.loading.brand import BRAND_FILE
from tests.demo_brand.accuracy import (
    PRECISION_FLOOR,
    RECALL_FLOOR,
    Accuracy,
    Cause,
    accuracy,
    causes,
)

TABLES = (*RECORDS, "commerce/orders", "commerce/carts", "catalog/favourites")
"""Tables of records of persons, and those of facts that name their buyer by an identifier."""


SELECTION = ("+oneid_map", "+oneid_evidence")


def identity_of(brand: Path, folder: Path) -> tuple[Path, str]:
    """Load who is who and build identity below `folder`: the build file, and what that took."""
    landing = folder / "landing"
    landing.mkdir(parents=True)
    (landing / BRAND_FILE).write_bytes((brand / "landing" / BRAND_FILE).read_bytes())
    for table in TABLES:
        source = brand / "landing" / table
        if source.is_dir():
            copy_folder(source, landing / table)
    workspace = workspace_in(folder, landing)
    load_into(workspace)
    built = build_in(workspace, full_refresh=True, with_tests=False, selection=SELECTION)
    return (
        workspace.build_file(),
        f"identity built in {built.span:.2f} s, peak memory {built.peak / GIB:.2f} GiB",
    )


def compare(file: Path, truth: Path) -> tuple[Accuracy, list[Cause]]:
    """The map of a build file against the truth, and what joined different persons."""
    with duckdb.connect(str(file), read_only=True) as marts:
        return accuracy(marts, truth), causes(marts, truth)


def main() -> None:
    """Build, compare and print."""
    parser = rod_parser(__doc__, runs=None)
    parser.add_argument("brand", type=Path, nargs="?", metavar="BRAND")
    parser.add_argument("--members", type=int, default=20_000, help="of a brand that is made")
    parser.add_argument("--build", type=Path, metavar="FILE", help="BRAND's build, made before")
    values = parser.parse_args()
    if values.build and not values.brand:
        parser.error("--build needs the BRAND that the build is of, for its truth.")
    for path in (values.build, *((values.brand / "truth",) if values.brand else ())):
        if path and not path.exists():
            parser.error(f"There is no {path}.")
    with work_folder() as folder, steps(3) as step:
        brand: Path = (values.brand or folder / "brand").resolve()
        if not values.brand:
            step("brand")
            said(lambda: write_brand(brand, BrandSpec(members=values.members)))
        step("load and build")
        file, took = (
            (values.build.resolve(), "built before")
            if values.build
            else identity_of(brand, folder / "work")
        )
        step("compare")
        measured, wrong = compare(file, brand / "truth")
    print(f"{measured.records:,} records of truth, {measured.unknown:,} of them unknown; {took}")
    for name, value in measured.figures().items():
        print(f"{name}: {value:.5f}")
    for cause in wrong:
        print(f"{cause.pairs:8,} wrong pairs in {cause.clusters:,} clusters by {cause.name}")
    reached = "reached" if measured.reaches_the_bar else "not reached"
    print(f"the bar, precision >= {PRECISION_FLOOR} and recall >= {RECALL_FLOOR}, is {reached}")
    figures = ", ".join(f"{name} {value:.5f}" for name, value in measured.figures().items())
    told = f"{figures}; {measured.joined - measured.right:,} of {measured.joined:,} pairs wrong"
    size = f"{measured.records:,} records"
    finish(
        Row("OneID accuracy", size, told, f"{measured.pairwise_precision:.5f}"), options_of(values)
    )


if __name__ == "__main__":
    main()
