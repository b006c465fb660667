"""What the demo brand is like: its size, its calendar, and the rates of everything planted."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np

from orchestration.errors import UsageError

FIRST_DATE = date(2023, 7, 1)
LAST_DATE = date(2025, 6, 30)
DAYS = (LAST_DATE - FIRST_DATE).days + 1
FIRST_DAY = (FIRST_DATE - date(1970, 1, 1)).days
"""The first day as days since 1970-01-01; days of the brand's calendar count from it."""

ZONE = "Asia/Shanghai"
ZONE_SECONDS = 8 * 3600
DAY_SECONDS = 86_400

CHUNK_PEOPLE = 10_000
"""People that are made together; households and recycled numbers stay within a chunk."""

SHARD_CHUNKS = 10
"""Chunks that share files: what is written does not depend on how many processes write."""


@dataclass(frozen=True)
class Rates:
    """Shares of planted ugliness; each names what it is a share of."""

    dummy_phones: float = 0.005
    """Of records that carry a whole phone: a dummy number in its place."""
    shared_devices: float = 0.03
    """Of people: an app device shared with the family."""
    shop_phones: float = 0.02
    """Of till orders: the shop's own number typed as the buyer's."""
    shop_phone_shops: int = 12
    recycled_phones: float = 0.005
    """Of people: the number was another person's, given up at least 90 days before."""
    agents: float = 0.0022
    """As a share of people: numbers of helpers that stand in the records of many whom they signed
    up; every other one in many records of one system, else in a few of each of four systems."""
    second_cards: float = 0.04
    """Of people with a card; half of the second cards share no identifier with the first."""
    second_cards_unlinked: float = 0.5
    variants: float = 0.05
    """Of names and birthdays: a typo, day and month swapped, traditional or pinyin spelling."""
    masked_marketplace_phones: float = 0.60
    """Of marketplace buyers."""
    duplicates: float = 0.01
    """Of records: handed over once more."""
    late: float = 0.02
    """Of records: handed over up to 7 days late."""
    late_days: int = 7
    corrections: float = 0.01
    """Of records with versions: first handed over wrong."""
    broken_rows: float = 0.016
    """Of records of the tables in `faults.FAULTS`: handed over once more, broken."""
    skewed_clocks: float = 0.02
    """Of devices: a clock up to ten minutes off."""
    skew_seconds: int = 600
    test_orders: float = 0.001
    """Of orders."""
    staff_orders: float = 0.005
    """Of orders: bought by members of staff (people are chosen so that the share comes out)."""
    bots: float = 0.002
    """Of people with a card: bots that brush points."""
    refunds: float = 0.06
    """Of orders."""


@dataclass(frozen=True)
class BrandSpec:
    """A demo brand: as many people with a member card as `members`, and all that `seed` decides."""

    members: int = 20_000
    seed: int = 7
    rates: Rates = Rates()

    def __post_init__(self) -> None:
        if not 100 <= self.members <= 20_000_000:
            raise UsageError(
                f"The demo brand cannot have {self.members} members: "
                "give a number between 100 and 20,000,000."
            )
        if self.seed < 0:
            raise UsageError(f"The seed {self.seed} is negative: give a number from 0 on.")

    @property
    def people(self) -> int:
        """Everybody the brand has a record of: members, and a ninth as many without a card."""
        return self.members + self.members // 9

    @property
    def chunks(self) -> int:
        """Number of chunks; the last one may be smaller."""
        return -(-self.people // CHUNK_PEOPLE)

    @property
    def shards(self) -> int:
        """Number of shards, each written by one process."""
        return -(-self.chunks // SHARD_CHUNKS)


def stream(seed: int, chunk: int, topic: str) -> np.random.Generator:
    """Random numbers that depend on the seed, the chunk and the topic, and on nothing else."""
    sequence = np.random.SeedSequence([seed, chunk + 1, zlib.crc32(topic.encode())])
    return np.random.Generator(np.random.PCG64(sequence))
