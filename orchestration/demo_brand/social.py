"""What people do among others: WeCom groups and messages, and the posts of the community."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from orchestration.demo_brand.chunk import (
    END,
    Chunk,
    Rows,
    Tables,
    external_user_ids,
    member_numbers,
    staff_ids,
)
from orchestration.demo_brand.columns import (
    Bools,
    Column,
    Floats,
    Ints,
    at_local,
    codes,
    flags,
    instants,
    local_day,
    numbered,
    pick,
    pick_rows,
    whole,
)
from orchestration.demo_brand.deeds import SPREE_SECONDS, review_sprees
from orchestration.demo_brand.moments import registered_at
from orchestration.demo_brand.people import LOYAL, NEVER
from orchestration.demo_brand.presence import Presence, make_presence
from orchestration.demo_brand.settings import DAY_SECONDS, DAYS, stream
from orchestration.demo_brand.world import CITIES, SHOPS, STAFF_PER_SHOP, World

VIP, INTEREST, REGION, GENERAL = range(4)
GROUP_KINDS = ("vip", "interest", "region", "general")
TOPICS = (
    "护肤打卡",
    "彩妆教程",
    "母婴育儿",
    "香氛分享",
    "敏感肌互助",
    "成分党",
    "头发养护",
    "好物拼单",
)
MESSAGE_KINDS = ("text", "image", "link", "share")
POST_KINDS = ("ugc_photo", "review", "story", "forward")
UGC_PHOTO, REVIEW, STORY, FORWARD = range(4)
POST_TOPICS = ("空瓶记", "新品试用", "妆容分享", "护肤心得", "带娃日常", "送礼清单", "旅行必备")

_GROUPS_OF_KIND = (24, 24, SHOPS, 24)
_GROUPS_PER_CONTACT = 1.1
_COOLS_EARLIER_DAYS = 21
"""People fall silent among others about three weeks before they stop coming by."""
_AFTER_LAPSE_LEAVES = 0.35


@dataclass(frozen=True, eq=False)
class Groups:
    """WeCom groups."""

    kind: Ints
    topic: Ints
    """Position in TOPICS; -1 = none."""
    place: Ints
    """Number within the kind; of a region the shop."""
    created_at: Ints
    """UTC seconds."""


@lru_cache(maxsize=4)
def make_groups(world: World) -> Groups:
    """The groups that everybody shares; those of a region belong to a shop each."""
    rng = stream(world.spec.seed, -1, "groups")
    kind = np.repeat(np.arange(len(GROUP_KINDS)), _GROUPS_OF_KIND)
    place = np.concatenate([np.arange(count) for count in _GROUPS_OF_KIND])
    day = -rng.integers(20, 600, len(kind))
    later = ((kind == INTEREST) | (kind == GENERAL)) & (rng.random(len(kind)) < 0.3)
    day = np.where(later, rng.integers(0, 200, len(kind)), day)
    return Groups(
        kind=kind,
        topic=np.where(kind == INTEREST, place % len(TOPICS), -1),
        place=place,
        created_at=at_local(day, rng.integers(9 * 3_600, 20 * 3_600, len(kind))),
    )


def social_world(world: World) -> Tables:
    """The groups of WeCom."""
    groups = make_groups(world)
    cities = np.array([row[1] for row in CITIES])
    names = [
        (
            f"VIP尊享群{place + 1}",
            f"{TOPICS[topic]}群{place // len(TOPICS) + 1}",
            f"{cities[world.shops.city[place % SHOPS]]}门店{place + 1}号群",
            f"会员福利群{place + 1}",
        )[kind]
        for kind, topic, place in zip(groups.kind, groups.topic, groups.place, strict=True)
    ]
    numbers = np.arange(len(names))
    return {
        "wecom.groups": Rows(
            {
                "group_id": _group_ids(numbers),
                "group_name": codes(names, numbers),
                "kind": codes(GROUP_KINDS, groups.kind),
                "topic": codes(TOPICS, groups.topic),
                "created_at": instants(groups.created_at),
            },
            groups.created_at,
        )
    }


@lru_cache(maxsize=1)
def contacts_added_at(chunk: Chunk) -> Ints:
    """UTC second at which people became WeCom contacts (those with `has_wecom`)."""
    rng = stream(chunk.world.spec.seed, chunk.number, "contacts")
    entered = chunk.people.entered_day
    room = np.maximum(DAYS - 1 - entered, 1) * DAY_SECONDS // 2
    wait = np.minimum(rng.exponential(15.0 * DAY_SECONDS, len(entered)).astype(np.int64), room)
    return np.asarray(at_local(entered, rng.integers(10 * 3_600, 20 * 3_600, len(entered))) + wait)


def contacts_removed_at(chunk: Chunk, added_at: Ints) -> Ints:
    """UTC second at which people took the contact off; after END where they did not.

    Mostly some weeks after a lapse for good.
    """
    rng = stream(chunk.world.spec.seed, chunk.number, "contacts.removed")
    count = len(chunk.people)
    lapses = chunk.lapses
    for_good = (lapses.lapse_day < NEVER) & (lapses.return_day >= NEVER)
    removes = rng.random(count) < np.where(for_good, 0.16, 0.0)
    day = np.where(removes, lapses.lapse_day + rng.integers(3, 90, count), NEVER)
    at_random = rng.random(count) < 0.02
    day = np.where(at_random, rng.integers(30, DAYS, count), day)
    removed_at = at_local(day, rng.integers(8 * 3_600, 22 * 3_600, count))
    return np.where((removed_at > added_at + 3_600) & (removed_at <= END), removed_at, END + 1)


def contact_staff(chunk: Chunk) -> Ints:
    """Number of the member of staff who looks after each WeCom contact."""
    people = chunk.people
    return np.asarray(people.shop * STAFF_PER_SHOP + people.number % STAFF_PER_SHOP)


@dataclass(frozen=True, eq=False)
class _Memberships:
    person: Ints
    group: Ints
    joined_at: Ints
    left_at: Ints
    """After END where the person is still a member."""


@dataclass(frozen=True, eq=False)
class _Messages:
    person: Ints
    group: Ints
    """-1 in a personal chat."""
    incoming: Bools
    at: Ints


@dataclass(frozen=True, eq=False)
class _Posts:
    person: Ints
    kind: Ints
    topic: Ints
    """Position in POST_TOPICS; -1 = none."""
    likes: Ints
    featured: Bools
    at: Ints


def social_tables(chunk: Chunk) -> Tables:
    """Members of groups, messages and posts of a chunk."""
    presence = make_presence(chunk)
    added_at = contacts_added_at(chunk)
    removed_at = contacts_removed_at(chunk, added_at)
    memberships = _memberships(chunk, presence, added_at, removed_at)
    return {
        "wecom.group_members": _group_members(chunk, memberships),
        "wecom.messages": _messages(chunk, presence, memberships, added_at, removed_at),
        "community.posts": _posts(chunk, presence),
    }


def _memberships(
    chunk: Chunk, presence: Presence, added_at: Ints, removed_at: Ints
) -> _Memberships:
    """The shop's group first of all; the loyal are asked into those for VIPs."""
    rng = stream(chunk.world.spec.seed, chunk.number, "social.groups")
    people, groups = chunk.people, make_groups(chunk.world)
    contacts = np.flatnonzero(people.has_wecom)
    wanted = _GROUPS_PER_CONTACT * (0.7 + 1.8 * people.sociability[contacts])
    person = np.repeat(contacts, rng.poisson(wanted))
    weights = np.empty((len(person), len(GROUP_KINDS)))
    weights[:, VIP] = np.where(people.habit[person] == LOYAL, 0.5, 0.06)
    weights[:, INTEREST], weights[:, REGION], weights[:, GENERAL] = 0.25, 0.4, 0.25
    kind = pick_rows(rng, weights)
    place = np.where(kind == REGION, people.shop[person], rng.integers(0, 24, len(person)))
    group = np.cumsum((0, *_GROUPS_OF_KIND[:-1]))[kind] + place
    once = np.unique(person * 1_000 + group, return_index=True)[1]
    person, group = person[once], group[once]
    since = np.maximum(added_at[person], groups.created_at[group])
    begin = presence.begin_at(person)
    # Contacts of before the two years join bit by bit.
    wait = rng.exponential(np.where(since < begin, 150.0, 20.0) * DAY_SECONDS)
    joined_at = np.maximum(since, begin) + 60 + wait.astype(np.int64)
    stays = rng.exponential(2_200.0 * DAY_SECONDS, len(person)).astype(np.int64)
    left_at = joined_at + 3_600 + stays
    lapse = presence.lapse_day[person]
    leaves_at = at_local(
        lapse + rng.integers(-10, 60, len(person)), rng.integers(0, DAY_SECONDS, len(person))
    )
    leaves = (rng.random(len(person)) < _AFTER_LAPSE_LEAVES) & (lapse < NEVER)
    leaves &= presence.return_day[person] >= NEVER
    left_at = np.where(leaves & (leaves_at > joined_at), np.minimum(left_at, leaves_at), left_at)
    left_at = np.minimum(left_at, removed_at[person])
    kept = joined_at < left_at
    return _Memberships(person[kept], group[kept], joined_at[kept], left_at[kept])


