"""The default demo brand, written once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.demo_brand.generate import write_brand
from orchestration.demo_brand.settings import BrandSpec


@pytest.fixture(scope="session")
def default_brand(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A folder with the landing and the truth of the default demo brand."""
    return made_once("demo_brand", lambda folder: write_brand(folder, BrandSpec()))
