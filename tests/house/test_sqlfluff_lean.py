"""The lean sqlfluff of `make lint` says what sqlfluff says."""

from pathlib import Path

import pytest
from sqlfluff.core import FluffConfig, Linter
from sqlfluff.utils.analysis import select
from sqlfluff.utils.reflow.sequence import ReflowSequence

from tests.sqlfluff_lean import share_selects, share_sequences

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
SELECTS = """select
    people.one_id,
    orders.order_id,
    one_id,
    1 + 1
from ref.dim_member as people
inner join ref.fct_orders as orders on orders.one_id = people.one_id
left join ref.dim_store as stores on true
where people.one_id in (select one_id from ref.dim_member as inside where two <> 3)
"""
SOUND = "select one_id\nfrom ref.dim_member\n"
EXPECTED = {"LT01", "LT02", "LT05", "LT14", "CP01", "RF02", "RF03", "AL03", "AL05"}


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
    usual = sentences(BROKEN, SOUND, SELECTS, BROKEN)
    assert {code for text in usual for code, *_ in text} >= EXPECTED
    assert usual[1] == []
    monkeypatch.setattr(ReflowSequence, "from_root", ReflowSequence.from_root)
    share_sequences()
    asked = select.get_select_statement_info
    share_selects()
    assert select.get_select_statement_info is not asked
    assert sentences(BROKEN, SOUND, SELECTS, BROKEN) == usual
