"""DATA: names, paths, and what is said about neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import UsageError
from orchestration.workspace import resolve_workspace


@pytest.mark.parametrize("name", ["demo_brand", "complete_journey", "cdnow", "cdnow_sample"])
def test_data_set(name: str, tmp_path: Path) -> None:
    workspace = resolve_workspace(name, var=tmp_path / "var", serving=tmp_path / "serving")
    assert workspace.brand == name
    assert workspace.has_adapter
    assert workspace.landing == tmp_path / "var" / name / "landing"
    assert workspace.build_file() == tmp_path / "var" / name / "build" / "rekindle.duckdb"
    assert workspace.serving_folder() == tmp_path / "serving"


@pytest.mark.parametrize(
    ("data", "brand", "members", "seed"),
    [
        ("demo_brand:100_000", "demo_brand-100000", 100_000, None),
        ("demo_brand:500:3", "demo_brand-500-3", 500, 3),
    ],
)
def test_demo_brand_of_another_size_is_another_brand(
    data: str, brand: str, members: int, seed: int | None, tmp_path: Path
) -> None:
    workspace = resolve_workspace(data, var=tmp_path)
    assert (workspace.brand, workspace.members, workspace.seed) == (brand, members, seed)
    assert workspace.landing == tmp_path / brand / "landing"


def test_own_folder_stays_in_place(tmp_path: Path) -> None:
    landing = tmp_path / "My Brand 品牌"
    landing.mkdir()
    workspace = resolve_workspace(str(landing), var=tmp_path / "var")
    assert workspace.landing == landing
    assert not workspace.has_adapter
    assert workspace.brand.startswith("my_brand-")
    assert workspace.lake == tmp_path / "var" / workspace.brand / "lake"


def test_relative_path_is_the_same_brand(tmp_path: Path) -> None:
    landing = tmp_path / "a" / "landing"
    landing.mkdir(parents=True)
    absolute = resolve_workspace(str(landing))
    for text in ("a/landing", "./a/landing/", "a/../a/landing"):
        assert resolve_workspace(text, base=tmp_path) == absolute


def test_two_folders_of_one_name_are_two_brands(tmp_path: Path) -> None:
    brands = set()
    for parent in ("a", "b"):
        landing = tmp_path / parent / "landing"
        landing.mkdir(parents=True)
        brands.add(resolve_workspace(str(landing)).brand)
    assert len(brands) == 2


def test_folder_named_like_a_data_set_is_reached_by_a_path(tmp_path: Path) -> None:
    (tmp_path / "cdnow").mkdir()
    assert resolve_workspace("cdnow", base=tmp_path).has_adapter
    assert not resolve_workspace("./cdnow", base=tmp_path).has_adapter


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            "cdnoww",
            "There is no data set and no folder named cdnoww: give demo_brand, complete_journey",
        ),
        ("no/such/folder", r"There is no folder .*/no/such/folder: give the path of a landing"),
        ("orders.csv", "DATA=orders.csv is a file, not a landing folder: give the folder"),
        (" ", "DATA is empty: give demo_brand"),
    ],
)
def test_unknown_data_is_a_sentence(tmp_path: Path, data: str, sentence: str) -> None:
    (tmp_path / "orders.csv").touch()
    with pytest.raises(UsageError, match=sentence):
        resolve_workspace(data, base=tmp_path)
