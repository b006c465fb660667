"""Lets dbt read the project while something else, the load, is still at work.

A first build of a brand spends a fifth of its time on reading the project, on one core. Later ones
find what was read beside the build file.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration.warehouse.build import BuildOptions, dbt_files, dbt_variables
from orchestration.warehouse.dbt_run import (
    READ,
    DbtFiles,
    dbt_command,
    dbt_environment,
    with_folders,
)
from orchestration.warehouse.lake import DEFAULT_ZONE
from orchestration.workspace import PROJECT, Workspace


@contextmanager
def project_read_ahead(
    workspace: Workspace, options: BuildOptions, project: Path = PROJECT
) -> Iterator[None]:
    """Have dbt read the project beside the body of this block, and wait for it at its end.

    Does nothing where the project was read before. What dbt could not read is left to the build,
    which reads it again and says so.
    """
    build_file = workspace.build_file()
    files = dbt_files(build_file, project)
    if (files.target / READ).exists():
        yield
        return
    place = workspace.build.parent  # the build itself is removed where its data set is written anew
    place.mkdir(parents=True, exist_ok=True)
    lake = build_file.parent / "lake"
    environment = dbt_environment(lake, build_file, DEFAULT_ZONE, workspace.engine)
    arguments = ["--quiet", "parse", "--vars", json.dumps(dbt_variables(options), sort_keys=True)]
    with TemporaryDirectory(dir=place, prefix=".read_ahead-") as folder:
        ahead = DbtFiles(project=files.project, work=Path(folder))
        with subprocess.Popen(
            dbt_command(arguments),
            cwd=files.project,
            env=with_folders(environment, ahead),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield
                if process.wait() == 0:
                    files.target.mkdir(parents=True, exist_ok=True)
                    (ahead.target / READ).replace(files.target / READ)
            finally:
                if process.poll() is None:
                    process.kill()
