"""Writing the demo brand: its landing folder, and beside it the truth about it.

<target>/landing/<system>/<table>/part-0000.parquet           everything up to a day
<target>/landing/<system>/<table>/dt=2025-06-17/part-….parquet  one day's files
<target>/truth/<what>/part-0000.parquet                         what no warehouse reads
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.demo_brand.attributes import attribute_tables
from orchestration.demo_brand.catalogue import catalogue_tables
from orchestration.demo_brand.chunk import Chunk, Rows, Tables, make_chunk
from orchestration.demo_brand.deeds import make_deeds
from orchestration.demo_brand.delivery import hand_over
from orchestration.demo_brand.digital import digital_tables
from orchestration.demo_brand.loyalty import loyalty_tables, loyalty_world
from orchestration.demo_brand.records import make_cards, record_tables, sellers
from orchestration.demo_brand.sales import coupon_templates, sales_tables
from orchestration.demo_brand.sending import sending_tables, sending_world
from orchestration.demo_brand.service import service_tables
from orchestration.demo_brand.settings import (
    DAYS,
    FIRST_DATE,
    LAST_DATE,
    SHARD_CHUNKS,
    BrandSpec,
)
from orchestration.demo_brand.social import social_tables, social_world
from orchestration.demo_brand.truth import Planted, chunk_truth
from orchestration.demo_brand.world import World, make_world
from orchestration.demo_brand.writing import TableWriter, brand_text
from orchestration.errors import UsageError

MARK = ".demo_brand"
"""The hidden file that says whose a target folder is, and of which size and seed."""


@dataclass(frozen=True)
class Slice:
    """The days whose files are written; without `first` all up to `last`, in files of one part."""

    last: date = LAST_DATE
    first: date | None = None

    def __post_init__(self) -> None:
        for day in (self.first, self.last):
            if day is not None and not FIRST_DATE <= day <= LAST_DATE:
                raise UsageError(
                    f"The demo brand lives from {FIRST_DATE} to {LAST_DATE}; "
                    f"{day} is outside: give a day between the two."
                )
        if self.first is not None and self.first > self.last:
            raise UsageError(
                f"--from {self.first} is after --to {self.last}; give the earlier day first."
            )


def write_brand(
    target: Path,
    spec: BrandSpec,
    days: Slice = Slice(),
    on_people: Callable[[int, int], None] | None = None,
    processes: int | None = None,
) -> None:
    """Write a demo brand. `on_people` is told how many people of how many are written.

    The bytes depend on the spec and the days alone, not on the number of processes. A whole
    hand-over (no first day) replaces what is in the target; daily slices are added to it.
    Raises UsageError for days outside the brand's two years, and where the target holds files that
    are not those of this brand.
    """
    landing = target / "landing"
    _claim(target, spec, is_whole=days.first is None)
    landing.mkdir(parents=True, exist_ok=True)
    (landing / "brand.yml").write_text(brand_text(), encoding="utf-8")
    processes = processes or min(os.cpu_count() or 1, spec.shards)
    write = partial(_write_shard, target, spec, days)
    done = 0
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        if processes > 1:
            pool = stack.enter_context(ProcessPoolExecutor(processes, mp_context=context))
            written: Iterator[int] = pool.map(write, range(spec.shards))
        else:
            written = map(write, range(spec.shards))
        _write_world(landing, make_world(spec), days)
        for people in written:
            done += people
            if on_people is not None:
                on_people(done, spec.people)


def _claim(target: Path, spec: BrandSpec, *, is_whole: bool) -> None:
    """Make room for the brand in the target, and mark the target as the brand's."""
    mark = target / MARK
    owner = mark.read_text(encoding="utf-8") if mark.is_file() else None
    folders = [target / "landing", target / "truth"]
    if owner is None and any(folder.exists() for folder in folders):
        raise UsageError(
            f"{target} holds a landing or truth folder that is not the demo brand's: "
            "give another folder, or remove them."
        )
    if not is_whole and owner not in {None, repr(spec)}:
        raise UsageError(
            f"{target} holds a demo brand of another size or seed: "
            "give those with which it was made, or another folder."
        )
    if is_whole:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    target.mkdir(parents=True, exist_ok=True)
    mark.write_text(repr(spec), encoding="utf-8")


