"""Learns the weights of likeness from built brands and writes them into the policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.errors import UsageError
from orchestration.matching.learning import Level, Weight, learn
from orchestration.matching.patterns import read_sample, read_weights, write_weights

SCHEMA = "intermediate"


@dataclass(frozen=True)
class Learnt:
    """The weights before and after, and the candidate pairs they were learnt from."""

    before: dict[Level, Weight]
    after: dict[Level, Weight]
    candidates: int


def train(build_files: Sequence[Path], weights_file: Path, valid_from: date) -> Learnt:
    """Learn the weights from all build files together and write them, in force from a day on.

    A day whose weights are in the file already gets the new ones in their place. Raises UsageError
    where a brand has not been built.
    """
    before = read_weights(weights_file)
    samples = []
    for build_file in build_files:
        if not build_file.is_file():
            raise UsageError(f"{build_file} is not there: build the brand first (rekindle build).")
        with duckdb.connect(str(build_file), read_only=True) as connection:
            samples.append(read_sample(connection, before, SCHEMA))
    after = learn(samples, before)
    write_weights(weights_file, after, valid_from.isoformat())
    candidates = sum(pattern.pairs for sample in samples for pattern in sample.candidates)
    return Learnt(before, after, round(candidates))
