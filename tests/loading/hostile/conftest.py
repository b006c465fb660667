"""Marks the hostile cases that the loader does not yet answer as they expect.

`open_cases.txt` names them, one a line. They run and are reported as expected failures; a case
leaves the list when the loader answers it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

OPEN_CASES = frozenset(
    Path(__file__).with_name("open_cases.txt").read_text(encoding="utf-8").splitlines()
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the open cases to fail."""
    for item in items:
        if item.nodeid in OPEN_CASES:
            item.add_marker(pytest.mark.xfail(strict=False, reason="open: see open_cases.txt"))
