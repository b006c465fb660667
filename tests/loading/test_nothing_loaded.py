"""A load after which there is nothing to build says so, and fails; one bad file never does."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result

from orchestration.brand_resource import BrandResource
from orchestration.cli import main
from orchestration.loading.assets import lake

USERS = "web_user_id,created_at,updated_at\n"
ROW = "W1,2025-01-01T00:00:00Z,2025-01-01T00:00:00Z\n"


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REKINDLE_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("REKINDLE_SERVING", str(tmp_path / "serving"))
    return tmp_path / "landing"


def hand_over(landing: Path, place: str, text: str) -> None:
    (landing / place).parent.mkdir(parents=True, exist_ok=True)
    (landing / place).write_text(text, "utf-8")


def load(landing: Path, command: str = "load") -> Result:
    return CliRunner().invoke(main, [command, "--data", str(landing)])


@pytest.mark.parametrize(
    ("place", "text", "reason"),
    [
        ("website/users/a.csv", "Account,Created\nW1,2025-01-01\n", "The required columns"),
        ("shop/website/users/a.csv", USERS + ROW, "The contract has no system 'shop'"),
        ("website/users/a.csv", USERS + ROW.replace("2025", "of old"), "1 row is quarantined"),
    ],
)
def test_a_load_of_nothing_fails_with_a_sentence_every_time(
    landing: Path, place: str, text: str, reason: str
) -> None:
    hand_over(landing, place, text)
    for command in ("load", "demo", "load"):
        found = load(landing, command)
        assert found.exit_code == 1, found.output
        assert "Nothing could be loaded: 1 file handed over, and not a row in the raw lake." in (
            found.output
        )
        assert "Build the marts" not in found.output
        assert reason in found.output
    hand_over(landing, "website/users/b.csv", USERS + ROW)
    assert load(landing).exit_code == 0


def test_one_bad_file_among_others_and_a_header_alone_are_no_failure(landing: Path) -> None:
    hand_over(landing, "website/users/a.csv", USERS)
    hand_over(landing, "README.txt", "The rows come on Monday.")
    assert load(landing).exit_code == 0, "a table that has no rows so far"
    hand_over(landing, "website/users/b.csv", USERS + ROW)
    assert load(landing).exit_code == 0
    hand_over(landing, "website/users/c.csv", "Account\nW2\n")
    first, again = load(landing), load(landing)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "Refused website/users/c.csv: The required columns" in first.output
    assert "3 known already." in again.output
    assert "Refused before, not changed: website/users/c.csv: The required" in again.output


def test_the_step_of_dagster_fails_and_is_not_tried_again(landing: Path) -> None:
    hand_over(landing, "website/users/a.csv", "Account\nW2\n")
    resources = {"brand": BrandResource(data=str(landing))}
    failed = dg.materialize([lake], resources=resources, raise_on_error=False)
    assert not failed.success
    (failure,) = failed.get_step_failure_events()
    assert failure.step_failure_data.error is not None
    assert "Nothing could be loaded" in str(failure.step_failure_data.user_failure_data)
    hand_over(landing, "website/users/b.csv", USERS + ROW)
    assert dg.materialize([lake], resources=resources).success
