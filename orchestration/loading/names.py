"""Names of persons in the one form in which they are compared."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import opencc

_CJK = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_BETWEEN_CJK = re.compile(f"(?<=[{_CJK}])\\s+(?=[{_CJK}])")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_SPACES = re.compile(r"\s+")


def normalise_name(name: str) -> str:
    """Width, case and spaces evened out, traditional characters as simplified ones."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).lower()
    if not plain.isascii():
        plain = str(_simplifier().convert(plain))
    plain = _SPACES.sub(" ", plain).strip()
    return _BETWEEN_CJK.sub("", plain)


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
