"""The files of docs/tutorial.md are read as the page says."""

import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.loading.load import load

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language; "" for those without any."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_tea_shop_is_loaded_as_the_tutorial_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    page = PAGE.read_text("utf-8")
    days: list[list[str]] = [[]]
    for block in blocks(page, "bash"):
        writes = re.sub(r"^(?:make |cd -|\.venv/)[\s\S]*", "", block, flags=re.MULTILINE)
        days[-1].append(writes)
        if "make demo" in block:
            days.append([])
    said = [block.splitlines() for block in blocks(page, "") if "files loaded" in block]
    assert len(said) == 2
    found = []
    for scripts in days[:2]:
        script = "\n".join(scripts)
        subprocess.run(["bash", "-euc", script], check=True, env=dict(os.environ))
        summary = load(
            tmp_path / "tea" / "landing",
            tmp_path / "lake",
            now=datetime(2026, 1, 5, tzinfo=UTC),
            progress=False,
        )
        found.append(summary.lines())
    assert found == said
