"""What Dagster tries again: a step that broke, but never one whose input is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

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
