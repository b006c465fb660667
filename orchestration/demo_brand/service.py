"""What people tell the brand: service tickets and answers to surveys."""

from __future__ import annotations

import numpy as np

from orchestration.demo_brand.chunk import (
    END,
    Chunk,
    Rows,
    Tables,
    member_numbers,
    order_ids,
    product_ids,
)
from orchestration.demo_brand.columns import (
    codes,
    flags,
    instants,
    numbered,
    pick,
    real,
    where_known,
)
from orchestration.demo_brand.people import LOYAL, TRIER
from orchestration.demo_brand.settings import DAY_SECONDS, stream

COMPLAINT, RETURN, QUESTION = range(3)
TICKET_KINDS = ("complaint", "return", "question")
SURVEY_KINDS = ("nps", "csat")
COMMENTS = (
    ("味道不喜欢", "过敏了，客服很久才回复", "物流太慢", "包装破损", "和描述不符"),
    ("一般般", "价格有点贵", "效果不明显", "希望多一些小样", "活动规则看不懂"),
    ("很好用，会回购", "客服很贴心", "包装精美", "闺蜜推荐来的，不错", "希望出大容量"),
)
"""What the dissatisfied, the others and the satisfied write."""

_COMPLAINS = 0.93
"""Share of orders with a bad experience that lead to a complaint."""
_RETURNS = 0.11
"""Share of refunds that go through a ticket."""
_ASKS = 0.0045
"""Share of orders with a question about them or around them."""
_RESPONSE_SECONDS = np.array([2_400.0, 1_200.0, 300.0, 60.0, 15.0])
"""Middle time to the first response, by tier."""
_OPEN = 0.015
"""Share of tickets that nobody ever closes."""


def service_tables(chunk: Chunk) -> Tables:
    """Tickets and surveys of a chunk."""
    return {"service.tickets": _tickets(chunk), "service.surveys": _surveys(chunk)}


def _tickets(chunk: Chunk) -> Rows:
    """Complaints, returns of what was refunded, and questions; the higher tier is served sooner."""
    rng = stream(chunk.world.spec.seed, chunk.number, "service.tickets")
    people, orders = chunk.people, chunk.orders
    bad = np.flatnonzero(orders.has_complaint & (rng.random(len(orders)) < _COMPLAINS))
    bad_at = orders.ordered_at[bad] + rng.integers(600, 5 * DAY_SECONDS, len(bad))
    given_back = np.flatnonzero(rng.random(len(orders.refund_order)) < _RETURNS)
    back = orders.refund_order[given_back]
    # The ticket comes before the money.
    room = orders.refunded_at[given_back] - orders.ordered_at[back]
    back_at = orders.refunded_at[given_back] - (room * rng.uniform(0.05, 0.6, len(back))).astype(
        np.int64
    )
    asked = np.flatnonzero(rng.random(len(orders)) < _ASKS)
    asked_at = orders.ordered_at[asked] + rng.integers(600, 12 * DAY_SECONDS, len(asked))
    order = np.concatenate([bad, back, asked])
    kind = np.repeat((COMPLAINT, RETURN, QUESTION), (len(bad), len(back), len(asked)))
    opened_at = np.concatenate([bad_at, back_at, asked_at])
    line = np.searchsorted(orders.line_order, order)
    lines = np.searchsorted(orders.line_order, order, side="right") - line
    line += (rng.random(len(order)) * lines).astype(np.int64)
    of_line = np.concatenate([
        np.zeros(len(bad), dtype=np.int64), orders.refund_line[given_back],
        np.zeros(len(asked), dtype=np.int64),
    ])  # fmt: skip
    line = np.where(of_line > 0, np.searchsorted(orders.line_order, order) + of_line - 1, line)
    kept = opened_at <= END
    order, kind, opened_at, line = order[kept], kind[kept], opened_at[kept], line[kept]
    count = len(order)
    person = orders.person[order]
    spread = np.exp(rng.normal(0.0, 0.9, count))
    response_at = opened_at + np.maximum(_RESPONSE_SECONDS[orders.tier[order]] * spread, 3).astype(
        np.int64
    )
    days = np.where(kind == QUESTION, 0.2, 1.6) * rng.gamma(1.5, 1.0, count)
    closed_at = response_at + 60 + (days * DAY_SECONDS).astype(np.int64)
    responded = response_at <= END
    closed = (closed_at <= END) & (rng.random(count) >= _OPEN)
    judged = closed & (rng.random(count) < 0.55)
    score = np.where(
        kind == COMPLAINT,
        pick(rng, (34, 30, 20, 11, 5), count),
        np.where(
            kind == RETURN,
            pick(rng, (8, 14, 28, 32, 18), count),
            pick(rng, (2, 4, 14, 38, 42), count),
        ),
    )
    changed_at = np.where(closed, closed_at, np.where(responded, response_at, opened_at))
    about_order = (kind != QUESTION) | (rng.random(count) < 0.4)
    about_product = (kind != QUESTION) | about_order | (rng.random(count) < 0.5)
    named = people.has_card[person] & (rng.random(count) < 0.95)
    return Rows(
        {
            "ticket_id": numbered(f"TK{chunk.number:04d}", np.arange(count), 7),
            "member_no": where_known(member_numbers(people, person), named),
            "order_id": where_known(order_ids(chunk, order), about_order),
            "kind": codes(TICKET_KINDS, kind),
            "product_id": where_known(product_ids(orders.line_product[line]), about_product),
            "opened_at": instants(opened_at),
            "first_response_at": instants(response_at, responded),
            "closed_at": instants(closed_at, closed),
            "csat": real((score + 1).astype(np.float64), judged),
            "updated_at": instants(changed_at),
        },
        changed_at,
    )


