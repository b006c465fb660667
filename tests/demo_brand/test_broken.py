"""Broken rows come on top: without them the demo brand's files say the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from orchestration.demo_brand.generate import write_brand
from orchestration.demo_brand.settings import BrandSpec, Rates
from tests.demo_brand.clean import read_clean


def test_what_the_contract_lets_pass_is_what_was_there_before(tmp_path: Path) -> None:
    rates = replace(Rates(), broken_rows=0.2)
    spec = BrandSpec(members=300, rates=rates)
    write_brand(tmp_path / "broken", spec)
    whole = replace(spec, rates=replace(rates, broken_rows=0.0))
    write_brand(tmp_path / "whole", whole)
    with duckdb.connect() as connection:
        (broken,) = connection.execute(
            f"select sum(rows) from '{tmp_path}/broken/truth/delivery/*.parquet'"
            " where kind like 'broken!_%' escape '!'"
        ).fetchall()[0]
    assert broken > 100
    found, expected = (
        read_clean(tmp_path / name / "landing", tmp_path / f"{name}_clean").tables
        for name in ("broken", "whole")
    )
    for name, rows in expected.items():
        assert rows.height == found[name].height, name
        assert rows.sort(rows.columns).equals(found[name].sort(rows.columns)), name
