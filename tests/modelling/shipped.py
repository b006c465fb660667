"""Versions of the models that are shipped, trained once more."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.modelling.train import business_date, read_versions, train
from orchestration.workspace import PARAMETERS


def assert_shipped_again(build_file: Path, code: str, folder: Path) -> None:
    """`rekindle train` on a build writes the rows of a version that are shipped."""
    shipped = PARAMETERS.read_text(encoding="utf-8").splitlines(keepends=True)
    others = folder / PARAMETERS.name
    others.write_text("".join(line for line in shipped if f",{code}," not in line), "utf-8")
    trained = train(build_file, others, code, business_date(build_file))
    assert trained.is_written
    found, wanted = read_versions(others)[code], read_versions(PARAMETERS)[code]
    assert (found.valid_from, found.trained_date) == (wanted.valid_from, wanted.trained_date)
    for mine, its in (
        (vars(found.model), vars(wanted.model)),
        (vars(found.values), vars(wanted.values)),
        (found.classifier.weights, wanted.classifier.weights),
        (found.classifier.means, wanted.classifier.means),
        ({"bias": found.classifier.bias}, {"bias": wanted.classifier.bias}),
    ):
        assert mine == pytest.approx(its, rel=1e-3, abs=1e-6)
