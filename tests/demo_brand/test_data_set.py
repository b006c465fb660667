"""DATA=demo_brand writes its landing folder once, and again when it is not whole any more."""

from __future__ import annotations

from pathlib import Path

from orchestration.adapters.catalogue import write_data_set
from orchestration.workspace import resolve_workspace


def test_the_demo_brand_is_written_into_a_new_folder_once(tmp_path: Path) -> None:
    workspace = resolve_workspace("demo_brand:100", var=tmp_path / "var")
    assert write_data_set(workspace)
    orders = workspace.landing / "commerce" / "orders" / "part-0000.parquet"
    assert orders.is_file()
    assert (workspace.landing.parent / "truth" / "persons").is_dir()
    assert not write_data_set(workspace)

    # A folder that is not whole is made anew, and so is what was loaded from it.
    orders.unlink()
    leftover = workspace.lake / "raw" / "leftover"
    leftover.mkdir(parents=True)
    assert write_data_set(workspace)
    assert orders.is_file()
    assert not leftover.exists()
