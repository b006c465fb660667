"""A small builder of contract landing folders: add records in Python, write Parquet and CSV."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

SHANGHAI = "Asia/Shanghai"
NEW_YORK = "America/New_York"

# Written as CSV, with the offset of Shanghai; everything else is Parquet in UTC.
CSV_TABLES = ("crm.members", "commerce.refunds", "campaigns.campaigns", "catalog.categories")

When = date | datetime


def instant(text: str, zone: str) -> datetime:
    """Return the instant of a local time such as `2024-03-10 01:59:59.999999`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def moment(when: When) -> datetime:
    """Return an instant; a date stands for 10:00 UTC.

    That is the same business date in Shanghai (18:00) and in New York (05:00 or 06:00).
    """
    if isinstance(when, datetime):
        return when
    return datetime.combine(when, time(10), UTC)


def money(amount: str | float | Decimal) -> Decimal:
    """Return an amount with two decimals."""
    return Decimal(str(amount)).quantize(Decimal("0.01"))


class Book:
    """Records by table, in the order of writing; `late` ones go to a second file."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.persons: dict[str, str | None] = {}
        self._order_numbers: dict[str, int] = {}

    def add(self, table: str, *, file: str = "first", **values: Any) -> None:
        """Add one version of a record."""
        self.rows.setdefault(table, {}).setdefault(file, []).append(values)

    def same_person(self, key: str, person: str | None) -> None:
        """Say that a key belongs to the member `person` (None: to nobody)."""
        self.persons[key] = None if person is None else f"member_no:{person}"

    # ---------------------------------------------------------------------------------- shorthands

    def member(self, number: str, *, registered: When | None = None, **values: Any) -> None:
        """Add a member of the member centre; `updated_at` is the registration unless given."""
        updated = values.pop("updated", registered)
        self.add(
            "crm.members",
            file=values.pop("file", "first"),
            member_no=number,
            registered_at=None if registered is None else moment(registered),
            updated_at=moment(updated),
            **values,
        )

    def order(self, buyer: str | None, when: When, net: float = 100, **values: Any) -> str:
        """Add a completed, paid sale with one line of one `p-plain`; return its id.

        `lines=[...]` (dicts over the defaults) replaces the line, `lines=[]` leaves it out.
        `updated`, `paid`, `cancelled` take dates or instants.
        """
        ordered = moment(when)
        key_type = values.pop("key_type", "none" if buyer is None else "member_no")
        order_id = values.pop("order_id", None) or self._next_id(buyer or "nobody")
        file = values.pop("file", "first")
        lines = values.pop("lines", [{}])
        updated = moment(values.pop("updated", ordered))
        paid = values.pop("paid", ordered)
        cancelled = values.pop("cancelled", None)
        net_amount, discount = money(net), money(values.pop("discount_amount", 0))
        self.add(
            "commerce.orders",
            file=file,
            order_id=order_id,
            order_channel=values.pop("order_channel", "pos"),
            buyer_key_type=key_type,
            buyer_key=values.pop("buyer_key", buyer),
            status=values.pop("status", "completed"),
            ordered_at=ordered,
            paid_at=None if paid is None else moment(paid),
            cancelled_at=None if cancelled is None else moment(cancelled),
            gross_amount=net_amount + discount,
            discount_amount=discount,
            net_amount=net_amount,
            updated_at=updated,
            **values,
        )
        for number, line in enumerate(lines, start=1):
            self.line(order_id, number, net_amount, file=file, **line)
        return order_id

    def line(self, order_id: str, number: int, net: Decimal, **values: Any) -> None:
        """Add one order line; its version is the order's unless `updated_at` is given."""
        net_amount = money(values.pop("net_amount", net))
        self.add(
            "commerce.order_lines",
            file=values.pop("file", "first"),
            order_id=order_id,
            line_no=values.pop("line_no", number),
            product_id=values.pop("product_id", "p-plain"),
            quantity=values.pop("quantity", 1),
            unit_price=net_amount,
            net_amount=net_amount,
            **{k: money(v) if k.endswith("_discount") else v for k, v in values.items()},
        )

    def orders(self, buyer: str, days: list[date], **values: Any) -> None:
        """Add one order on each of the days."""
        for day in days:
            self.order(buyer, day, **values)

    def refund(
        self, order_id: str, when: When, amount: float, number: str = "", file: str = "first"
    ) -> None:
        """Add a refund of an order."""
        self.add(
            "commerce.refunds",
            file=file,
            refund_id=f"refund-{order_id}{number}",
            order_id=order_id,
            refund_amount=money(amount),
            refunded_at=moment(when),
        )

    def _next_id(self, buyer: str) -> str:
        self._order_numbers[buyer] = self._order_numbers.get(buyer, 0) + 1
        return f"{buyer}/{self._order_numbers[buyer]}"

    # ------------------------------------------------------------------------------------- writing

    def write(self, folder: Path, zone: str = SHANGHAI) -> Path:
        """Write the landing folder with its `brand.yml`; return it."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "brand.yml").write_text(f"business_zone: {zone}\n", "utf-8")
        for table, files in self.rows.items():
            kinds = _kinds([row for rows in files.values() for row in rows])
            for file, rows in files.items():
                frame = pl.DataFrame(rows, schema=kinds, orient="row")
                place = folder.joinpath(*table.split("."))
                place.mkdir(parents=True, exist_ok=True)
                if table in CSV_TABLES:
                    _with_offsets(frame).write_csv(place / f"{file}.csv")
                else:
                    frame.write_parquet(place / f"{file}.parquet")
        return folder


def _kinds(rows: list[dict[str, Any]]) -> Mapping[str, pl.DataType]:
    """Return the type of every column that has a value somewhere."""
    kinds: dict[str, pl.DataType] = {}
    for row in rows:
        for name, value in row.items():
            if value is not None and name not in kinds:
                kinds[name] = _kind(value)
    return kinds


def _kind(value: Any) -> pl.DataType:
    if isinstance(value, bool):
        return pl.Boolean()
    if isinstance(value, int):
        return pl.Int64()
    if isinstance(value, float):
        return pl.Float64()
    if isinstance(value, Decimal):
        return pl.Decimal(18, 2)
    if isinstance(value, datetime):
        return pl.Datetime("us", "UTC")
    if isinstance(value, date):
        return pl.Date()
    if isinstance(value, str):
        return pl.String()
    message = f"no column type for {value!r}"
    raise TypeError(message)


def _with_offsets(frame: pl.DataFrame) -> pl.DataFrame:
    """Write instants as local times of Shanghai with their offset."""
    return frame.with_columns(
        pl.selectors.datetime("us", "*")
        .dt.convert_time_zone(SHANGHAI)
        .dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+08:00")
    )


def days_ago(day: date, *numbers: int) -> list[date]:
    """Return the dates that many days before `day`, in the order given."""
    return [day - timedelta(days=number) for number in numbers]
