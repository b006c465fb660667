"""Errors whose message is meant for the person at the keyboard: what, where, and what to do."""

from __future__ import annotations


class RekindleError(Exception):
    """Something went wrong that a sentence explains; shown without a traceback."""

    exit_code = 1


class UsageError(RekindleError):
    """The command was given something it cannot work with."""

    exit_code = 2
