"""Names of persons in the forms in which they are compared."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import opencc

_CJK = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_BETWEEN_CJK = re.compile(f"(?<=[{_CJK}])\\s+(?=[{_CJK}])")
_HAN = re.compile(f"[{_CJK}]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_SPACES = re.compile(r"\s+")
_TITLES = re.compile("^(?:mr|mrs|ms|miss|dr)[. ]+|(?:先生|女士|小姐|太太)$")
_WITHIN_WORDS = re.compile("['`.\u2018\u2019\u02bc]")
_BETWEEN_WORDS = re.compile("[^a-z0-9]+")

COMPOUND_SURNAMES = frozenset(
    [
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "宇文",
        "长孙",
        "司徒",
        "夏侯",
        "南宫",
        "独孤",
        "端木",
        "东郭",
        "西门",
        "百里",
        "呼延",
        "万俟",
        "闻人",
        "澹台",
        "公冶",
        "太叔",
        "申屠",
        "钟离",
        "鲜于",
        "闾丘",
        "司空",
        "轩辕",
        "濮阳",
        "单于",
        "淳于",
        "公羊",
        "赫连",
        "拓跋",
        "贺兰",
        "完颜",
        "耶律",
        "纳兰",
        "叶赫",
        "第五",
        "左丘",
        "梁丘",
        "乐正",
        "巫马",
        "漆雕",
        "子车",
        "段干",
        "谷梁",
    ]
)
SURNAME_READINGS = {
    "万俟": "moqi",
    "仇": "qiu",
    "冼": "xian",
    "区": "ou",
    "单": "shan",
    "单于": "chanyu",
    "卜": "bu",
    "员": "yun",
    "尉迟": "yuchi",
    "曾": "zeng",
    "朴": "piao",
    "查": "zha",
    "牟": "mu",
    "盖": "ge",
    "种": "chong",
    "缪": "miao",
    "翟": "zhai",
    "解": "xie",
    "长孙": "zhangsun",
    "乐": "yue",
}
"""Surnames that are read otherwise than the same characters elsewhere."""


def normalise_name(name: str) -> str:
    """Width, case and spaces evened out, traditional characters as simplified ones."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).lower()
    if not plain.isascii():
        plain = str(_simplifier().convert(plain))
    plain = _SPACES.sub(" ", plain).strip()
    return _BETWEEN_CJK.sub("", plain)


def latin_form(normalised: str) -> str | None:
    """A normalised name in Latin letters, words apart; None where it has none.

    A Chinese name becomes its surname and its given name in pinyin without tones (`ouyang
    xiaoming`), other names lose their accents. Titles and other scripts' letters are left out.
    """
    normalised = _TITLES.sub("", normalised)
    texts = _HAN.findall(normalised)
    if texts == [normalised]:
        normalised = " ".join(_spelled(normalised))
    elif texts:
        normalised = _HAN.sub(lambda found: f" {_pinyin(found[0])} ", normalised)
    folded = unicodedata.normalize("NFKD", normalised)
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return _BETWEEN_WORDS.sub(" ", _WITHIN_WORDS.sub("", plain)).strip() or None


def _spelled(name: str) -> tuple[str, ...]:
    """Surname and given name of a name in Chinese characters alone."""
    length = 2 if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else 1
    surname, given = name[:length], name[length:]
    return (SURNAME_READINGS.get(surname) or _pinyin(surname), _pinyin(given))


def _pinyin(text: str) -> str:
    return "".join(map(_reading, text))


@cache
def _reading(character: str) -> str:
    """How a character is read, the same in every name, so that names alike stay alike."""
    from pypinyin import Style, lazy_pinyin  # late: most loads meet no such name

    return str(lazy_pinyin(character, style=Style.NORMAL)[0])


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
