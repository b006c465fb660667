"""The tables of orders, their lines and refunds, and of coupons."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo_brand import chunk as keys
from orchestration.demo_brand.campaigns import make_campaigns
from orchestration.demo_brand.chunk import Chunk, Rows, Tables, together
from orchestration.demo_brand.columns import (
    Column,
    Ints,
    at_local,
    codes,
    flags,
    instants,
    money,
    numbered,
    pick,
    where_known,
    whole,
)
from orchestration.demo_brand.orders import COUPONS, KINDS, PAID, STATUSES
from orchestration.demo_brand.people import (
    APP,
    CHANNELS,
    DOUYIN,
    MINI_PROGRAM,
    POS,
    TMALL,
    WEBSITE,
    phone_numbers,
)
from orchestration.demo_brand.records import Cards
from orchestration.demo_brand.settings import DAYS, stream
from orchestration.demo_brand.world import World

KEY_TYPES = (
    "member_no", "openid", "app_user_id", "web_user_id", "buyer_id", "card_no", "phone", "none",
)  # fmt: skip
MEMBER_NO, OPENID, APP_USER_ID, WEB_USER_ID, BUYER_ID, CARD_NO, PHONE, NONE = range(8)
VERSIONED_DAYS = 60
"""Orders of the last days are handed over when they are paid, and again when they are settled;
older ones once, as they ended."""


def sales_tables(chunk: Chunk, cards: Cards) -> tuple[Tables, dict[str, int]]:
    """Orders, order lines, refunds and coupons; and how often a shop's phone was typed."""
    rng = stream(chunk.world.spec.seed, chunk.number, "sales")
    orders = chunk.orders
    everything = np.arange(len(orders))
    order_id = keys.order_ids(chunk, everything)
    key_type, key, shop_phones = _buyer_keys(rng, chunk, cards)
    campaigns = [campaign.code for campaign in make_campaigns(chunk.world)]
    columns = {
        "order_id": order_id,
        "order_channel": codes(CHANNELS, orders.channel),
        "buyer_key_type": codes(KEY_TYPES, key_type),
        "buyer_key": key,
        "store_id": keys.shop_ids(orders.shop, orders.shop >= 0),
        "staff_id": keys.staff_ids(orders.seller, orders.seller >= 0),
        "status": codes(STATUSES, orders.status),
        "order_kind": codes(KINDS, orders.kind, (orders.kind > 0) | (everything % 3 > 0)),
        "is_test": flags(orders.is_test),
        "is_gift": flags(orders.is_gift),
        "group_buy_id": numbered("G", orders.group_buy, 0, orders.group_buy >= 0),
        "ordered_at": instants(orders.ordered_at),
        "paid_at": instants(orders.paid_at, orders.paid_at >= 0),
        "cancelled_at": instants(orders.cancelled_at, orders.cancelled_at >= 0),
        "gross_amount": money(orders.gross),
        "discount_amount": money(orders.discount),
        "points_used": whole(orders.points_used, orders.points_used > 0),
        "net_amount": money(orders.net),
        "coupon_code": keys.coupon_codes(chunk, orders.coupon, orders.coupon >= 0),
        "campaign_id": codes(campaigns, orders.campaign),
        "is_private_domain": flags(orders.is_private_domain),
        "updated_at": instants(orders.settled_at),
    }
    final = Rows(columns, orders.settled_at)
    again = (
        (orders.day >= DAYS - VERSIONED_DAYS)
        & (orders.paid_at >= 0)
        & (orders.settled_at > orders.paid_at)
        & (orders.channel != POS)
    )
    paid = final.only(again)
    count = len(paid)
    paid = Rows(
        {
            **paid.columns,
            "status": codes(STATUSES, np.full(count, PAID)),
            "cancelled_at": instants(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=bool)),
            "updated_at": instants(orders.paid_at[again]),
        },
        orders.paid_at[again],
    )
    return {
        "commerce.orders": together([paid, final]),
        "commerce.order_lines": _lines(chunk, order_id),
        "commerce.refunds": _refunds(chunk, order_id),
        "coupons.coupons": _coupons(chunk),
    }, {"shop_phones": shop_phones, "till_orders": int((orders.channel == POS).sum())}