def _group_members(chunk: Chunk, memberships: _Memberships) -> Rows:
    has_left = memberships.left_at <= END
    changed_at = np.where(has_left, memberships.left_at, memberships.joined_at)
    return Rows(
        {
            "group_id": _group_ids(memberships.group),
            "external_userid": external_user_ids(chunk.people, memberships.person),
            "joined_at": instants(memberships.joined_at),
            "left_at": instants(memberships.left_at, has_left),
            "updated_at": instants(changed_at),
        },
        changed_at,
    )


def _messages(
    chunk: Chunk,
    presence: Presence,
    memberships: _Memberships,
    added_at: Ints,
    removed_at: Ints,
) -> Rows:
    """Personal chats with the shop's staff, and what people say in groups."""
    rng = stream(chunk.world.spec.seed, chunk.number, "social.messages")
    people = chunk.people
    parts = [_chats(rng, chunk, presence), _talk(rng, chunk, presence, memberships)]
    person, group, incoming, at = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("person", "group", "incoming", "at")
    )
    kept = (at >= added_at[person]) & (at < removed_at[person])
    person, group, incoming, at = person[kept], group[kept], incoming[kept], at[kept]
    kind = np.where(
        incoming,
        pick(rng, (0.74, 0.13, 0.04, 0.09), len(at)),
        pick(rng, (0.52, 0.19, 0.23, 0.06), len(at)),
    )
    judged = (group >= 0) & incoming & (rng.random(len(at)) < 0.45)
    helpful = rng.random(len(at)) < 0.12 + 0.6 * people.sociability[person]
    return Rows(
        {
            "message_id": numbered(f"MS{chunk.number:04d}", np.arange(len(at)), 7),
            "external_userid": external_user_ids(people, person),
            "group_id": _group_ids(group, group >= 0),
            "staff_id": staff_ids(contact_staff(chunk)[person], (group < 0) | ~incoming),
            "direction": codes(("out", "in"), incoming),
            "kind": codes(MESSAGE_KINDS, kind),
            "is_helpful": flags(helpful, judged),
            "occurred_at": instants(at),
        },
        at,
    )


