"""Training: a better version is written, a worse one is not and says so."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.errors import UsageError
from orchestration.modelling import churn
from orchestration.modelling.bg_nbd import BgNbd
from orchestration.modelling.features import FEATURES
from orchestration.modelling.train import (
    TooYoungError,
    business_date,
    code_of,
    in_force,
    read_versions,
    train,
)
from orchestration.warehouse.policy import check_policies
from orchestration.workspace import PARAMETERS, PROJECT
from tests.modelling.simulation import AS_OF, order_days, write_build

MODEL = BgNbd(0.8, 20.0, 0.7, 3.0)


@pytest.fixture(scope="module")
def build_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build of people unlike those of any version that is shipped."""
    file = tmp_path_factory.mktemp("trained") / "rekindle.duckdb"
    write_build(file, order_days(MODEL, 1500, 500, seed=5), first_age=500)
    return file


@pytest.fixture
def parameters(tmp_path: Path) -> Path:
    """A folder of policies that may be changed, and its file of parameters."""
    shutil.copytree(PROJECT / "seeds" / "policy", tmp_path / "policy")
    return tmp_path / "policy" / PARAMETERS.name


def test_a_better_version_is_written_and_the_policy_holds(
    build_file: Path, parameters: Path
) -> None:
    before = parameters.read_text(encoding="utf-8")
    trained = train(build_file, parameters, "simulated", AS_OF)
    assert trained.is_written
    assert trained.log_loss < min(trained.others.values())
    assert parameters.read_text(encoding="utf-8").startswith(before)
    check_policies(parameters.parent)
    read = read_versions(parameters)["simulated"]
    assert read.model.alpha == pytest.approx(trained.version.model.alpha, abs=1e-8)
    assert read.classifier.weights == pytest.approx(trained.version.classifier.weights, abs=1e-8)
    assert read.values.p == pytest.approx(trained.version.values.p, rel=1e-8)


def test_training_again_gives_the_same_and_is_not_better(
    build_file: Path, parameters: Path
) -> None:
    first = train(build_file, parameters, "first", AS_OF)
    written = parameters.read_bytes()
    again = train(build_file, parameters, "again", AS_OF)
    assert again.version.model == first.version.model
    assert again.version.classifier == first.version.classifier
    assert again.version.values == first.version.values
    assert not again.is_written
    assert parameters.read_bytes() == written


def test_only_versions_in_force_are_competitors(
    build_file: Path, parameters: Path, tmp_path: Path
) -> None:
    """What is learnt later keeps no training out: its days know nothing of it."""
    later = tmp_path / "later.csv"
    shutil.copy(parameters, later)
    train(build_file, later, "later", AS_OF + timedelta(days=1))
    trained = train(build_file, later, "now", AS_OF)
    assert trained.is_written
    assert "later" not in trained.others
    assert sorted(in_force(read_versions(later), AS_OF)) == sorted({*trained.others, "now"})


def test_versions_of_an_old_day_are_older() -> None:
    shipped = read_versions(PARAMETERS)
    found = {
        day: set(in_force(shipped, day))
        for day in (date(1998, 6, 29), date(1998, 6, 30), date(2025, 3, 31), date(2025, 6, 30))
    }
    assert list(found.values()) == [
        {"untrained"},
        {"cdnow_1998"},
        {"cdnow_1998", "complete_journey_2017"},
        {"cdnow_1998", "complete_journey_2017", "demo_brand_20250630"},
    ]


def test_the_trial_teaches_nothing(build_file: Path, parameters: Path, tmp_path: Path) -> None:
    """Whoever was gone at the end of the trial: the version is the same."""
    import duckdb

    changed = tmp_path / "changed.duckdb"
    shutil.copy(build_file, changed)
    with duckdb.connect(str(changed)) as connection:
        connection.execute(
            "update intermediate.int_insight__buying_histories set is_gone = not is_gone"
            " where step = 1"
        )
    right = train(build_file, parameters, "right", AS_OF)
    other = train(changed, parameters, "other", AS_OF)
    assert other.version.model == right.version.model
    assert other.version.classifier == right.version.classifier
    assert not other.is_written


def test_the_classifier_learns_what_there_is_to_learn() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(20_000, len(FEATURES)))
    true = np.linspace(-1, 1, len(FEATURES))
    gone = rng.random(20_000) < 1 / (1 + np.exp(-(0.5 + values @ true)))
    found = churn.fit(values, gone)
    assert list(found.weights.values()) == pytest.approx(true, abs=0.07)
    told = churn.probabilities(found, values)
    assert told.mean() == pytest.approx(gone.mean(), abs=1e-4)


def test_mistakes_get_a_sentence(build_file: Path, parameters: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="build the brand first"):
        business_date(tmp_path / "nothing.duckdb")
    with pytest.raises(UsageError, match="has the version cdnow_1998 already: give another --code"):
        train(build_file, parameters, "cdnow_1998", AS_OF)
    small = tmp_path / "small.duckdb"
    write_build(small, order_days(MODEL, 40, 500, seed=5), first_age=500)
    with pytest.raises(TooYoungError, match="at least 50 have to end"):
        train(small, parameters, "small", AS_OF)
    with pytest.raises(UsageError, match=r"cannot be in force from 2025-06-29.*from 2025-06-30"):
        train(build_file, parameters, "early", AS_OF - timedelta(days=1))


def test_the_command_says_what_it_did(
    build_file: Path, parameters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "orchestration.workspace.Workspace.build_file", lambda *_args, **_named: build_file
    )
    arguments = ["train", "--data", "cdnow", "--parameters", str(parameters)]
    first = CliRunner().invoke(main, arguments)
    assert first.exit_code == 0, first.output
    assert "The new version is the best" in first.output
    assert code_of("cdnow", AS_OF) == "cdnow_20250630"
    assert "cdnow_20250630" in read_versions(parameters)
    second = CliRunner().invoke(main, [*arguments, "--code", "second"])
    assert "no better than cdnow_20250630; nothing was written" in second.output


def test_codes_are_codes() -> None:
    assert code_of("Über-Brand 9", date(2025, 1, 2)) == "ber_brand_9_20250102"
    assert code_of("9lives", date(2025, 1, 2)) == "brand_9lives_20250102"
