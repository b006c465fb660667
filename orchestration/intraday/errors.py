"""What may go wrong on the five-minute path, as sentences."""

from __future__ import annotations

from orchestration.errors import RekindleError


class IntradayError(RekindleError):
    """The intraday store was not made anew; what was there before is still there."""