def chunk_tables(chunk: Chunk) -> tuple[Tables, Planted]:
    """All landing tables of a chunk, and what is planted in them."""
    cards = make_cards(chunk)
    records, known = record_tables(chunk, cards)
    sales, counts = sales_tables(chunk, cards)
    done = {**digital_tables(chunk), **social_tables(chunk), **service_tables(chunk)}
    tables = {
        **records,
        **sales,
        **done,
        **loyalty_tables(chunk, make_deeds(chunk, done)),
        **sending_tables(chunk),
        **attribute_tables(chunk),
    }
    return tables, Planted(cards, known, counts)


def world_tables(world: World) -> Tables:
    """All landing tables that people have in common."""
    return {
        **catalogue_tables(world),
        "crm.staff": sellers(world),
        "coupons.templates": coupon_templates(world),
        **social_world(world),
        **loyalty_world(world),
        **sending_world(world),
    }


def _write_world(landing: Path, world: World, days: Slice) -> None:
    with _Files(landing, days, "world") as files:
        for name, rows in world_tables(world).items():
            files.add(name, rows, world.spec, -1)


def _write_shard(target: Path, spec: BrandSpec, days: Slice, shard: int) -> int:
    """Write the chunks of one shard; returns the number of people."""
    world = make_world(spec)
    people = 0
    first = shard * SHARD_CHUNKS
    ugliness: dict[tuple[str, str], list[int]] = {}
    with (
        _Files(target / "landing", days, f"{shard:04d}") as files,
        _Files(target / "truth", Slice(), f"{shard:04d}") as truths,
    ):
        for number in range(first, min(first + SHARD_CHUNKS, spec.chunks)):
            chunk = make_chunk(world, number)
            people += len(chunk.people)
            tables, planted = chunk_tables(chunk)
            for name, rows in tables.items():
                for kind, share in files.add(name, rows, spec, number).items():
                    sums = ugliness.setdefault((name, kind), [0, 0])
                    sums[0] += share[0]
                    sums[1] += share[1]
            for what, table in chunk_truth(chunk, planted).items():
                truths.write(what, table)
        truths.write(
            "delivery",
            pa.table(
                {
                    "table": [name for name, _ in ugliness],
                    "kind": [kind for _, kind in ugliness],
                    "rows": [rows for rows, _ in ugliness.values()],
                    "of_rows": [of for _, of in ugliness.values()],
                }
            ),
        )
    return people


class _Files:
    """The open files of one shard, by table, and by day where days are wanted."""

    def __init__(self, root: Path, days: Slice, stem: str) -> None:
        self._root, self._days, self._stem = root, days, stem
        self._open: dict[str, TableWriter] = {}
        self._daily: dict[tuple[str, int], list[pa.Table]] = {}
        self._first = 0 if days.first is None else (days.first - FIRST_DATE).days
        self._last = (days.last - FIRST_DATE).days

    def add(self, name: str, rows: Rows, spec: BrandSpec, chunk: int) -> dict[str, tuple[int, int]]:
        """Hand over the rows of a table; returns (rows, of rows) by kind of ugliness."""
        handed = hand_over(name, rows, spec.rates, spec.seed, chunk)
        if self._days.first is None:
            table = handed.table
            if self._last < DAYS - 1:
                table = table.filter(pa.array(handed.day <= self._last))
            if table.num_rows:
                self.write(name, table)
        else:
            for day in np.unique(handed.day):
                if self._first <= day <= self._last:
                    part = handed.table.filter(pa.array(handed.day == day))
                    self._daily.setdefault((name, int(day)), []).append(part)
        return {
            "duplicate": (handed.duplicates, handed.records),
            "late": (handed.late, handed.records),
            "correction": (handed.corrections, handed.records),
            **{
                f"broken_{reason}": (rows, handed.records) for reason, rows in handed.broken.items()
            },
        }

    def write(self, name: str, table: pa.Table) -> None:
        """Append a table to its file."""
        if name not in self._open:
            folder = self._root.joinpath(*name.split("."))
            self._open[name] = TableWriter(folder, name, f"part-{self._stem}")
        self._open[name].write(table)

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            return
        for writer in self._open.values():
            writer.close()
        for (name, day), parts in sorted(self._daily.items()):
            when = FIRST_DATE + timedelta(days=day)
            folder = self._root.joinpath(*name.split("."), f"dt={when}")
            with TableWriter(folder, name, f"part-{self._stem}") as writer:
                for part in parts:
                    writer.write(part)


def read_truth(target: Path, what: str) -> pa.Table:
    """A table of the truth, of all shards."""
    return pq.read_table(target / "truth" / what)
