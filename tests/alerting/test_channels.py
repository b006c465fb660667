"""alerts.yml: what it may say, and the sentence where it is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestration.alerting.channels import (
    ChannelError,
    known_channels,
    misnamed,
    read_settings,
)
from orchestration.loading.contract import load_contract
from orchestration.loading.discovery import discover
from orchestration.workspace import Workspace
from tests.publishing.builds import workspace_in


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv("REKINDLE_ALERTS", raising=False)
    made = workspace_in(tmp_path)
    made.landing.mkdir()
    return made


def write(workspace: Workspace, text: str) -> None:
    (workspace.landing / "alerts.yml").write_text(text, encoding="utf-8")


def test_the_loader_passes_the_file_over(workspace: Workspace) -> None:
    write(workspace, "channels: {}\n")
    (workspace.landing / "alerts.txt").touch()
    ignored = discover(workspace.landing, load_contract()).ignored
    assert [file.relative for file in ignored] == ["alerts.txt"]


def test_without_a_file_there_are_no_channels(workspace: Workspace) -> None:
    assert read_settings(workspace).channels == {}


def test_a_file_with_everything(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECOM_KEY", "s3cret")
    write(
        workspace,
        "board_url: https://board.example.com/\nlanguage: zh\ntimeout_seconds: 2\n"
        "run_failures: [data]\nchannels:\n  operations: wecombot://${WECOM_KEY}\n"
        "  data: {url: 'jsons://hooks.example.com/x', language: en}\n",
    )
    settings = read_settings(workspace)
    operations, data = settings.channels["operations"], settings.channels["data"]
    assert (operations.url, operations.language, operations.limit) == (
        "wecombot://s3cret",
        "zh",
        2048,
    )
    assert (data.language, data.limit) == ("en", 60_000)
    assert (settings.board_url, settings.timeout_seconds) == ("https://board.example.com/", 2)
    assert settings.run_failures == ("data",)


def test_failed_runs_are_told_to_all_unless_said_otherwise(workspace: Workspace) -> None:
    write(workspace, "channels: {a: 'json://a', b: 'json://b'}\n")
    assert read_settings(workspace).run_failures == ("a", "b")


def test_another_file_may_be_named(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.yml"
    monkeypatch.setenv("REKINDLE_ALERTS", str(other))
    with pytest.raises(ChannelError, match=r"REKINDLE_ALERTS names .*other\.yml, which is not"):
        read_settings(workspace)
    other.write_text("channels: {a: 'json://a'}\n")
    assert known_channels(workspace) == {"a"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("channels: [", "alerts.yml, line 2 is not YAML in UTF-8; correct it."),
        ("channel: {}", "alerts.yml, channel: extra inputs are not permitted"),
        ("channels: {Ops: 'json://a'}", "alerts.yml, channels.Ops: string should match pattern"),
        ("channels: {a: {urls: x}}", "alerts.yml, channels.a"),
        ("channels: {a: nonsense}", "channel a: its url is none; write one of Apprise's"),
        ("channels: {a: 'json://${NOT_SET}'}", "channel a: the environment variable NOT_SET is"),
        ("board_url: board", "alerts.yml, board_url: string should match pattern"),
        ("language: fr", "alerts.yml, language: input should be 'en', 'zh' or 'both'"),
        ("timeout_seconds: 0", "alerts.yml, timeout_seconds: input should be greater than 0"),
        ("run_failures: [b]", "run_failures: there is no channel b; the channels are none."),
        ("- a", "alerts.yml, the file: input should be a valid dictionary"),
    ],
)
def test_mistake_is_a_sentence(workspace: Workspace, text: str, sentence: str) -> None:
    write(workspace, f"{text}\n")
    with pytest.raises(ChannelError) as raised:
        read_settings(workspace)
    assert sentence in str(raised.value)
    assert known_channels(workspace) == frozenset()


def test_a_sentence_never_repeats_a_secret(workspace: Workspace) -> None:
    write(workspace, "channels: {a: {url: 'json://s3cret', colour: s3cret}}\n")
    with pytest.raises(ChannelError) as raised:
        read_settings(workspace)
    assert "s3cret" not in str(raised.value)


def test_channels_that_only_one_side_names_are_told(workspace: Workspace, tmp_path: Path) -> None:
    rules = tmp_path / "alert_rules.csv"
    rules.write_text(
        "valid_from,rule_code,is_active,channels\n"
        "1900-01-01,a,true,operations data\n"
        "1900-01-01,b,true,operations\n"
        "1900-01-01,c,true,finance\n"
        "2025-01-01,c,false,finance\n"
        "2025-07-01,d,true,later\n",
        encoding="utf-8",
    )
    on = date(2025, 6, 30)
    assert list(misnamed(read_settings(workspace), on, rules)) == []
    write(
        workspace,
        "run_failures: [data]\nchannels: {operation: 'json://a', data: 'json://b'}\n",
    )
    assert list(misnamed(read_settings(workspace), on, rules)) == [
        (
            "2 rules name the channel operations, which alerts.yml does not have: of these nobody "
            "is told. The channels are operation, data."
        ),
        "No rule names the channel operation: it hears of nothing.",
    ]
    write(workspace, "channels: {operations: 'json://a', data: 'json://b'}\n")
    assert list(misnamed(read_settings(workspace), on, rules)) == []
    assert len(list(misnamed(read_settings(workspace), date(2025, 7, 1), rules))) == 1
