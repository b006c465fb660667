"""README.zh-CN.md says in Chinese what README.md says: same commands, same tables, same numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, CHINESE = "README.md", "README.zh-CN.md"
COMMAND = re.compile(r"`((?:make|rekindle|\.venv/bin/rekindle) [^`]+)`|^(make .+)$", re.MULTILINE)
NUMBER = re.compile(r"[\d.,]*\d")


def commands(page: str) -> set[str]:
    """Every command in a code span, or on a line of its own in a block."""
    return {span or line for span, line in COMMAND.findall(page)}


def tables(page: str) -> list[list[list[str]]]:
    """The tables, as rows of cells, rulers among them."""
    return [
        [
            [cell.strip() for cell in line.strip().strip("|").split(" | ")]
            for line in block.splitlines()
        ]
        for block in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE)
    ]


def numbers(table: list[list[str]]) -> list[list[str]]:
    """The cells of a table that are numbers."""
    return [[cell for cell in row if NUMBER.fullmatch(cell)] for row in table[1:]]


def links(page: str) -> set[str]:
    """What a page links to, other than its translation."""
    return set(re.findall(r"\]\(([^)]+)\)", page)) - {ENGLISH, CHINESE}


def different(english: str, chinese: str) -> list[str]:
    """In what the two pages differ."""
    shapes = [
        ("commands", commands(english), commands(chinese)),
        ("links", links(english), links(chinese)),
        (
            "headings",
            re.findall(r"^#+ ", english, re.MULTILINE),
            re.findall(r"^#+ ", chinese, re.MULTILINE),
        ),
        (
            "tables",
            [[len(row) for row in table] for table in tables(english)],
            [[len(row) for row in table] for table in tables(chinese)],
        ),
        ("numbers", [*map(numbers, tables(english))], [*map(numbers, tables(chinese))]),
    ]
    return [f"{what}: {left} and {right}" for what, left, right in shapes if left != right]


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_both_say_the_same_and_link_to_each_other() -> None:
    assert different(read(ENGLISH), read(CHINESE)) == []
    assert f"]({CHINESE})" in read(ENGLISH)
    assert f"]({ENGLISH})" in read(CHINESE)


@pytest.mark.parametrize(
    ("what", "written", "instead"),
    [
        ("commands", "make demo AS_OF=2025-03-31", "make demo AS_OF=2025-03-30"),
        ("links", "](docs/landing.md)", "](docs/spark.md)"),
        ("headings", "## ", "### "),
        ("tables", "| `make help` |", "\n| `make help` |"),
        ("numbers", "| 421,720.45 |", "| 421,720.54 |"),
    ],
)
def test_a_difference_is_noticed(what: str, written: str, instead: str) -> None:
    chinese = read(CHINESE)
    english = read(ENGLISH)
    if what == "links":
        english += "[here](docs/landing.md)"
        chinese += "[这里](docs/landing.md)"
    assert written in chinese
    found = different(english, chinese.replace(written, instead))
    assert any(sentence.startswith(what) for sentence in found)
