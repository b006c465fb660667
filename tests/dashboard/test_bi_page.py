"""What docs/bi.md says to paste is answered by what is published."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bi.md"


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page in one language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [text for of, text in found if of == language]


def test_every_query_of_the_page_has_rows(demo_file: Path) -> None:
    (block,) = blocks("sql")
    queries = [query for query in block.split(";") if query.strip()]
    assert len(queries) == 3
    with duckdb.connect(str(demo_file), read_only=True) as marts:
        for query in queries:
            assert marts.execute(query).fetchall(), query


def test_the_python_of_the_page_reads_file_and_parquet(
    demo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but SQLAlchemy and Excel, which need packages that the page names."""
    (tmp_path / "serving").symlink_to(demo_file.parent, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    read, _, pandas = blocks("python")
    exec(read, names)
    assert names["aov"]["value"].notna().sum() > 12
    exec(pandas.replace('.to_excel("kpis.xlsx", index=False)', '.to_csv("kpis.csv")'), names)
    assert "aov" in (tmp_path / "kpis.csv").read_text("utf-8")