def _chats(rng: np.random.Generator, chunk: Chunk, presence: Presence) -> _Messages:
    """Staff write to everybody now and then; people answer, or ask of their own accord."""
    people = chunk.people
    contact = people.has_wecom.astype(np.float64)
    always = np.repeat(np.arange(len(people)), rng.poisson(5.6 * contact))
    start = presence.start[always]
    day = start + (rng.random(len(always)) * (DAYS - start)).astype(np.int64)
    written_at = at_local(day, rng.integers(9 * 3_600, 21 * 3_600, len(always)))
    answers = rng.random(len(always)) < 0.55 * presence.share(always, day, _COOLS_EARLIER_DAYS)
    wait = np.exp(rng.normal(7.5, 1.3, len(always))).astype(np.int64)
    asking, asked = presence.visits(rng, 3.7 * contact, _COOLS_EARLIER_DAYS)
    asked_at = at_local(asked, _waking_second(rng, chunk, asking))
    served_at = asked_at + rng.integers(20, 7_200, len(asking))
    person = np.concatenate([always, always[answers], asking, asking])
    incoming = np.concatenate([
        np.zeros(len(always), dtype=bool), np.ones(int(answers.sum()), dtype=bool),
        np.ones(len(asking), dtype=bool), np.zeros(len(asking), dtype=bool),
    ])  # fmt: skip
    at = np.concatenate([written_at, (written_at + wait)[answers], asked_at, served_at])
    return _Messages(person, np.full(len(person), -1), incoming, at)


