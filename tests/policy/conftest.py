"""The project that the policy suite judges: this repository, with a freshly parsed manifest."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.policy.project import Project, read_project

ROOT = Path(__file__).resolve().parents[2]

# The manifest, and the trees of some hundred files of Python and SQL, stay until the end; looking
# through them for garbage as often as Python does takes a fifth of the suite's time.
gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """This repository. `make policy` has parsed it already; else it is parsed here.

    REKINDLE_MANIFEST names the manifest to judge, and is trusted to be fresh.
    """
    named = os.environ.get("REKINDLE_MANIFEST")
    if named:
        return read_project(ROOT, Path(named))
    target = tmp_path_factory.mktemp("target")
    command = [
        str(Path(sys.executable).with_name("dbt")), "--quiet", "parse", "--no-partial-parse",
        "--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--target-path", str(target),
    ]  # fmt: skip
    parsed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert parsed.returncode == 0, f"dbt parse failed:\n{parsed.stdout}{parsed.stderr}"
    return read_project(ROOT, target / "manifest.json")
