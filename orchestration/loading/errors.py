"""What may go wrong while loading, as sentences for the person who can mend it."""

from __future__ import annotations

from orchestration.errors import RekindleError


class LoadError(RekindleError):
    """The load as a whole cannot go on; the message says what, where and what to do."""


class LakeBusyError(LoadError):
    """Another load, an erasure or the beginning of a build holds the lake."""


class FileRefusedError(Exception):
    """One file cannot be taken; the load goes on with the others.

    `reason_code` is one of the whole-file codes of docs/landing.md. `is_passing` says that the same
    bytes may be taken at another time, so that the refusal must not be remembered.
    """

    def __init__(self, reason_code: str, sentence: str, *, is_passing: bool = False) -> None:
        super().__init__(sentence)
        self.reason_code = reason_code
        self.sentence = sentence
        self.is_passing = is_passing
