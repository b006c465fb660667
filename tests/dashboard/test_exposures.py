"""The lineage tells truly what the board and the alerts read."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from orchestration.alerting import series
from orchestration.workspace import PROJECT

MARTS = {path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql")}
TABLE = re.compile(r"\b(?:core|identity|insight|kpi|measurement|ops)\.(\w+)")


def read_by(*files: Path) -> set[str]:
    """The marts that are named in files."""
    return {name for file in files for name in TABLE.findall(file.read_text("utf-8"))} & MARTS


def told(exposure: str) -> set[str]:
    """The marts and seeds that an exposure names."""
    path = PROJECT / "models" / "marts" / "kpi" / "_kpi__exposures.yml"
    exposures = yaml.safe_load(path.read_text(encoding="utf-8"))["exposures"]
    (found,) = (one for one in exposures if one["name"] == exposure)
    return {re.sub(r"ref\('(\w+)'\)", r"\1", one) for one in found["depends_on"]}


def test_the_board_reads_what_its_exposure_says() -> None:
    pages = (PROJECT / "dashboard").rglob("*.py")
    member_page = PROJECT / "orchestration" / "publishing" / "member_page.sql"
    assert told("board") == read_by(*pages, member_page)


def test_alerts_read_what_their_exposure_says() -> None:
    assert told("alerts") == read_by(Path(series.__file__)) | {"alert_rules"}
