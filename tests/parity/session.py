"""A Spark session with the settings of profiles.yml, for statements that need no warehouse."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

import jinja2
import yaml

from orchestration.warehouse.spark import spark_environment
from orchestration.workspace import PROJECT


def start_session(folder: Path) -> Any:
    """A session on this machine; what it writes lies in `folder`."""
    os.environ.update(spark_environment(folder))
    builder = importlib.import_module("pyspark.sql").SparkSession.builder
    settings = {**profile_settings(), "spark.sql.catalogImplementation": "in-memory"}
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def profile_settings() -> dict[str, str]:
    """The settings of the target spark, and that dbt turns ANSI mode off."""
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    given = profile["rekindle"]["outputs"]["spark"]["server_side_parameters"]
    environment = jinja2.Environment(autoescape=False)
    environment.globals["env_var"] = os.environ.get
    settings = {name: environment.from_string(str(value)).render() for name, value in given.items()}
    return {**settings, "spark.sql.ansi.enabled": "false"}
