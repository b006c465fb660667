"""Months and windows of business dates."""

from __future__ import annotations

from datetime import date, timedelta


def days_before(day: date, days: int) -> date:
    """Return the date `days` days before `day` (after it when negative)."""
    return day - timedelta(days=days)


def all_days(first: date, last: date) -> list[date]:
    """Return every date from `first` through `last`."""
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def month_start(day: date) -> date:
    """Return the first day of the month of `day`."""
    return day.replace(day=1)


def add_months(first_of_month: date, months: int) -> date:
    """Return the first day of the month that lies `months` later."""
    number = first_of_month.year * 12 + (first_of_month.month - 1) + months
    return date(number // 12, number % 12 + 1, 1)


def month_end(day: date) -> date:
    """Return the last day of the month of `day`."""
    return add_months(month_start(day), 1) - timedelta(days=1)


def months_through(first: date, last: date) -> list[date]:
    """Return the first days of all months from that of `first` through that of `last`."""
    month, months = month_start(first), []
    while month <= last:
        months.append(month)
        month = add_months(month, 1)
    return months


def complete_month_ends(first: date, last: date) -> list[date]:
    """Return the month ends from that of `first` that are not later than `last`."""
    return [end for end in map(month_end, months_through(first, last)) if end <= last]
