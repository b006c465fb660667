"""One chunk of the brand: its people and all that follows from what they do, and their keys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orchestration.demo_brand.campaigns import Touches, run_campaigns
from orchestration.demo_brand.columns import Bools, Column, Ints, at_local, numbered
from orchestration.demo_brand.orders import Coupons, Orders, make_orders
from orchestration.demo_brand.people import People, make_people
from orchestration.demo_brand.purchases import Lapses, Rhythms, make_baskets, make_rhythms
from orchestration.demo_brand.settings import DAYS
from orchestration.demo_brand.world import World

END = int(at_local(np.array(DAYS), np.array(0))) - 1
"""The last second of the brand's last day."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """The people of a chunk and their doings. Positions of people count within the chunk."""

    world: World
    number: int
    people: People
    rhythms: Rhythms
    lapses: Lapses
    touches: Touches
    orders: Orders
    coupons: Coupons


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a landing table, before they are handed over.

    `changed_at` is when each row came to be in its source system (its event time or `updated_at`,
    UTC seconds): rows of later than the brand's last day are left out, the others are handed over
    on that day.
    """

    columns: dict[str, Column]
    changed_at: Ints

    def __len__(self) -> int:
        return len(self.changed_at)

    def only(self, chosen: Bools) -> Rows:
        """The chosen rows."""
        mask = pa.array(chosen)
        return Rows(
            {name: column.filter(mask) for name, column in self.columns.items()},
            self.changed_at[chosen],
        )


def in_one_piece(column: Column) -> Column:
    """The column as one array, for what takes no chunks."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def together(parts: list[Rows]) -> Rows:
    """Rows of the same table, one part after another."""
    return Rows(
        {
            name: pa.concat_arrays([in_one_piece(part.columns[name]) for part in parts])
            for name in parts[0].columns
        },
        np.concatenate([part.changed_at for part in parts]),
    )


Tables = dict[str, Rows]
"""`system.table` and its rows."""


def make_chunk(world: World, number: int) -> Chunk:
    """Everything that the people of a chunk do in the two years."""
    people = make_people(world, number)
    rhythms = make_rhythms(world, people, number)
    baskets, lapses = make_baskets(world, people, rhythms, number)
    touches, extra = run_campaigns(world, people, rhythms, baskets, number)
    orders, coupons = make_orders(world, people, rhythms, baskets, touches, extra, number)
    return Chunk(world, number, people, rhythms, lapses, touches, orders, coupons)


def member_numbers(people: People, rows: Ints) -> Column:
    """member_no of people (their first card); only people with a card have one."""
    return numbered("M", people.number[rows], 8)


def card_numbers(people: People, rows: Ints) -> Column:
    """card_no of people's first card."""
    return numbered("66", people.number[rows], 10)


def open_ids(people: People, rows: Ints) -> Column:
    """Openid of people with the mini-program."""
    return numbered("oRk", people.number[rows] * 7_919 % 1_000_000_007, 10)


def union_ids(people: People, rows: Ints) -> Column:
    """Unionid of people with WeChat."""
    return numbered("uRk", people.number[rows] * 104_729 % 1_000_000_007, 10)


def app_user_ids(people: People, rows: Ints) -> Column:
    """app_user_id of people with the app."""
    return numbered("A", people.number[rows], 8)


def web_user_ids(people: People, rows: Ints) -> Column:
    """web_user_id of people with an account on the website."""
    return numbered("W", people.number[rows], 8)


def buyer_ids(people: People, rows: Ints) -> Column:
    """buyer_id of people on their marketplace."""
    return numbered("b_", people.number[rows], 8)


def external_user_ids(people: People, rows: Ints) -> Column:
    """external_userid of WeCom contacts."""
    return numbered("wm", people.number[rows], 8)


def device_ids(people: People, rows: Ints) -> Column:
    """device_id of people's app device, which a family may share."""
    return numbered("dev-", people.device[rows], 8)


def order_ids(chunk: Chunk, rows: Ints) -> Column:
    """order_id of orders, by position in the chunk's orders."""
    return numbered(f"O{chunk.number:04d}", rows, 7)


def product_ids(products: Ints) -> Column:
    """product_id by position in the world's products."""
    return numbered("P", products, 4)


def shop_ids(shops: Ints, known: Bools | None = None) -> Column:
    """store_id by number."""
    return numbered("S", shops, 3, known)


def staff_ids(staff: Ints, known: Bools | None = None) -> Column:
    """staff_id by number."""
    return numbered("ST", staff, 4, known)


def coupon_codes(chunk: Chunk, rows: Ints, known: Bools | None = None) -> Column:
    """coupon_code by position in the chunk's coupons."""
    return numbered(f"K{chunk.number:04d}", rows, 7, known)
