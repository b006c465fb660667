"""FEBRL 1, 2 and 4 at the shipped setting, the social security number withheld."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.matching import febrl
from tests.matching.harness import Matching, figures

BAR = 0.999


@pytest.mark.parametrize("number", [1, 2, 4])
def test_duplicates_are_found(number: int, record_property: Callable[[str, object], None]) -> None:
    records, truth = febrl.records(number)
    found = figures(truth, Matching(records).persons())
    record_property(
        f"figure: FEBRL {number}",
        f"F1 {found.f1:.5f}, precision {found.precision:.5f}, recall {found.recall:.5f}",
    )
    assert found.true == {1: 500, 2: 1_934, 4: 5_000}[number]
    assert found.f1 >= BAR
