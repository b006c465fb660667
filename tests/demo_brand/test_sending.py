"""Sends, engagements, experiments and advertising of the demo brand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from orchestration.demo_brand.campaigns import ARMS, LAUNCH, SEND_CHANNELS, make_campaigns
from orchestration.demo_brand.chunk import END, Chunk, Rows, Tables, make_chunk
from orchestration.demo_brand.columns import Ints, local_day
from orchestration.demo_brand.sending import (
    AD_CHANNELS,
    CLICK,
    DELIVERED,
    ENGAGEMENTS,
    OPEN,
    UNSUBSCRIBE,
    Sends,
    annoyed_day,
    make_sends,
    sending_tables,
    sending_world,
    unsubscribes,
)
from orchestration.demo_brand.settings import DAY_SECONDS, DAYS, FIRST_DAY, BrandSpec
from orchestration.demo_brand.world import make_world
from tests.demo_brand.reading import (
    check_codes,
    check_columns,
    check_different,
    check_equal,
    check_keys,
    contract_tables,
    positions,
    seconds,
    values,
)

CAMPAIGNS = contract_tables("campaigns")


@pytest.fixture(scope="module")
def parts(chunks: list[Chunk]) -> list[Tables]:
    return [sending_tables(chunk) for chunk in chunks]


@pytest.fixture(scope="module")
def sent(chunks: list[Chunk]) -> list[Sends]:
    return [make_sends(chunk) for chunk in chunks]


@pytest.fixture(scope="module")
def world_tables(chunks: list[Chunk]) -> Tables:
    return sending_world(chunks[0].world)


def touches_of(rows: Rows) -> Ints:
    """Positions in the touches, out of the send ids."""
    return np.array([int(text[5:]) for text in values(rows, "send_id")])


def test_the_tables_keep_to_the_contract(parts: list[Tables], world_tables: Tables) -> None:
    made = {**world_tables, **parts[0]}
    assert set(made) == {f"campaigns.{name}" for name in CAMPAIGNS}
    check_columns(made, CAMPAIGNS, "campaigns")
    check_keys(parts, CAMPAIGNS, "campaigns")
    check_keys([world_tables], CAMPAIGNS, "campaigns")
    check_codes(parts, CAMPAIGNS, "campaigns")


def test_each_touch_of_an_arm_is_sent_once(chunks: list[Chunk], parts: list[Tables]) -> None:
    for chunk, part in zip(chunks, parts, strict=True):
        rows, touches = part["campaigns.sends"], chunk.touches
        at = touches_of(rows)
        assert (np.sort(at) == np.flatnonzero(touches.arm > 0)).all()
        assert (positions(rows, chunk) == touches.person[at]).all()
        assert values(rows, "variant") == [ARMS[arm] for arm in touches.arm[at].tolist()]
        names = [SEND_CHANNELS[channel] for channel in touches.channel[at].tolist()]
        assert values(rows, "channel") == names
        codes = [f"C{number:04d}" for number in touches.campaign[at].tolist()]
        assert values(rows, "campaign_id") == codes


def test_sends_go_out_by_day_from_the_start_on(chunks: list[Chunk], parts: list[Tables]) -> None:
    starts = np.array([row.start_day for row in make_campaigns(chunks[0].world)])
    for chunk, part in zip(chunks, parts, strict=True):
        rows = part["campaigns.sends"]
        at = seconds(rows, "sent_at")
        hour = (at + 8 * 3_600) % DAY_SECONDS / 3_600
        assert hour.min() >= 9
        assert hour.max() < 21
        late = local_day(at) - starts[chunk.touches.campaign[touches_of(rows)]]
        assert set(late.tolist()) == {0, 1, 2}
        assert (rows.changed_at >= at).all()
        assert rows.changed_at.max() <= END


def test_delivery_rates(parts: list[Tables]) -> None:
    for part in parts:
        counts = Counter(values(part["campaigns.sends"], "status"))
        total = counts.total()
        assert counts["delivered"] / total == pytest.approx(0.94, abs=0.01)
        assert counts["failed"] / total == pytest.approx(0.04, abs=0.006)
        assert counts["sent"] / total == pytest.approx(0.02, abs=0.005)


def test_who_was_moved_got_it_opened_it_and_then_ordered(
    chunks: list[Chunk], sent: list[Sends]
) -> None:
    for chunk, sends in zip(chunks, sent, strict=True):
        moved = np.flatnonzero(chunk.touches.moved[sends.touch])
        order = np.full(len(chunk.touches.campaign), -1)
        caused = np.flatnonzero(chunk.orders.touch >= 0)
        order[chunk.orders.touch[caused]] = caused
        ordered_at = chunk.orders.ordered_at[order[sends.touch[moved]]]
        assert len(moved) > 500
        assert (sends.status[moved] == DELIVERED).all()
        assert (sends.sent_at[moved] < ordered_at).all()
        opened, clicked = sends.engaged_at[OPEN][moved], sends.engaged_at[CLICK][moved]
        assert (opened < ordered_at).all()
        assert (clicked < ordered_at).all()
        assert (opened >= 0).mean() > 0.93
        assert (clicked >= 0).mean() > 0.70
        assert (sends.engaged_at[UNSUBSCRIBE][moved] < 0).all()


def test_engagements_follow_delivery_and_a_click_an_open(
    chunks: list[Chunk], parts: list[Tables], sent: list[Sends]
) -> None:
    for part, sends in zip(parts, sent, strict=True):
        rows = part["campaigns.engagements"]
        assert len(rows) / len(sends) == pytest.approx(0.35, rel=0.3)
        send_ids = values(part["campaigns.sends"], "send_id")
        place = {name: at for at, name in enumerate(send_ids)}
        send = np.array([place[name] for name in values(rows, "send_id")])
        at = seconds(rows, "occurred_at")
        assert (sends.status[send] == DELIVERED).all()
        assert (at > sends.reported_at[send]).all()
        assert at.max() <= END
        kind = np.array(values(rows, "engagement_type"))
        assert set(kind.tolist()) == set(ENGAGEMENTS)
        opened = np.zeros(len(sends), dtype=np.int64) + END + 1
        opened[send[kind == "open"]] = at[kind == "open"]
        assert (at >= opened[send]).all()
        pairs = set(zip(send.tolist(), kind.tolist(), strict=True))
        assert len(pairs) == len(rows)


def test_nothing_is_sent_after_an_unsubscribe_and_a_weekend_has_many(sent: list[Sends]) -> None:
    for sends in sent:
        person, channel, at = unsubscribes(sends)
        key = person * len(SEND_CHANNELS) + channel
        assert len(np.unique(key)) == len(key)
        stopped = np.full(int(sends.person.max() + 1) * len(SEND_CHANNELS), END + 1)
        stopped[key] = at
        assert (sends.sent_at < stopped[sends.person * len(SEND_CHANNELS) + sends.channel]).all()
        by_day = np.bincount(local_day(at), minlength=DAYS)
        weekend = by_day[annoyed_day() : annoyed_day() + 2]
        assert weekend.min() >= 20
        assert weekend.sum() > 8 * np.sort(by_day)[:-2].mean()


def test_experiments_hold_each_touch_with_its_arm(
    chunks: list[Chunk], parts: list[Tables], sent: list[Sends]
) -> None:
    for chunk, part, sends in zip(chunks, parts, sent, strict=True):
        rows, touches = part["campaigns.experiments"], chunk.touches
        tested = np.array([row.objective != LAUNCH for row in make_campaigns(chunk.world)])
        expected = {
            (f"C{campaign:04d}", person, ARMS[arm])
            for campaign, person, arm in zip(
                touches.campaign.tolist(),
                touches.person.tolist(),
                touches.arm.tolist(),
                strict=True,
            )
            if tested[campaign]
        }
        found = list(
            zip(
                values(rows, "campaign_id"),
                positions(rows, chunk).tolist(),
                values(rows, "variant"),
                strict=True,
            )
        )
        assert len(found) == len(expected)
        assert set(found) == expected
        assigned = dict(
            zip(
                ((campaign, person) for campaign, person, _ in found),
                seconds(rows, "assigned_at").tolist(),
                strict=True,
            )
        )
        for campaign, person, at in zip(
            sends.campaign.tolist(), sends.person.tolist(), sends.sent_at.tolist(), strict=True
        ):
            assert assigned.get((f"C{campaign:04d}", person), 0) < at


def test_campaigns_and_advertising(chunks: list[Chunk], world_tables: Tables) -> None:
    campaigns, ads = world_tables["campaigns.campaigns"], world_tables["campaigns.ad_spend"]
    assert (seconds(campaigns, "ends_at") > seconds(campaigns, "starts_at")).all()
    assert seconds(campaigns, "ends_at").max() <= END
    begins = dict(
        zip(
            values(campaigns, "campaign_id"),
            zip(
                local_day(seconds(campaigns, "starts_at")).tolist(),
                local_day(seconds(campaigns, "ends_at")).tolist(),
                strict=True,
            ),
            strict=True,
        )
    )
    day = ads.columns["spend_date"].cast("int32").to_numpy() - FIRST_DAY
    every: Counter[str] = Counter()
    for when, channel, campaign in zip(
        day.tolist(), values(ads, "channel"), values(ads, "campaign_id"), strict=True
    ):
        if campaign is None:
            every[channel] += 1
        else:
            assert begins[campaign][0] <= when <= begins[campaign][1]
    assert every == dict.fromkeys(AD_CHANNELS, DAYS)
    people = [chunk.people for chunk in chunks]
    entries = sum(int((chunk.has_card & (chunk.entered_day >= 0)).sum()) for chunk in people)
    counted = sum(values(ads, "new_members"))
    # The default brand is a little more than these two chunks.
    assert 0.4 < counted / (entries / 0.9) < 0.9
    spent = float(sum(values(ads, "amount")))
    assert 50 < spent / counted < 200


def test_advertising_grows_with_the_brand(world_tables: Tables) -> None:
    large = sending_world(make_world(BrandSpec(members=200_000)))["campaigns.ad_spend"]
    small = world_tables["campaigns.ad_spend"]
    ratio = sum(values(large, "new_members")) / sum(values(small, "new_members"))
    assert ratio == pytest.approx(10, rel=0.1)


def test_the_same_seed_makes_the_same_rows_and_another_one_does_not(parts: list[Tables]) -> None:
    check_equal(parts[0], sending_tables(make_chunk(make_world(BrandSpec()), 0)))
    check_different(parts[0], sending_tables(make_chunk(make_world(BrandSpec(seed=8)), 0)))


def test_a_small_brand_has_all_tables() -> None:
    made = sending_tables(make_chunk(make_world(BrandSpec(members=100)), 0))
    assert set(made) == {f"campaigns.{name}" for name in ("sends", "engagements", "experiments")}
