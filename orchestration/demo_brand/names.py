"""Chinese names: characters with their pinyin, and the ways in which one name is written."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import opencc
import pyarrow as pa

from orchestration.demo_brand.columns import Column, Ints

SURNAMES: tuple[tuple[str, str, float], ...] = (
    ("王", "wang", 7.2), ("李", "li", 7.2), ("张", "zhang", 6.8), ("刘", "liu", 5.4),
    ("陈", "chen", 4.5), ("杨", "yang", 3.1), ("黄", "huang", 2.2), ("赵", "zhao", 2.1),
    ("吴", "wu", 2.0), ("周", "zhou", 1.9), ("徐", "xu", 1.5), ("孙", "sun", 1.5),
    ("马", "ma", 1.3), ("朱", "zhu", 1.3), ("胡", "hu", 1.2), ("郭", "guo", 1.2),
    ("何", "he", 1.1), ("林", "lin", 1.1), ("高", "gao", 1.0), ("罗", "luo", 1.0),
    ("郑", "zheng", 0.9), ("梁", "liang", 0.8), ("谢", "xie", 0.7), ("宋", "song", 0.7),
    ("唐", "tang", 0.7), ("许", "xu", 0.7), ("邓", "deng", 0.6), ("韩", "han", 0.6),
    ("冯", "feng", 0.6), ("曹", "cao", 0.6), ("彭", "peng", 0.5), ("曾", "zeng", 0.5),
    ("肖", "xiao", 0.5), ("田", "tian", 0.5), ("董", "dong", 0.5), ("潘", "pan", 0.4),
    ("袁", "yuan", 0.4), ("蔡", "cai", 0.4), ("蒋", "jiang", 0.4), ("余", "yu", 0.4),
    ("于", "yu", 0.4), ("杜", "du", 0.4), ("叶", "ye", 0.4), ("程", "cheng", 0.4),
    ("魏", "wei", 0.4), ("苏", "su", 0.4), ("吕", "lv", 0.3), ("丁", "ding", 0.3),
    ("任", "ren", 0.3), ("卢", "lu", 0.3), ("姚", "yao", 0.3), ("沈", "shen", 0.3),
    ("钟", "zhong", 0.3), ("姜", "jiang", 0.3), ("崔", "cui", 0.3), ("谭", "tan", 0.3),
    ("陆", "lu", 0.3), ("范", "fan", 0.2), ("汪", "wang", 0.2), ("欧阳", "ouyang", 0.1),
)  # fmt: skip
GIVEN: tuple[tuple[str, str], ...] = (
    ("伟", "wei"), ("芳", "fang"), ("娜", "na"), ("敏", "min"), ("静", "jing"), ("丽", "li"),
    ("强", "qiang"), ("磊", "lei"), ("军", "jun"), ("洋", "yang"), ("勇", "yong"), ("艳", "yan"),
    ("杰", "jie"), ("娟", "juan"), ("涛", "tao"), ("明", "ming"), ("超", "chao"), ("霞", "xia"),
    ("平", "ping"), ("刚", "gang"), ("桂", "gui"), ("英", "ying"), ("华", "hua"), ("文", "wen"),
    ("玉", "yu"), ("兰", "lan"), ("红", "hong"), ("金", "jin"), ("国", "guo"), ("春", "chun"),
    ("梅", "mei"), ("建", "jian"), ("秀", "xiu"), ("云", "yun"), ("凤", "feng"), ("晓", "xiao"),
    ("雪", "xue"), ("雨", "yu"), ("欣", "xin"), ("怡", "yi"), ("佳", "jia"), ("梦", "meng"),
    ("琪", "qi"), ("婷", "ting"), ("慧", "hui"), ("颖", "ying"), ("倩", "qian"), ("琳", "lin"),
    ("思", "si"), ("雅", "ya"), ("诗", "shi"), ("涵", "han"), ("宇", "yu"), ("轩", "xuan"),
    ("子", "zi"), ("浩", "hao"), ("然", "ran"), ("博", "bo"), ("嘉", "jia"), ("俊", "jun"),
    ("泽", "ze"), ("睿", "rui"), ("晨", "chen"), ("曦", "xi"), ("瑶", "yao"), ("莹", "ying"),
    ("洁", "jie"), ("萍", "ping"), ("燕", "yan"), ("玲", "ling"), ("宁", "ning"), ("悦", "yue"),
    ("馨", "xin"), ("月", "yue"), ("菲", "fei"), ("蕾", "lei"), ("珊", "shan"), ("露", "lu"),
    ("岚", "lan"), ("瑞", "rui"), ("志", "zhi"), ("海", "hai"), ("峰", "feng"), ("斌", "bin"),
    ("鹏", "peng"), ("辉", "hui"), ("龙", "long"), ("飞", "fei"), ("亮", "liang"), ("波", "bo"),
)  # fmt: skip

AS_IT_IS, TRADITIONAL, PINYIN, SPACED, TYPO = range(5)
"""Ways of writing a name; a typo replaces the last character."""


@lru_cache(maxsize=1)
def _surname_texts() -> tuple[list[str], list[str], list[str]]:
    plain = [text for text, _, _ in SURNAMES]
    return plain, _traditional(plain), [text for _, text, _ in SURNAMES]


@lru_cache(maxsize=1)
def _given_texts() -> tuple[list[str], list[str], list[str]]:
    plain = [text for text, _ in GIVEN]
    return plain, _traditional(plain), [text for _, text in GIVEN]


def _traditional(texts: list[str]) -> list[str]:
    converter = opencc.OpenCC("s2t")
    return [converter.convert(text) for text in texts]


def written_names(surname: Ints, first: Ints, second: Ints, way: Ints) -> Column:
    """Names as written; `second` is -1 in names of one given character."""
    surnames, givens = _surname_texts(), _given_texts()
    typo = way == TYPO
    last = np.where(second >= 0, second, first)
    wrong = (last + 1) % len(GIVEN)
    first = np.where(typo & (second < 0), wrong, first)
    second = np.where(typo & (second >= 0), wrong, second)
    style = np.where(way == TRADITIONAL, 1, np.where(way == PINYIN, 2, 0))
    space = np.array(["", " "], dtype=object)[((way == SPACED) | (way == PINYIN)).astype(np.int64)]
    table_surname = np.array(surnames, dtype=object)
    table_given = np.array([[*row, ""] for row in givens], dtype=object)
    return pa.array(
        table_surname[style, surname]
        + space
        + table_given[style, first]
        + table_given[style, second],
        pa.string(),
    )
