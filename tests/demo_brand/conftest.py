"""The default demo brand: written once for all tests, and its people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.demo_brand.chunk import Chunk, make_chunk
from orchestration.demo_brand.generate import write_brand
from orchestration.demo_brand.settings import BrandSpec
from orchestration.demo_brand.world import make_world


@pytest.fixture(scope="session")
def default_brand(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A folder with the landing and the truth of the default demo brand."""
    return made_once("demo_brand", lambda folder: write_brand(folder, BrandSpec()))


@pytest.fixture(scope="session")
def chunks() -> list[Chunk]:
    """The first two chunks of the default demo brand."""
    world = make_world(BrandSpec())
    return [make_chunk(world, 0), make_chunk(world, 1)]
