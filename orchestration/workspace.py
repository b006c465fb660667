"""Where the files of a brand are.

var/<brand>/landing/                      made by an adapter; a brand's own folder stays in place
var/<brand>/lake/                         the raw lake
var/<brand>/lake/erasures.sqlite          whom to keep out of it, by keyed tombstones
var/<brand>/databases/                    how far the databases have been read
var/<brand>/alerts.sqlite                 alerts, and what was sent to whom
var/<brand>/intraday.json                 what the last run of the five-minute path saw
var/<brand>/build/rekindle.duckdb         the build file: one writer, no readers
var/<brand>/build/lake/                   links to the parts of the lake that it was made from
var/<brand>/build/as_of=2017-06-30/       builds for a date before the data's last one
var/<brand>/build/spark/                  the same two for builds on Spark
serving/rekindle.duckdb, serving/parquet  what readers open
serving/intraday.duckdb, serving/intraday  what the five-minute path makes, for readers too
serving/as_of=2017-06-30/                 the same for such an earlier date
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, get_args

from orchestration.errors import UsageError

PROJECT = Path(__file__).resolve().parents[1]
"""The folder of dbt_project.yml, models and seeds."""

POLICY = PROJECT / "seeds" / "policy"
"""Policy as data: CSV files that an operator may change."""

DECISIONS = POLICY / "identity_decisions.csv"
"""What somebody decided about two records, by their keys."""

PARAMETERS = POLICY / "model_parameters.csv"
"""Where versions of the trained models are kept."""

DATA_SETS = ("demo_brand", "complete_journey", "cdnow", "cdnow_sample")
"""Names of DATA that stand for a data set whose landing folder is written here; the first is the
default. `demo_brand:100_000` is the demo brand with as many members, `demo_brand:100_000:8` the one
of another seed."""

_DEMO_BRAND = re.compile(r"demo_brand:([0-9][0-9_]*)(?::([0-9]+))?")

BUILD_FILE_NAME = "rekindle.duckdb"

ALERTS_FILE = "alerts.yml"
"""Where alerts go, beside brand.yml in the landing folder."""

DATABASES_FILE = "databases.yml"
"""Which tables of which databases are read, beside brand.yml in the landing folder."""

Engine = Literal["duckdb", "spark"]
"""What runs the models. The first is the default."""

ENGINES: tuple[Engine, ...] = get_args(Engine)


@dataclass(frozen=True)
class Workspace:
    """The folders of one brand. `landing` is written to only where `has_adapter` is true.

    `members` and `seed` are those that DATA asks of the demo brand; None is its default.
    """

    brand: str
    landing: Path
    lake: Path
    build: Path
    serving: Path
    has_adapter: bool
    members: int | None = None
    seed: int | None = None
    engine: Engine = "duckdb"

    def build_folder(self, aside: date | None = None) -> Path:
        """Folder of the build file; `aside` is the date of a build beside today's."""
        build = self.build if self.engine == "duckdb" else self.build / self.engine
        return build if aside is None else build / as_of_folder(aside)

    def build_file(self, aside: date | None = None) -> Path:
        """The DuckDB file that dbt writes, or that shows the tables Spark wrote."""
        return self.build_folder(aside) / BUILD_FILE_NAME

    @property
    def alert_store(self) -> Path:
        """The SQLite file that remembers alerts and messages."""
        return self.lake.parent / "alerts.sqlite"

    @property
    def databases(self) -> Path:
        """The folder that remembers how far the databases have been read."""
        return self.lake.parent / "databases"

    def serving_folder(self, aside: date | None = None) -> Path:
        """Folder of the published file."""
        return self.serving if aside is None else self.serving / as_of_folder(aside)


def dagster_home(var: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Where Dagster keeps its runs and their logs: DAGSTER_HOME, or a folder below `var`."""
    return Path(environment.get("DAGSTER_HOME") or var / "dagster").absolute()


def as_of_folder(as_of: date) -> str:
    """Name of the folder that holds a build for an earlier business date."""
    return f"as_of={as_of.isoformat()}"


def resolve_workspace(
    data: str,
    *,
    var: Path | None = None,
    serving: Path | None = None,
    base: Path | None = None,
    engine: Engine = "duckdb",
) -> Workspace:
    """The workspace of DATA: the name of a data set, or the path of a landing folder.

    `var` and `serving` default to REKINDLE_VAR and REKINDLE_SERVING and then to the folders of
    that name in the project; a relative path is relative to `base`, the working directory unless
    given. Raises UsageError when DATA is neither a known name nor a folder.
    """
    var = (var or Path(os.environ.get("REKINDLE_VAR") or PROJECT / "var")).absolute()
    serving = (
        serving or Path(os.environ.get("REKINDLE_SERVING") or PROJECT / "serving")
    ).absolute()
    sized = _DEMO_BRAND.fullmatch(data)
    members = int(sized[1].replace("_", "")) if sized else None
    seed = int(sized[2]) if sized and sized[2] else None
    is_written_here = data in DATA_SETS or sized is not None
    if is_written_here:
        asked = [str(number) for number in (members, seed) if number is not None]
        brand = "-".join(["demo_brand", *asked]) if sized else data
        landing = var / brand / "landing"
    else:
        landing = _landing_folder(data, base or Path.cwd())
        brand = _slug(landing)
    return Workspace(
        brand=brand,
        landing=landing,
        lake=var / brand / "lake",
        build=var / brand / "build",
        serving=serving,
        has_adapter=is_written_here,
        members=members,
        seed=seed,
        engine=engine,
    )


def _landing_folder(data: str, base: Path) -> Path:
    known = ", ".join(DATA_SETS)
    if not data.strip() or "\0" in data:
        raise UsageError(f"DATA is empty: give {known}, or the path of a landing folder.")
    path = Path(os.path.normpath(base / Path(data).expanduser()))
    if path.is_dir():
        return path
    if path.exists():
        raise UsageError(
            f"DATA={data} is a file, not a landing folder: give the folder that holds "
            f"<system>/<table>/ folders (and brand.yml), or one of {known}."
        )
    if re.fullmatch(r"[\w-]+", data):
        raise UsageError(
            f"There is no data set and no folder named {data}: "
            f"give {known}, or the path of a landing folder."
        )
    raise UsageError(
        f"There is no folder {path}: give the path of a landing folder, or one of {known}."
    )


def _slug(landing: Path) -> str:
    """Folder name made safe, and eight hex digits of the path, so that two brands never meet."""
    name = re.sub(r"[^a-z0-9]+", "_", landing.name.lower()).strip("_") or "landing"
    digest = hashlib.sha256(str(landing.resolve()).encode()).hexdigest()
    return f"{name[:40]}-{digest[:8]}"