def _talk(
    rng: np.random.Generator, chunk: Chunk, presence: Presence, memberships: _Memberships
) -> _Messages:
    """Some talk much in groups, most hardly at all; staff answer some of it."""
    people = chunk.people
    member = memberships.person
    liking = 0.6 + 26.0 * people.sociability[member]
    row = np.repeat(np.arange(len(member)), rng.poisson(liking))
    person = member[row]
    joined = np.maximum(memberships.joined_at[row], presence.begin_at(person))
    until = np.maximum(np.minimum(memberships.left_at[row], END), joined)
    day = local_day(joined + (rng.random(len(row)) * (until - joined)).astype(np.int64))
    at = at_local(day, _waking_second(rng, chunk, person))
    kept = rng.random(len(row)) < presence.share(person, day, _COOLS_EARLIER_DAYS)
    kept &= (at >= joined) & (at <= until)
    row, person, at = row[kept], person[kept], at[kept]
    served = np.flatnonzero(rng.random(len(row)) < 0.08)
    served_at = at[served] + rng.integers(20, 3_600, len(served))
    incoming = np.arange(len(row) + len(served)) < len(row)
    return _Messages(
        np.concatenate([person, person[served]]),
        memberships.group[np.concatenate([row, row[served]])],
        incoming,
        np.concatenate([at, served_at]),
    )


def _posts(chunk: Chunk, presence: Presence) -> Rows:
    """Reviews after orders, photos and stories of who likes content, forwards of the sociable."""
    rng = stream(chunk.world.spec.seed, chunk.number, "social.posts")
    parts = [_written(rng, chunk, presence), _written_at_one_sitting(chunk)]
    person, kind, topic, likes, featured, at = (
        np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(_Posts)
    )
    return Rows(
        {
            "post_id": numbered(f"PO{chunk.number:04d}", np.arange(len(at)), 7),
            "member_no": member_numbers(chunk.people, person),
            "kind": codes(POST_KINDS, kind),
            "topic": codes(POST_TOPICS, topic),
            "likes": whole(likes),
            "is_featured": flags(featured),
            "posted_at": instants(at),
        },
        at,
    )


def _written(rng: np.random.Generator, chunk: Chunk, presence: Presence) -> _Posts:
    """What people write now and then."""
    people, orders = chunk.people, chunk.orders
    card = people.has_card & ~people.is_test
    chance = card[orders.person] * (0.003 + 0.055 * people.content_zeal[orders.person])
    reviewed = np.flatnonzero(rng.random(len(orders)) < chance)
    reviewed_at = orders.ordered_at[reviewed] + rng.integers(
        3 * DAY_SECONDS, 20 * DAY_SECONDS, len(reviewed)
    )
    liking = np.outer(people.content_zeal, (1.6, 0.5, 0.0))
    liking[:, 2] = 0.8 * people.sociability
    posting, day = presence.visits(rng, liking.sum(axis=1) * card, _COOLS_EARLIER_DAYS)
    person = np.concatenate([orders.person[reviewed], posting])
    at = np.concatenate([reviewed_at, at_local(day, _waking_second(rng, chunk, posting))])
    kind = np.array((UGC_PHOTO, STORY, FORWARD))[pick_rows(rng, liking[posting])]
    kind = np.concatenate([np.full(len(reviewed), REVIEW), kind])
    at = np.maximum(at, registered_at(chunk)[person] + 600)
    kept = at <= END
    return _judged(rng, person[kept], kind[kept], at[kept])


def _written_at_one_sitting(chunk: Chunk) -> _Posts:
    """A few review all that they bought within an hour."""
    rng = stream(chunk.world.spec.seed, chunk.number, "social.sprees")
    owner, begin = review_sprees(chunk)
    row = np.repeat(np.arange(len(owner)), rng.integers(9, 12, len(owner)))
    at = begin[row] + rng.integers(0, SPREE_SECONDS, len(row))
    return _judged(rng, owner[row], np.full(len(row), REVIEW), at)


def _judged(rng: np.random.Generator, person: Ints, kind: Ints, at: Ints) -> _Posts:
    """Posts, what they are about and what others think of them."""
    likes = np.minimum(rng.pareto(1.1, len(at)) * 4, 50_000).astype(np.int64)
    topic = pick(rng, (6, 5, 5, 4, 2, 2, 1), len(at))
    topic = np.where((kind == FORWARD) & (rng.random(len(at)) < 0.6), -1, topic)
    featured = (kind != FORWARD) & (rng.random(len(at)) < np.where(likes > 20, 0.35, 0.02))
    return _Posts(person, kind, topic, likes, featured, at)


def _waking_second(rng: np.random.Generator, chunk: Chunk, person: Ints) -> Ints:
    """Second of the day, within three hours of the person's hour."""
    hour: Floats = np.clip(chunk.people.hour[person] + rng.normal(-1, 1.5, len(person)), 7, 23.9)
    return (hour * 3_600).astype(np.int64)


def _group_ids(groups: Ints, known: Bools | None = None) -> Column:
    return numbered("G", groups, 4, known)
