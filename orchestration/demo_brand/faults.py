"""Broken rows: beside the row as it is, a copy that no loader can take, and says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo_brand.columns import Column, Ints, constant
from orchestration.demo_brand.settings import DAY_SECONDS, Rates
from orchestration.demo_brand.writing import CSV_TABLES, local_texts, zoned_texts

EMPTY, NEGATIVE, FUTURE, UNREADABLE, NO_ZONE = range(5)
REASONS = (
    "missing_required",
    "out_of_range",
    "future",
    "invalid_value",
    "naive_timestamp",
)
"""Why each fault puts its row into quarantine, by the codes of the landing contract."""

FAULTS: dict[str, tuple[tuple[str, int], ...]] = {
    "crm.members": (("updated_at", UNREADABLE), ("updated_at", EMPTY)),
    "wecom.contacts": (("added_at", NO_ZONE), ("staff_id", EMPTY)),
    "service.tickets": (("opened_at", NO_ZONE),),
    "service.surveys": (("score", NEGATIVE), ("responded_at", FUTURE)),
}
"""Column and fault, one after another in the broken rows of a table that people type."""

_LATER_DAYS = 20 * 365


@dataclass(frozen=True, eq=False)
class Broken:
    """Copies of rows of a table, broken; `row` is what each is a copy of."""

    table: pa.Table
    row: Ints
    reasons: dict[str, int]
    """How many go into quarantine, by reason; a fault that the table could have had is named."""


def typed_by_hand(name: str, table: pa.Table) -> pa.Table:
    """The table with text in those columns that a fault needs to be text."""
    for column, fault in FAULTS.get(name, ()):
        at = table.column_names.index(column)
        if fault in {NO_ZONE, UNREADABLE} and not pa.types.is_string(table.schema.types[at]):
            texts = local_texts if name in CSV_TABLES else zoned_texts
            table = table.set_column(at, column, texts(table.column(at)))
    return table


def break_copies(rng: np.random.Generator, name: str, table: pa.Table, rates: Rates) -> Broken:
    """Broken copies of some rows of a table that is `typed_by_hand`."""
    faults = FAULTS.get(name, ())
    rate = rates.broken_rows if faults else 0.0
    row = np.sort(rng.choice(table.num_rows, rng.binomial(table.num_rows, rate), replace=False))
    reasons = dict.fromkeys((REASONS[fault] for _, fault in faults), 0)
    parts, rows = [table.slice(0, 0)], [row[:0]]
    for turn, (column, fault) in enumerate(faults):
        mine = row[turn :: len(faults)]
        part = table.take(pa.array(mine))
        at = part.column_names.index(column)
        parts.append(part.set_column(at, column, _spoilt(part.column(at), fault)))
        rows.append(mine)
        reasons[REASONS[fault]] += len(mine)
    return Broken(pa.concat_tables(parts), np.concatenate(rows), reasons)


def _spoilt(values: Column, fault: int) -> Column:
    if fault == EMPTY:
        return pa.nulls(len(values), values.type)
    if fault == NEGATIVE:
        return pc.negate(values)
    if fault == UNREADABLE:
        return constant("2024-02-30 25:00", len(values))
    if fault == NO_ZONE:
        return pc.utf8_slice_codeunits(values, 0, len("2024-02-29T10:00:00"))
    moved = pc.add(values, pa.scalar(_LATER_DAYS * DAY_SECONDS, pa.duration("s")))
    return moved.cast(values.type)
