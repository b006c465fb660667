"""A Spark session with the settings of profiles.yml, for statements that need no warehouse."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml

from orchestration.warehouse.spark import spark_environment
from orchestration.workspace import PROJECT

JAVA_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""For a Java that ends after minutes: to compile its code further takes more than that saves."""

FOLDING = tuple(
    f"org.apache.spark.sql.catalyst.optimizer.{rule}"
    for rule in ("ConstantFolding", "ConvertToLocalRelation")
)
"""With these Spark answers a query of literals while it plans, by other code than on rows."""


def start_session(folder: Path) -> Any:
    """A session on this machine; what it writes lies in `folder`.

    Where it writes is not left in this process's environment: builds have folders of their own.
    """
    environment = spark_environment(folder)
    os.environ.update({name: environment[name] for name in environment if "REKINDLE" not in name})
    builder = importlib.import_module("pyspark.sql").SparkSession.builder
    given = {"REKINDLE_SPARK_JAVA_OPTIONS": JAVA_OPTIONS, **os.environ, **environment}
    settings = profile_settings(given)
    settings["spark.sql.catalogImplementation"] = "in-memory"
    settings["spark.sql.optimizer.excludedRules"] = ",".join(FOLDING)
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def profile_settings(variables: Mapping[str, str]) -> dict[str, str]:
    """The settings of the target spark, and that dbt turns ANSI mode off."""
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    given = profile["rekindle"]["outputs"]["spark"]["server_side_parameters"]
    environment = jinja2.Environment(autoescape=False)
    environment.globals["env_var"] = variables.get
    settings = {name: environment.from_string(str(value)).render() for name, value in given.items()}
    return {**settings, "spark.sql.ansi.enabled": "false"}