def _surveys(chunk: Chunk) -> Rows:
    """Answers some days after an order; who had cause to complain answers more often."""
    rng = stream(chunk.world.spec.seed, chunk.number, "service.surveys")
    people, orders = chunk.people, chunk.orders
    card = (people.has_card & ~people.is_test)[orders.person]
    zeal = people.content_zeal[orders.person]
    chance = card * np.where(orders.has_complaint, 0.09, 0.006 + 0.065 * zeal)
    order = np.flatnonzero(rng.random(len(orders)) < chance)
    invited_at = orders.ordered_at[order] + rng.integers(
        2 * DAY_SECONDS, 7 * DAY_SECONDS, len(order)
    )
    wait = 30 + rng.exponential(0.9 * DAY_SECONDS, len(order)).astype(np.int64)
    kept = invited_at + wait <= END
    order, invited_at, responded_at = order[kept], invited_at[kept], (invited_at + wait)[kept]
    count = len(order)
    person = orders.person[order]
    is_csat = rng.random(count) < 0.45
    habit = people.habit[person]
    mood = rng.normal(0.68, 0.17, count) + 0.09 * (habit == LOYAL) - 0.08 * (habit == TRIER)
    mood -= 0.48 * orders.has_complaint[order]
    mood = np.clip(mood, 0.0, 1.0)
    score = np.where(is_csat, 1 + np.round(mood * 4), np.round(mood * 10))
    tone = np.where(mood < 0.45, 0, np.where(mood < 0.68, 1, 2))
    says = rng.random(count) < np.where(tone == 1, 0.25, 0.5)
    comment = tone * len(COMMENTS[0]) + rng.integers(0, len(COMMENTS[0]), count)
    return Rows(
        {
            "response_id": numbered(f"SV{chunk.number:04d}", np.arange(count), 7),
            "member_no": member_numbers(people, person),
            "survey_kind": codes(SURVEY_KINDS, is_csat),
            "score": real(score),
            "comment": codes(
                [text for tone_texts in COMMENTS for text in tone_texts], comment, says
            ),
            "invited_at": instants(invited_at, rng.random(count) < 0.9),
            "is_adopted": flags(rng.random(count) < 0.12, says),
            "responded_at": instants(responded_at),
        },
        responded_at,
    )
