"""What may go wrong while a database is read, as sentences for the person who can mend it."""

from __future__ import annotations

from orchestration.errors import RekindleError, UsageError


class SettingsError(UsageError):
    """databases.yml says something that cannot be."""


class PullError(RekindleError):
    """A table could not be read to its end; what was delivered before stays delivered."""
