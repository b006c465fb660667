"""Groups, messages and posts of the demo brand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from orchestration.demo_brand.chunk import END, Chunk, Rows, Tables, make_chunk
from orchestration.demo_brand.columns import at_local, local_day
from orchestration.demo_brand.people import NEVER
from orchestration.demo_brand.settings import CHUNK_PEOPLE, DAYS, BrandSpec
from orchestration.demo_brand.social import (
    GROUP_KINDS,
    MESSAGE_KINDS,
    POST_KINDS,
    contacts_added_at,
    contacts_removed_at,
    social_tables,
    social_world,
)
from orchestration.demo_brand.world import make_world
from tests.demo_brand.reading import is_known, texts

BEGIN = int(at_local(np.array(0), np.array(0)))
SPEC = BrandSpec()


@pytest.fixture(scope="module")
def tables(chunks: list[Chunk]) -> list[Tables]:
    return [social_tables(chunk) for chunk in chunks]


def owners(chunk: Chunk, rows: Rows, name: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    prefix = 2 if name == "external_userid" else 1
    keys = [int(text[prefix:]) for text in rows.columns[name].to_pylist()]
    return np.array(keys) - chunk.number * CHUNK_PEOPLE


def counts(tables: list[Tables], table: str, column: str) -> dict[str, int]:
    values = np.concatenate([texts(part[table], column) for part in tables])
    found, many = np.unique(values[is_known(values)], return_counts=True)
    return dict(zip(found.tolist(), many.tolist(), strict=True))


@pytest.mark.parametrize(
    ("table", "each"),
    [("wecom.messages", 3.0), ("wecom.group_members", 0.3), ("community.posts", 0.25)],
)
def test_volumes(tables: list[Tables], table: str, each: float) -> None:
    rows = sum(len(part[table]) for part in tables)
    assert rows / (2 * CHUNK_PEOPLE) == pytest.approx(each, rel=0.25)


def test_codes_and_columns(tables: list[Tables]) -> None:
    groups = social_world(make_world(SPEC))
    for table, column, codes in (
        ("wecom.groups", "kind", GROUP_KINDS),
        ("wecom.messages", "kind", MESSAGE_KINDS),
        ("wecom.messages", "direction", ("in", "out")),
        ("community.posts", "kind", POST_KINDS),
    ):
        found = counts([groups] if table == "wecom.groups" else tables, table, column)
        assert set(found) == set(codes)
        assert min(found.values()) >= 20
    for table in (*tables[0], "wecom.groups"):
        source = groups if table == "wecom.groups" else tables[0]
        for name, column in source[table].columns.items():
            assert column.null_count < len(column), (table, name)


def test_references(chunks: list[Chunk], tables: list[Tables]) -> None:
    groups = set(social_world(make_world(SPEC))["wecom.groups"].columns["group_id"].to_pylist())
    for chunk, part in zip(chunks, tables, strict=True):
        people = chunk.people
        added_at = contacts_added_at(chunk)
        removed_at = contacts_removed_at(chunk, added_at)
        for table in ("wecom.group_members", "wecom.messages"):
            rows = part[table]
            person = owners(chunk, rows, "external_userid")
            assert people.has_wecom[person].all()
            assert set(texts(rows, "group_id")) - {None} <= groups
            assert (rows.changed_at >= added_at[person]).all()
            assert (rows.changed_at <= removed_at[person]).all()
        assert people.has_card[owners(chunk, part["community.posts"], "member_no")].all()


def test_groups_are_joined_once_and_talked_in_by_members(tables: list[Tables]) -> None:
    for part in tables:
        rows, messages = part["wecom.group_members"], part["wecom.messages"]
        joined = rows.columns["joined_at"].cast("int64").to_pylist()
        left = rows.columns["left_at"].cast("int64").to_pylist()
        spans = {
            key: span
            for *key_parts, span in zip(
                texts(rows, "group_id"),
                texts(rows, "external_userid"),
                zip(joined, left, strict=True),
                strict=True,
            )
            for key in [tuple(key_parts)]
        }
        assert len(spans) == len(rows)
        assert all(gone is None or gone > came for came, gone in spans.values())
        said = zip(
            texts(messages, "group_id"), texts(messages, "external_userid"),
            (messages.changed_at * 1_000_000).tolist(), texts(messages, "direction"), strict=True,
        )  # fmt: skip
        for group, contact, at, direction in said:
            if group is not None and direction == "in":
                came, gone = spans[group, contact]
                assert came <= at
                assert gone is None or at <= gone
        personal = ~is_known(texts(messages, "group_id"))
        assert is_known(texts(messages, "staff_id")[personal]).all()
        judged = is_known(texts(messages, "is_helpful"))
        assert not (judged & (personal | (texts(messages, "direction") == "out"))).any()


def test_within_the_two_years(chunks: list[Chunk], tables: list[Tables]) -> None:
    for chunk, part in zip(chunks, tables, strict=True):
        for rows in part.values():
            assert rows.changed_at.min() >= BEGIN
            assert rows.changed_at.max() <= END
        posts = part["community.posts"]
        person = owners(chunk, posts, "member_no")
        assert (local_day(posts.changed_at) >= chunk.people.entered_day[person]).all()


def test_people_fall_silent_before_a_lapse(chunks: list[Chunk], tables: list[Tables]) -> None:
    near = far = 0
    for chunk, part in zip(chunks, tables, strict=True):
        lapse = chunk.lapses.lapse_day
        added = local_day(contacts_added_at(chunk))
        fits = (lapse < NEVER) & (lapse - np.maximum(added, 0) > 120) & (lapse < DAYS)
        rows = part["wecom.messages"]
        person = owners(chunk, rows, "external_userid")
        ahead = lapse[person] - local_day(rows.changed_at)
        seen = fits[person] & (texts(rows, "direction") == "in")
        near += int((seen & (ahead >= 0) & (ahead < 30)).sum())
        far += int((seen & (ahead >= 60) & (ahead < 120)).sum())
    assert near / 30 < 0.75 * far / 60


def test_likes_have_a_long_tail(tables: list[Tables]) -> None:
    likes = np.concatenate([p["community.posts"].columns["likes"].to_numpy() for p in tables])
    assert likes.max() > 50 * np.median(likes)
    featured = np.concatenate([texts(p["community.posts"], "is_featured") for p in tables])
    assert 0.02 < featured.astype(bool).mean() < 0.15


def test_ids_are_unique(tables: list[Tables]) -> None:
    for table, name in (("wecom.messages", "message_id"), ("community.posts", "post_id")):
        ids = [key for part in tables for key in part[table].columns[name].to_pylist()]
        assert len(set(ids)) == len(ids)


def test_same_seed_same_rows(chunks: list[Chunk], tables: list[Tables]) -> None:
    again = social_tables(chunks[0])
    other = social_tables(make_chunk(make_world(BrandSpec(seed=8)), 0))
    for name, rows in tables[0].items():
        assert all(rows.columns[c].equals(again[name].columns[c]) for c in rows.columns)
        assert not np.array_equal(rows.changed_at, other[name].changed_at)
