"""Reading the published file: never two publications on a page, never in the way of a new one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

from dashboard.page import exported
from dashboard.published import Comment, UnreadableError, opened
from orchestration.cli import main
from orchestration.publishing.board import FILE_VARIABLE, published_file
from orchestration.publishing.publish import publish
from orchestration.workspace import PROJECT
from tests.publishing.builds import make_build, workspace_in

NOW = datetime(2025, 4, 1, tzinfo=UTC)
STAMP = "select distinct stamp from core.fct_orders"


def test_a_page_keeps_its_publication_and_the_next_page_sees_the_new_one(tmp_path: Path) -> None:
    workspace = workspace_in(tmp_path)
    file = workspace.serving / "rekindle.duckdb"
    make_build(workspace, 1)
    publish(workspace, now=NOW)
    with opened(file) as page:
        make_build(workspace, 2)
        publish(workspace, now=NOW)
        with opened(file) as other:
            assert other.rows(STAMP)["stamp"].tolist() == [2]
            assert other.publication.build_id == "build-2"
            assert page.rows(STAMP)["stamp"].tolist() == [1]
            assert page.publication.build_id == "build-1"
            assert page.file.mark != other.file.mark
    with opened(file) as last:
        assert last.rows(STAMP)["stamp"].tolist() == [2]
        assert last.file is other.file, "what is open already is not opened again"


def test_a_former_publication_is_let_go_when_its_last_page_is_drawn(tmp_path: Path) -> None:
    workspace = workspace_in(tmp_path)
    file = workspace.serving / "rekindle.duckdb"

    def held() -> list[str]:
        """Of the published files, those this process holds; a replaced one is (deleted)."""
        links = [
            str(link.readlink()) for link in Path("/proc/self/fd").glob("*") if link.is_symlink()
        ]
        return sorted(link for link in links if link.startswith(str(tmp_path.resolve())))

    make_build(workspace, 1)
    publish(workspace, now=NOW)
    with opened(file) as page:
        make_build(workspace, 2)
        publish(workspace, now=NOW)
        with opened(file):
            assert len(held()) == 2
            assert any(link.endswith("(deleted)") for link in held())
        assert page.rows(f"{STAMP} -- asked late")["stamp"].tolist() == [1]
    del page
    assert held() == [str(file.resolve())]
    file.unlink()
    with pytest.raises(UnreadableError, match="yet; build and publish"), opened(file):
        pass
    assert held() == []


def test_the_same_build_published_again_is_asked_anew(tmp_path: Path) -> None:
    """Alerts change without a new build."""
    workspace = workspace_in(tmp_path)
    file = workspace.serving / "rekindle.duckdb"
    make_build(workspace, 1)
    publish(workspace, now=NOW)
    with opened(file) as page:
        assert page.rows(STAMP)["stamp"].tolist() == [1]
    make_build(workspace, 1, rows=5)
    publish(workspace, now=NOW)
    with opened(file) as page:
        assert page.rows("select count(*) as rows from core.fct_orders")["rows"].tolist() == [5]


def test_an_answer_is_asked_for_once(tmp_path: Path) -> None:
    workspace = workspace_in(tmp_path)
    make_build(workspace, 1)
    publish(workspace, now=NOW)
    with opened(workspace.serving / "rekindle.duckdb") as page:
        question = "select random() as one"
        assert page.rows(question).equals(page.rows(question))
        assert page.has("core.fct_orders")
        assert not page.has("core.fct_orders", "kpi.kpi_monthly")
        assert page.comment("core.fct_orders", "key") == Comment("Key of the row.", "键")
        assert page.comment("core.fct_orders").label_zh == "表"
        assert page.comment("core.fct_orders", "stamp") == Comment("", "")


def test_what_cannot_be_shown_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="yet; build and publish"), opened(tmp_path / "no"):
        pass
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"not a database" * 1000)
    with pytest.raises(UnreadableError, match="cannot be read as a published"), opened(broken):
        pass
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    with pytest.raises(UnreadableError, match="but not a published one"), opened(other):
        pass


def test_which_file_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (FILE_VARIABLE, "REKINDLE_SERVING"):
        monkeypatch.delenv(name, raising=False)
    assert published_file() == PROJECT / "serving" / "rekindle.duckdb"
    monkeypatch.setenv("REKINDLE_SERVING", str(tmp_path))
    assert published_file() == tmp_path / "rekindle.duckdb"
    assert published_file(tmp_path / "a.duckdb") == tmp_path / "a.duckdb"
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "b.duckdb"))
    assert published_file() == tmp_path / "b.duckdb"


def test_the_command_refuses_with_a_sentence(tmp_path: Path) -> None:
    nothing = CliRunner().invoke(main, ["board", str(tmp_path)])
    assert nothing.exit_code == 1
    assert "build and publish a brand first" in nothing.output
    (tmp_path / "rekindle.duckdb").touch()
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        busy = CliRunner().invoke(main, ["board", str(tmp_path), "--port", str(port)])
    assert busy.exit_code == 2
    assert f"Port {port} is not free" in busy.output
    assert f"--port {port + 1}" in busy.output


def test_exports_are_data_and_never_formulas() -> None:
    frame = pd.DataFrame({"text": ["=1+1", "@x", "留存", None], "number": [-1.5, 2, 3, 4]})
    lines = exported(frame).decode("utf-8-sig").splitlines()
    assert lines == ["text,number", "'=1+1,-1.5", "'@x,2.0", "留存,3.0", ",4.0"]
    assert exported(frame).startswith(b"\xef\xbb\xbf")
