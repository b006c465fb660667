"""The command line: mistakes end with a sentence and exit code 2; a run says what came out."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.alerting.evaluate import BuildFacts, evaluate_build
from orchestration.alerting.store import AlertStore
from orchestration.cli import main
from orchestration.workspace import PROJECT, resolve_workspace
from tests.alerting.builds import LIMIT_RULE, channel_days, make_build
from tests.alerting.receivers import Answer, http_receiver


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REKINDLE_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("REKINDLE_SERVING", str(tmp_path / "serving"))
    monkeypatch.delenv("REKINDLE_ALERTS", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["demo", "complete_jorney"], "There is no data set and no folder named complete_jorney: "),
        (["demo", "--data", "no/folder"], "There is no folder "),
        (["demo", "file.csv"], "DATA=file.csv is a file, not a landing folder: "),
        (["demo", "cdnow", "--as-of", "2017-13-01"], "'2017-13-01' is not a date: write AS_OF as"),
        (["demo", "cdnow", "--as-of", "yesterday"], "'yesterday' is not a date: write AS_OF as"),
        (
            ["demo", "cdnow", "--data", "cdnow_sample"],
            "DATA is given twice, as cdnow and as cdnow_",
        ),
        (["load", "no/folder"], "There is no folder "),
        (["build", "cdnow"], "There is no raw lake in "),
        (["publish", "cdnow", "--as-of", "1998-01-01"], "There is no raw lake in "),
        (["policy", "check", "--folder", "nowhere"], "There is no folder nowhere: give the folder"),
        (["brand", "new", "--members", "10"], "The demo brand cannot have 10 members: give"),
        (["brand", "new", "--seed", "-1"], "The seed -1 is negative: give"),
        (["brand", "new", "--to", "2026-01-01"], "The demo brand lives from 2023-07-01 to"),
        (["brand", "new", "--from", "2025-06-30", "--to", "2025-06-01"], "--from 2025-06-30 is"),
        (["brand", "own", "--members", "100"], "own holds a landing or truth folder that is not"),
        (["brand", "another", "--members", "100", "--from", "2025-06-30"], "another holds a demo"),
        (["demo", "demo_brand:5"], "The demo brand cannot have 5 members: give"),
        (["alerts", "--data", "no/folder"], "There is no folder "),
        (["alerts", "test"], "Nothing was sent: no channel is configured (var/demo_brand/"),
    ],
)
def test_mistake_is_a_sentence(folders: Path, arguments: list[str], sentence: str) -> None:
    (folders / "file.csv").touch()
    (folders / "own" / "landing").mkdir(parents=True)
    (folders / "another").mkdir()
    (folders / "another" / ".demo_brand").write_text("BrandSpec of another size")
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.output.splitlines()[-1].startswith(sentence)
    assert "Traceback" not in result.output


def test_unknown_mode_is_a_usage_message(folders: Path) -> None:
    result = run("build", "cdnow", "--rfm-mode", "cubic")
    assert result.exit_code == 2
    assert "is not one of 'quantile', 'fixed'" in result.output


def test_nothing_to_publish_is_a_sentence(folders: Path) -> None:
    result = run("publish", "cdnow")
    assert result.exit_code == 1
    assert "There is no build in " in result.output
    assert "build first (rekindle build)." in result.output


@pytest.mark.parametrize("zone", ["Mars/Olympus", "localtime", "posix/Asia/Shanghai"])
def test_mistake_in_brand_yml_is_a_sentence(folders: Path, zone: str) -> None:
    landing = folders / "brand"
    landing.mkdir()
    (landing / "brand.yml").write_text(f"business_zone: {zone}\n")
    result = run("load", str(landing))
    assert result.exit_code != 0
    assert zone in result.output
    assert "a time zone of the IANA list" in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_alerts_of_a_brand_that_was_never_published(folders: Path) -> None:
    for arguments, said in (
        (["alerts"], "0 alerts are open.\n"),
        (["alerts", "deliver"], "0 messages delivered, 0 failed.\n"),
    ):
        result = run(*arguments)
        assert (result.exit_code, result.output) == (0, said)
    assert not (folders / "var").exists()


def test_alerts_as_commands(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = resolve_workspace("demo_brand")
    file = make_build(
        folders / "build.duckdb", daily=channel_days({"app": 80.0}), rules=[LIMIT_RULE]
    )
    store = AlertStore(workspace.alert_store)
    facts = BuildFacts("build-1", date(2025, 6, 30), "CNY")
    evaluate_build(file, store, facts, ("operations",), datetime(2025, 7, 1))  # noqa: DTZ001
    settings = folders / "alerts.yml"
    monkeypatch.setenv("REKINDLE_ALERTS", str(settings))
    with http_receiver(Answer(404), Answer(200)) as receiver:
        settings.write_text(f"channels: {{operations: 'json://127.0.0.1:{receiver.port}'}}\n")
        where = f"127.0.0.1:{receiver.port} answered with status 404"
        result = run("alerts", "deliver")
        assert result.exit_code == 1
        assert result.output.splitlines() == [
            "0 messages delivered, 1 failed.",
            f"not delivered to operations: {where}.",
        ]
        shown = run("alerts").output
        assert shown.startswith("1 alert is open (1 warning).\n  warning  The order value is low: ")
        assert f"not delivered to operations: {where}.\nrekindle alerts deliver --dead" in shown
        assert run("alerts", "deliver").output == "0 messages delivered, 0 failed.\n"
        assert run("alerts", "deliver", "--dead").output == "1 messages delivered, 0 failed.\n"
        tested = run("alerts", "test").output.splitlines()
        assert tested[0] == "operations: has it."
        assert tested[1:] == [
            (
                "2 rules name the channel data, which alerts.yml does not have: of these nobody is "
                "told. The channels are operations."
            )
        ]
        assert tested[1] in run("alerts").output
        receiver.answers = [Answer(403)]
        result = run("alerts", "test")
        assert result.exit_code == 1
        assert result.output.startswith("operations: failed: 127.0.0.1:")
    store.close()


def test_help_names_every_command(folders: Path) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for command in ("demo", "brand", "load", "build", "publish", "alerts", "dbt", "policy"):
        assert f"\n  {command} " in result.output


@pytest.mark.slow
def test_dbt_is_passed_through(folders: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "dbt", "--data", "cdnow_sample", "--version"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "duckdb" in done.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("forked_dbt")
def test_demo_of_a_landing_folder_that_holds_no_table(folders: Path) -> None:
    landing = folders / "empty"
    landing.mkdir()
    stray = landing / "README.txt"
    stray.write_text("The tables come on Monday.\n")
    result = run("demo", str(landing))
    assert result.exit_code == 0, result.output
    assert "as of no date (there is no dated fact yet)" in result.output
    assert "Published: empty-" in result.output
    assert "0 alerts are open: rekindle alerts shows them. Nothing was sent: no" in result.output
    assert "Ignored README.txt: It is not in a <system>/<table>/ folder." in result.output
    assert list(landing.iterdir()) == [stray], "a brand's own folder is never written to"
    connection = duckdb.connect(str(folders / "serving" / "rekindle.duckdb"), read_only=True)
    tables = connection.execute(
        "select schema_name, table_name, estimated_size from duckdb_tables()"
    ).fetchall()
    connection.close()
    assert {("core", "fct_orders"), ("kpi", "kpi_monthly")} <= {table[:2] for table in tables}
    sizes = {table[1]: table[2] for table in tables}
    assert sizes["fct_orders"] == sizes["kpi_monthly"] == sizes["member_lifecycle"] == 0
