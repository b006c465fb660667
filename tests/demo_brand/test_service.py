"""Tickets and surveys of the demo brand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from orchestration.demo_brand.chunk import END, Chunk, Rows, Tables, make_chunk
from orchestration.demo_brand.columns import at_local
from orchestration.demo_brand.service import SURVEY_KINDS, TICKET_KINDS, service_tables
from orchestration.demo_brand.settings import CHUNK_PEOPLE, DAY_SECONDS, BrandSpec
from orchestration.demo_brand.world import make_world
from tests.demo_brand.reading import is_known, texts

BEGIN = int(at_local(np.array(0), np.array(0)))
SPEC = BrandSpec()


@pytest.fixture(scope="module")
def tables(chunks: list[Chunk]) -> list[Tables]:
    return [service_tables(chunk) for chunk in chunks]


def seconds(rows: Rows, name: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """UTC seconds; after END where the column has none."""
    found = rows.columns[name].cast("int64").fill_null((END + 1) * 1_000_000).to_numpy()
    return np.asarray(found // 1_000_000)


@pytest.mark.parametrize(("table", "each"), [("service.tickets", 0.24), ("service.surveys", 0.15)])
def test_volumes(tables: list[Tables], table: str, each: float) -> None:
    rows = sum(len(part[table]) for part in tables)
    assert rows / (2 * CHUNK_PEOPLE) == pytest.approx(each, rel=0.25)


def test_codes_and_columns(tables: list[Tables]) -> None:
    for table, column, codes in (
        ("service.tickets", "kind", TICKET_KINDS),
        ("service.surveys", "survey_kind", SURVEY_KINDS),
    ):
        values = np.concatenate([texts(part[table], column) for part in tables])
        found, many = np.unique(values, return_counts=True)
        assert set(found) == set(codes)
        assert many.min() >= 20
    for part in tables:
        for table, rows in part.items():
            for name, column in rows.columns.items():
                assert column.null_count < len(column), (table, name)


def test_nearly_every_bad_experience_is_complained_about(
    chunks: list[Chunk], tables: list[Tables]
) -> None:
    for chunk, part in zip(chunks, tables, strict=True):
        rows, orders = part["service.tickets"], chunk.orders
        complaint = texts(rows, "kind") == "complaint"
        order = np.array([int(text[5:]) for text in texts(rows, "order_id")[complaint]])
        assert len(np.unique(order)) == len(order)
        assert orders.has_complaint[order].all()
        assert len(order) > 0.88 * orders.has_complaint.sum()
        wait = seconds(rows, "opened_at")[complaint] - orders.ordered_at[order]
        assert wait.min() >= 0
        assert wait.max() <= 5 * DAY_SECONDS
        back = texts(rows, "kind") == "return"
        order = np.array([int(text[5:]) for text in texts(rows, "order_id")[back]])
        assert np.isin(order, orders.refund_order).all()


def test_references(chunks: list[Chunk], tables: list[Tables]) -> None:
    for chunk, part in zip(chunks, tables, strict=True):
        rows, orders = part["service.tickets"], chunk.orders
        products = set(zip(orders.line_order.tolist(), orders.line_product.tolist(), strict=True))
        for ordered, product, member in zip(
            texts(rows, "order_id"), texts(rows, "product_id"), texts(rows, "member_no"),
            strict=True,
        ):  # fmt: skip
            if ordered is not None:
                assert (int(ordered[5:]), int(product[1:])) in products
                if member is not None:
                    buyer = int(member[1:]) - chunk.number * CHUNK_PEOPLE
                    assert orders.person[int(ordered[5:])] == buyer
                    assert chunk.people.has_card[buyer]
        assert rows.columns["member_no"].null_count > 20
        members = texts(part["service.surveys"], "member_no")
        person = np.array([int(text[1:]) for text in members]) - chunk.number * CHUNK_PEOPLE
        assert chunk.people.has_card[person].all()


def test_order_of_times(tables: list[Tables]) -> None:
    still_open = 0
    for part in tables:
        rows = part["service.tickets"]
        opened, answered, closed = (
            seconds(rows, name) for name in ("opened_at", "first_response_at", "closed_at")
        )
        assert (opened <= answered).all()
        assert (answered <= closed).all()
        last = np.where(closed <= END, closed, np.where(answered <= END, answered, opened))
        assert (last == rows.changed_at).all()
        assert (rows.changed_at == seconds(rows, "updated_at")).all()
        still_open += int((closed > END).sum())
        judged = is_known(texts(rows, "csat"))
        assert not (judged & (closed > END)).any()
        assert opened.min() >= BEGIN
        surveys = part["service.surveys"]
        invited = seconds(surveys, "invited_at")
        known = is_known(texts(surveys, "invited_at"))
        assert (invited <= surveys.changed_at)[known].all()
        for table in part.values():
            assert table.changed_at.max() <= END
    assert still_open >= 20


def test_scores(chunks: list[Chunk], tables: list[Tables]) -> None:
    for chunk, part in zip(chunks, tables, strict=True):
        rows = part["service.tickets"]
        csat = np.array([value or np.nan for value in texts(rows, "csat")], dtype=np.float64)
        kind = texts(rows, "kind")
        assert np.nanmin(csat) == 1
        assert np.nanmax(csat) == 5
        assert np.nanmean(csat[kind == "complaint"]) < np.nanmean(csat[kind == "question"]) - 1
        surveys = part["service.surveys"]
        score, is_nps = (
            texts(surveys, "score").astype(float),
            texts(surveys, "survey_kind") == "nps",
        )
        assert score[is_nps].min() >= 0
        assert score[is_nps].max() == 10
        assert score[~is_nps].min() >= 1
        assert score[~is_nps].max() <= 5
        assert chunk.orders.has_complaint.any()


def test_higher_tiers_are_served_sooner(chunks: list[Chunk], tables: list[Tables]) -> None:
    middle: dict[int, list[float]] = {}
    for chunk, part in zip(chunks, tables, strict=True):
        rows = part["service.tickets"]
        order = texts(rows, "order_id")
        known = is_known(order) & is_known(texts(rows, "first_response_at"))
        tier = chunk.orders.tier[np.array([int(text[5:]) for text in order[known]])]
        wait = (seconds(rows, "first_response_at") - seconds(rows, "opened_at"))[known]
        for level in range(5):
            middle.setdefault(level, []).extend(wait[tier == level].tolist())
    waits = [float(np.median(middle[level])) for level in range(5)]
    assert waits == sorted(waits, reverse=True)
    assert waits[4] < 30


def test_same_seed_same_rows(chunks: list[Chunk], tables: list[Tables]) -> None:
    again = service_tables(chunks[0])
    other = service_tables(make_chunk(make_world(BrandSpec(seed=8)), 0))
    ids = [k for part in tables for k in part["service.tickets"].columns["ticket_id"].to_pylist()]
    assert len(set(ids)) == len(ids)
    for name, rows in tables[0].items():
        assert all(rows.columns[c].equals(again[name].columns[c]) for c in rows.columns)
        assert not np.array_equal(rows.changed_at, other[name].changed_at)
