"""Handing rows over: on their day or late, once or twice, right, corrected later or broken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo_brand.chunk import END, Rows
from orchestration.demo_brand.columns import Column, Ints, instants, local_day
from orchestration.demo_brand.faults import break_copies, typed_by_hand
from orchestration.demo_brand.settings import DAY_SECONDS, DAYS, Rates, stream

CORRECTED = {
    "crm.members": "city",
    "mini_program.users": "nickname",
    "app.users": "device_id",
    "website.users": "phone",
    "marketplace.buyers": "receiver_address",
    "commerce.orders": "net_amount",
    "coupons.coupons": "expires_at",
    "wecom.contacts": "tags",
    "service.tickets": "kind",
}
"""The column that is wrong at first, in tables whose records have versions."""


@dataclass(frozen=True, eq=False)
class HandedOver:
    """Rows as they are handed over, and the day on which each is (0 = the brand's first day)."""

    table: pa.Table
    day: Ints
    duplicates: int
    late: int
    corrections: int
    broken: dict[str, int]
    """Rows that belong into quarantine, by reason: copies of others."""
    records: int


def hand_over(name: str, rows: Rows, rates: Rates, seed: int, chunk: int) -> HandedOver:
    """Decide when, how often and how right each row of a table is handed over."""
    rng = stream(seed, chunk, f"delivery {name}")
    inside = rows.changed_at <= END
    if not inside.all():
        rows = rows.only(inside)
    count = len(rows)
    table = pa.table(rows.columns)
    changed = rows.changed_at
    column = CORRECTED.get(name)
    corrections = 0
    if column is not None and count > 1:
        later = changed + rng.integers(3_600, 5 * DAY_SECONDS, count)
        wrong = (rng.random(count) < rates.corrections) & (later <= END)
        if name == "commerce.orders":
            wrong &= _last_versions(table)
        corrections = int(wrong.sum())
        where = np.flatnonzero(wrong)
        first = table.take(pa.array(where))
        if column == "phone":
            wrong_values = _mistyped(first.column(column))
        else:
            wrong_values = table.column(column).take(pa.array((where + 1) % count))
        first = first.set_column(first.column_names.index(column), column, wrong_values)
        # The record as it truly is comes as a newer version of the wrong one.
        right = np.where(wrong, later, changed)
        at = table.column_names.index("updated_at")
        table = table.set_column(at, "updated_at", instants(right))
        table = pa.concat_tables([first.cast(table.schema), table])
        changed = np.concatenate([changed[where], right])
        count = len(changed)
    day = np.maximum(local_day(changed), 0)
    late = rng.random(count) < rates.late
    day = np.where(late, day + rng.integers(1, rates.late_days + 1, count), day)
    again = np.flatnonzero(rng.random(count) < rates.duplicates)
    sound = typed_by_hand(name, table)
    broken = break_copies(stream(seed, chunk, f"faults {name}"), name, sound, rates)
    table = pa.concat_tables([sound, sound.take(pa.array(again)), broken.table])
    day = np.concatenate([day, day[again] + rng.integers(0, 4, len(again)), day[broken.row]])
    return HandedOver(
        table=table,
        day=np.minimum(day, DAYS - 1),
        duplicates=len(again),
        late=int(late.sum()),
        corrections=corrections,
        broken=broken.reasons,
        records=count,
    )


def _mistyped(phones: Column) -> Column:
    """Numbers with a wrong last digit, which are nobody's: another person's would link the two."""
    last = pc.cast(pc.utf8_slice_codeunits(phones, -1), pa.int64())
    wrong = pc.cast(pc.subtract(9, last), pa.string())
    typed = pc.binary_join_element_wise(pc.utf8_slice_codeunits(phones, 0, -1), wrong, "")
    return pc.fill_null(typed, "00000000000")


def _last_versions(table: pa.Table) -> np.ndarray:
    """Orders that are settled: a correction must not come before the order's end."""
    status = table.column("status").to_numpy(zero_copy_only=False)
    return np.asarray((status == "completed") | (status == "cancelled"))
