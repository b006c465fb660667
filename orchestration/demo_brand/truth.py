"""What is true of the demo brand and no source system says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orchestration.demo_brand.campaigns import ARMS, make_campaigns
from orchestration.demo_brand.chunk import Chunk, order_ids
from orchestration.demo_brand.columns import codes, constant, dates, flags, numbered, real, whole
from orchestration.demo_brand.people import HABITS, MOTIVES, NEVER
from orchestration.demo_brand.records import Cards, Known
from orchestration.demo_brand.settings import DAYS, FIRST_DAY
from orchestration.demo_brand.world import CATEGORIES


@dataclass(frozen=True, eq=False)
class Planted:
    """What was planted in the records and sales of a chunk."""

    cards: Cards
    known: Known
    sales: dict[str, int]


def chunk_truth(chunk: Chunk, planted: Planted) -> dict[str, pa.Table]:
    """persons, records, rhythms, campaign_effects, order_causes and counts of a chunk."""
    return {
        "persons": _persons(chunk),
        "records": _records(chunk, planted.known),
        "rhythms": _rhythms(chunk),
        "campaign_effects": _effects(chunk),
        "caused_orders": _caused_orders(chunk),
        "counts": _counts(chunk, planted),
    }


def _persons(chunk: Chunk) -> pa.Table:
    people, lapses = chunk.people, chunk.lapses

    def day(values: np.ndarray) -> object:
        return dates(values + FIRST_DAY, values < DAYS)

    return pa.table(
        {
            "person": whole(people.number),
            "lapse_date": day(lapses.lapse_day),
            "return_date": day(lapses.return_day),
            "second_lapse_date": day(lapses.second_lapse_day),
            "habit": codes(HABITS, people.habit),
            "motive": codes(MOTIVES, people.motive),
            "price_sensitivity": real(people.price_sensitivity),
            "content_zeal": real(people.content_zeal),
            "sociability": real(people.sociability),
            "task_zeal": real(people.task_zeal),
            "is_staff": flags(people.is_staff),
            "is_test": flags(people.is_test),
            "is_bot": flags(people.is_bot),
            "shares_device": flags(people.shares_device),
            "has_recycled_phone": flags(people.is_recycled),
            "has_card": flags(people.has_card),
        }
    )


def _records(chunk: Chunk, known: Known) -> pa.Table:
    return pa.table(
        {
            "person": whole(chunk.people.number[known.person]),
            "source_system": known.system,
            "source_table": known.table,
            "source_key": known.key,
            "link_group": numbered(f"{chunk.number}-", known.group),
            "has_phone": flags(known.has_phone),
            "is_dummy_phone": flags(known.dummy_phone),
            "is_masked_phone": flags(known.masked_phone),
            "has_name": flags(known.has_name),
            "is_name_variant": flags(known.name_variant),
        }
    )


def _rhythms(chunk: Chunk) -> pa.Table:
    rhythms = chunk.rhythms
    return pa.table(
        {
            "person": whole(chunk.people.number[rhythms.person]),
            "category_id": codes([row[0] for row in CATEGORIES], rhythms.category),
            "mean_gap_days": real(rhythms.gap_days),
        }
    )


def _effects(chunk: Chunk) -> pa.Table:
    touches = chunk.touches
    return pa.table(
        {
            "campaign_id": codes(
                [plan.code for plan in make_campaigns(chunk.world)], touches.campaign
            ),
            "person": whole(chunk.people.number[touches.person]),
            "arm": codes(ARMS, touches.arm),
            "would_order_anyway": flags(touches.would_order_anyway),
            "is_moved": flags(touches.moved),
            "chance_to_be_moved": real(touches.chance),
            "order_date": dates(touches.order_day + FIRST_DAY, touches.order_day < NEVER),
        }
    )


def _caused_orders(chunk: Chunk) -> pa.Table:
    orders = chunk.orders
    caused = np.flatnonzero(orders.touch >= 0)
    campaign = chunk.touches.campaign[orders.touch[caused]]
    return pa.table(
        {
            "order_id": order_ids(chunk, caused),
            "campaign_id": codes([plan.code for plan in make_campaigns(chunk.world)], campaign),
        }
    )


def _counts(chunk: Chunk, planted: Planted) -> pa.Table:
    """How often each kind of ugliness was planted, and in how many it could have been."""
    people, orders, known, cards = chunk.people, chunk.orders, planted.known, planted.cards
    refunded = len(np.unique(orders.refund_order))
    with_card = int(people.has_card.sum())
    staff = people.is_staff[orders.person]
    kinds: dict[str, tuple[int, int]] = {
        "dummy_phones": (
            int(known.dummy_phone.sum()),
            int((known.has_phone & ~known.masked_phone).sum()),
        ),
        "agents": (known.agents, len(people)),
        "shared_devices": (int(people.shares_device.sum()), len(people)),
        "shop_phones": (planted.sales["shop_phones"], planted.sales["till_orders"]),
        "recycled_phones": (int(people.is_recycled.sum()), len(people)),
        "second_cards": (int(cards.is_second.sum()), with_card),
        "name_variants": (int(known.name_variant.sum()), int(known.has_name.sum())),
        "masked_marketplace_phones": (
            int(known.masked_phone.sum()),
            int((people.marketplace >= 0).sum()),
        ),
        "test_orders": (int(orders.is_test.sum()), len(orders)),
        "staff_orders": (int(staff.sum()), len(orders)),
        "bots": (int(people.is_bot.sum()), with_card),
        "refunds": (refunded, len(orders)),
    }
    count = len(kinds)
    return pa.table(
        {
            "chunk": constant(chunk.number, count),
            "kind": list(kinds),
            "rows": [rows for rows, _ in kinds.values()],
            "of_rows": [of for _, of in kinds.values()],
        }
    )
