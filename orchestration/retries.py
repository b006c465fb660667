"""What Dagster tries again: a step that broke, but never one whose input is wrong.

A run whose process ended is tried again by the settings of dagster.yaml; those that a service left
behind when it was killed are told here that theirs did.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from orchestration.errors import RekindleError

TRANSIENT = dg.RetryPolicy(
    max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
"""A disk was full, a file was locked, a process was killed: often gone in a minute."""


@contextmanager
def failing_at_once() -> Iterator[None]:
    """An error with a sentence for people ends the step with that sentence, and is final."""
    try:
        yield
    except RekindleError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


UNDER_WAY = (
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)

LEFT_OVER = "Dagster ended while this run was under way: it was killed, or the machine was."


def end_left_over_runs(home: Path) -> int:
    """Note the failure of runs that were under way when the service ended; how many there were.

    `home` is DAGSTER_HOME, of which no service runs. Whatever such a run held, the one-writer pool
    first of all, is free again; the failure is told, and the run tried again, like any other.
    """
    with dg.DagsterInstance.from_config(str(home)) as instance:
        found = instance.get_runs(dg.RunsFilter(statuses=list(UNDER_WAY)))
        for run in found:
            instance.report_run_failed(run, LEFT_OVER)
        storage = instance.event_log_storage
        for run_id in storage.get_concurrency_run_ids():
            storage.free_concurrency_slots_for_run(run_id)
    return len(found)
