"""The picture of the marts in README.md is that of the project as it is."""

from __future__ import annotations

import json

from orchestration.publishing.lineage import PICTURE, draw
from orchestration.warehouse.manifest import prepared_manifest


def test_the_picture_of_the_marts_is_up_to_date() -> None:
    manifest = json.loads(prepared_manifest().read_text("utf-8"))
    assert PICTURE.read_text("utf-8") == draw(manifest), "run make lineage"
    nodes = {key: node for key, node in manifest["nodes"].items() if "rfm" not in key}
    assert "member_rfm" not in draw({**manifest, "nodes": nodes})
