"""Definitions for a service: two jobs that write, as the daily build and an earlier date do.

A step notes that it began, waits for the file `go` beside its log, and notes that it ended.
"""

import os
import time
from pathlib import Path

import dagster as dg

POOL = "rekindle_build"
"""The pool of the assets that write; their module would take every process a while to load."""

LOG = Path(os.environ.get("WRITERS_LOG", "log"))


def note(what: str, run_id: str) -> None:
    """Add a line to the log, with the process of a run."""
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"{what} {run_id} {os.getpid()}\n")


@dg.op(pool=POOL)
def write(context: dg.OpExecutionContext) -> None:
    """Be at it until told to end."""
    note("begins", context.run_id)
    while not LOG.with_name("go").exists():
        time.sleep(0.1)
    time.sleep(0.5)
    note("ends", context.run_id)


@dg.op
def read(context: dg.OpExecutionContext) -> None:
    """Use no build file."""
    note("reads", context.run_id)


@dg.job
def today() -> None:
    """One writer."""
    write()


@dg.job
def earlier() -> None:
    """Another one."""
    write()


@dg.job(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def dates() -> None:
    """A writer for each date."""
    write()


@dg.job
def reader() -> None:
    """Somebody who waits for no writer."""
    read()


defs = dg.Definitions(
    jobs=[today, earlier, dates, reader],
    executor=dg.in_process_executor,  # a process less for each run, of some seconds
)
