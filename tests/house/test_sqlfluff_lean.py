"""The lean sqlfluff of `make lint` says what sqlfluff says."""

from pathlib import Path

import pytest
from sqlfluff.core import FluffConfig, Linter
from sqlfluff.utils.reflow.sequence import ReflowSequence

from tests.sqlfluff_lean import share_sequences

ROOT = Path(__file__).resolve().parents[2]
LONG = " + ".join(f"a_long_column_{number}" for number in range(8))
BROKEN = f"""-- Grain: one row per case
with  people as (
    select one_id , two
      from ref.dim_member  where two=3
)
SELECT people.one_id,{LONG} as three,
    count( * ) as rows_count from people
        group by people.one_id
"""
SOUND = "select one_id\nfrom ref.dim_member\n"
EXPECTED = {"LT01", "LT02", "LT05", "LT14", "CP01"}


def sentences(*texts: str) -> list[list[tuple[str, int, int, str]]]:
    """What sqlfluff says about texts, by its rules of this repository: code, place, words."""
    config = FluffConfig.from_path(str(ROOT), overrides={"templater": "raw"})
    linter = Linter(config=config)
    return [
        [
            (found.rule_code(), found.line_no, found.line_pos, found.desc())
            for found in linter.lint_string(text).get_violations()
        ]
        for text in texts
    ]


def test_lean_sqlfluff_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = sentences(BROKEN, SOUND, BROKEN)
    assert {code for code, *_ in usual[0]} >= EXPECTED
    assert usual[1] == []
    monkeypatch.setattr(ReflowSequence, "from_root", ReflowSequence.from_root)
    share_sequences()
    assert sentences(BROKEN, SOUND, BROKEN) == usual
