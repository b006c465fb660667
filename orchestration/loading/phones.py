"""Telephone numbers as people type them: E.164 where usable, else the reason why not."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers

USABLE, MASKED, MALFORMED = "usable", "masked", "malformed"
REPEATED_DIGIT, DIGIT_RUN = "repeated_digit", "digit_run"
_MASK = re.compile(r"[*•●∗×]|(?<=\d)[xX#]{2,}(?=\d)|[xX#]{3,}")
_ALLOWED = re.compile(r"[(\s]*\+?[\d\s().\-/–—‐]+(?:(?:ext\.?|x|转|#|,)\s*\d{1,6})?", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:ext\.?|x|转|#|,)\s*\d{1,6}$", re.IGNORECASE)
_ASCENDING = "01234567890123456789"
_DESCENDING = _ASCENDING[::-1]
_SPOILT = re.compile(r"^'+|\.0$")


@lru_cache(maxsize=1 << 16)
def standardise_phone(text: str, region: str = "CN") -> tuple[str | None, str]:
    """(E.164 or None, status) of a delivered number; `region` is where it is local.

    Status is usable, masked (digits hidden), repeated_digit or digit_run (typed to get past a
    form), or malformed.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if _MASK.search(plain):
        return None, MASKED
    plain = _SPOILT.sub("", plain).strip()
    if not _ALLOWED.fullmatch(plain):
        return None, MALFORMED
    number = _EXTENSION.sub("", plain).strip()
    dummy = dummy_status(_national_digits(number, region))
    if dummy is not None:
        return None, dummy
    e164 = _e164(number, region)
    return (e164, USABLE) if e164 else (None, MALFORMED)


def dummy_status(national: str) -> str | None:
    """repeated_digit or digit_run for a national number that nobody has, else None."""
    if not national:
        return None
    tail = national[3:] if len(national) == 11 else national
    for digits in (national, tail):
        if len(set(digits)) == 1:
            return REPEATED_DIGIT
    for digits in (national, tail):
        if len(digits) >= 5 and (digits in _ASCENDING or digits in _DESCENDING):
            return DIGIT_RUN
    return None


def mobile_tails() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The last eight digits that make a Chinese mobile a repeated digit, or a digit run."""
    repeated = tuple(digit * 8 for digit in "0123456789")
    runs = tuple(
        line[start : start + 8] for line in (_ASCENDING, _DESCENDING) for start in range(10)
    )
    return repeated, runs


def _national_digits(number: str, region: str) -> str:
    digits = re.sub(r"\D", "", number)
    code = str(phonenumbers.country_code_for_region(region))
    if "+" in number and digits.startswith(code):
        return digits[len(code) :]
    if digits.startswith("00" + code):
        return digits[len(code) + 2 :]
    if region == "CN" and len(digits) == 13 and digits.startswith(code):
        return digits[len(code) :]
    return digits


def _e164(number: str, region: str) -> str | None:
    digits = re.sub(r"\D", "", number)
    candidates = [number]
    if digits.startswith("00"):
        candidates = ["+" + digits[2:]]
    elif region == "CN" and len(digits) == 13 and digits.startswith("86"):
        candidates = ["+" + digits]
    elif "+" in number:
        candidates = [number[number.index("+") :], "+" + digits]
    for candidate in candidates:
        try:
            parsed = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        is_mobile = parsed.country_code == 86 and re.fullmatch(
            r"1[3-9]\d{9}", str(parsed.national_number)
        )
        if is_mobile or phonenumbers.is_valid_number(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return None