def _buyer_keys(rng: np.random.Generator, chunk: Chunk, cards: Cards) -> tuple[Ints, Column, int]:
    """By which key each order names its buyer."""
    people, orders = chunk.people, chunk.orders
    person, count = orders.person, len(orders)
    at_till = pick(rng, (58, 20, 12, 10), count)
    till = np.array([MEMBER_NO, CARD_NO, PHONE, NONE])[at_till]
    online = np.full(count, OPENID)
    online[orders.channel == APP] = APP_USER_ID
    online[orders.channel == WEBSITE] = WEB_USER_ID
    online[(orders.channel >= TMALL) & (orders.channel <= DOUYIN)] = BUYER_ID
    with_card = (
        (orders.channel == MINI_PROGRAM) & people.has_card[person] & (rng.random(count) < 0.2)
    )
    online[with_card] = MEMBER_NO
    kind = np.where(orders.channel == POS, till, online)
    shop_phone = (orders.channel == POS) & (rng.random(count) < chunk.world.spec.rates.shop_phones)
    kind = np.where(shop_phone, PHONE, kind)
    # Once there is a second card, three till orders of ten are made with it.
    second = np.full(len(people), -1)
    second[cards.person[cards.is_second]] = np.flatnonzero(cards.is_second)
    card = second[person]
    with_second = (card >= 0) & (rng.random(count) < 0.3) & (
        orders.day > cards.registered_day[np.maximum(card, 0)]
    )  # fmt: skip
    number = np.where(with_second, cards.number[np.maximum(card, 0)], people.number[person])
    shops = chunk.world.spec.rates.shop_phone_shops
    shop_numbers = phone_numbers(np.arange(shops) + 90_000_000, np.arange(shops) % 15)
    # Before a number was changed, receipts carry the former one.
    own = np.where(
        orders.day < people.phone_changed_day[person],
        np.where(
            people.former_phone[person] >= 0, people.former_phone[person], people.phone[person]
        ),
        people.phone[person],
    )
    phone = np.where(shop_phone, shop_numbers[np.maximum(orders.shop, 0) % shops], own)
    key = pc.choose(
        pa.array(np.where(kind == NONE, 0, kind)),
        numbered("M", number, 8),
        keys.open_ids(people, person),
        keys.app_user_ids(people, person),
        keys.web_user_ids(people, person),
        keys.buyer_ids(people, person),
        numbered("66", number, 10),
        numbered("", phone),
    )
    return kind, where_known(key, kind != NONE), int(shop_phone.sum())


def _lines(chunk: Chunk, order_id: Column) -> Rows:
    orders = chunk.orders
    first = np.searchsorted(orders.line_order, orders.line_order)
    line_no = np.arange(len(orders.line_order)) - first + 1
    split = orders.line_order % 50 > 0
    changed = orders.settled_at[orders.line_order]
    return Rows(
        {
            "order_id": pc.take(order_id, pa.array(orders.line_order)),
            "line_no": whole(line_no),
            "product_id": keys.product_ids(orders.line_product),
            "quantity": whole(orders.line_quantity),
            "unit_price": money(orders.line_price),
            "promotion_discount": money(orders.line_promotion, split),
            "coupon_discount": money(orders.line_coupon, split),
            "tier_discount": money(orders.line_tier, split),
            "points_discount": money(orders.line_points, split),
            "net_amount": money(orders.line_net),
            "updated_at": instants(changed, orders.line_order % 7 > 0),
        },
        changed,
    )


def _refunds(chunk: Chunk, order_id: Column) -> Rows:
    orders = chunk.orders
    count = len(orders.refund_order)
    reasons = ("质量问题", "不喜欢", "过敏", "发错货", "七天无理由")
    return Rows(
        {
            "refund_id": numbered(f"R{chunk.number:04d}", np.arange(count), 6),
            "order_id": pc.take(order_id, pa.array(orders.refund_order)),
            "line_no": whole(orders.refund_line, orders.refund_line > 0),
            "refund_amount": money(orders.refund_amount),
            "reason": codes(reasons, (orders.refunded_at // 7) % 6 - 1),
            "refunded_at": instants(orders.refunded_at),
        },
        orders.refunded_at,
    )


def _coupons(chunk: Chunk) -> Rows:
    coupons, orders = chunk.coupons, chunk.orders
    count = len(coupons.person)
    redeemed = coupons.order >= 0
    used = np.where(redeemed, orders.ordered_at[np.maximum(coupons.order, 0)], -1)
    changed = np.maximum(np.maximum(coupons.issued_at, coupons.claimed_at), used)
    campaigns = [campaign.code for campaign in make_campaigns(chunk.world)]
    return Rows(
        {
            "coupon_code": keys.coupon_codes(chunk, np.arange(count)),
            "template_id": codes([row[0] for row in COUPONS], coupons.template),
            "member_no": keys.member_numbers(chunk.people, coupons.person),
            "campaign_id": codes(campaigns, coupons.campaign),
            "issued_at": instants(coupons.issued_at),
            "claimed_at": instants(coupons.claimed_at, coupons.claimed_at >= 0),
            "redeemed_at": instants(used, redeemed),
            "redeemed_order_id": pc.if_else(
                pa.array(redeemed),
                pc.take(
                    keys.order_ids(chunk, np.arange(max(len(orders), 1))),
                    pa.array(np.maximum(coupons.order, 0)),
                ),
                pa.scalar(None, pa.string()),
            ),
            "expires_at": instants(coupons.expires_at),
            "updated_at": instants(changed),
        },
        changed,
    )


def coupon_templates(world: World) -> Rows:
    """The templates that coupons are issued from."""
    count = len(COUPONS)
    changed = at_local(np.full(count, -30), np.full(count, 36_000) + world.spec.seed % 60)
    days = np.array([row[5] for row in COUPONS])
    brief = days <= 3
    return Rows(
        {
            "template_id": pa.array([row[0] for row in COUPONS]),
            "template_name": pa.array([row[1] for row in COUPONS]),
            "kind": pa.array([row[2] for row in COUPONS]),
            "face_value": money(
                np.array([row[3] * 100 if row[2] == "percent" else row[3] for row in COUPONS])
            ),
            "min_spend": money(
                np.array([row[4] for row in COUPONS]), np.array([row[4] > 0 for row in COUPONS])
            ),
            "valid_days": whole(days, ~brief),
            "valid_hours": whole(days * 24, brief),
            "updated_at": instants(changed),
        },
        changed,
    )
