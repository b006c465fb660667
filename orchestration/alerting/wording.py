"""What an alert says: the sentence of an event, and messages that fit their channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orchestration.alerting.judge import Verdict
from orchestration.alerting.rules import Labels, Rule, Severity

State = Literal["opened", "still_open", "recovered"]
Language = Literal["en", "zh", "both"]

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
"""The worst first."""

_DIMENSIONS = {
    "all": ("all members", "全体会员"),
    "first_order_channel": ("first order channel", "首单渠道"),
    "register_channel": ("register channel", "注册渠道"),
    "rfm_group": ("RFM group", "RFM 分组"),
    "lifecycle_stage": ("lifecycle stage", "生命周期阶段"),
    "audit_metric": ("audit metric", "审计指标"),
    "source_table": ("source table", "来源表"),
}
_SEVERITY_ZH = {"critical": "严重", "warning": "警告", "info": "提示"}
_STATE = {
    "opened": ("", ""),
    "still_open": ("still open", "仍未恢复"),
    "recovered": ("recovered", "已恢复"),
}


@dataclass(frozen=True)
class Entry:
    """One thing to tell, in both languages: a short title, a sentence, and who to ask."""

    state: State
    severity: Severity
    title_en: str
    title_zh: str
    text_en: str
    text_zh: str
    owner: str


@dataclass(frozen=True)
class Message:
    """What is sent, plain text."""

    title: str
    body: str


def sentences(
    verdict: Verdict, state: State, since: str, unit: str, currency: str, labels: Labels
) -> tuple[str, str]:
    """What, how far off, since when and for whom, in English and in Chinese.

    `since` is the first day of the first period that breached. What was counted stands in place of
    its number where none is allowed.
    """
    rule, bound = verdict.rule, verdict.bound
    value = _number(verdict.value, unit, currency)
    limit = _number(bound.threshold, unit, currency)
    period = _period(rule, verdict.period_start.isoformat())
    begun = _period(rule, since)
    who_en, who_zh = dimension_labels(rule.dimension_type, verdict.dimension_value, labels)
    when_en = f"{'in' if rule.period == 'month' else 'on'} {period}"
    if state == "recovered":
        english = (
            f"{rule.text_en}: back to {value} {when_en} (bound {limit}) after it had been so "
            f"since {begun}; {who_en}."
        )
        chinese = (
            f"{rule.text_zh}：{period} 为 {value}，已回到界限 {limit} 以内（自 {begun} 起异常）；"
            f"{who_zh}。"
        )
        return english, chinese
    details_en, details_zh = verdict.details
    if details_en and bound.threshold == 0:
        return (
            f"{rule.text_en}: {details_en} {when_en}; since {begun}; {who_en}.",
            f"{rule.text_zh}：{period} {details_zh}；自 {begun} 起；{who_zh}。",
        )
    also_en, also_zh = (f" ({details_en})", f"（{details_zh}）") if details_en else ("", "")
    gap = _gap(verdict.value, bound.threshold, unit, currency)
    side_en, side_zh = ("below", "低于") if rule.comparator == "below" else ("above", "高于")
    usual_en = usual_zh = ""
    kind_en, kind_zh = "the limit", "限值"
    if bound.expected is not None:
        expected = _number(bound.expected, unit, currency)
        kind_en, kind_zh = "the edge of the usual range", "常态范围"
        usual_en, usual_zh = f" (expected {expected})", f"，预期 {expected}"
        if rule.kind == "both":
            kind_en, kind_zh = "both limit and usual range", "限值与常态范围"
    english = (
        f"{rule.text_en}: {value} {when_en}{also_en}, {gap} {side_en} {kind_en} {limit}{usual_en}; "
        f"since {begun}; {who_en}."
    )
    chinese = (
        f"{rule.text_zh}：{period} 为 {value}{also_zh}，"
        f"{side_zh}{kind_zh} {limit}（差 {gap}{usual_zh}）；自 {begun} 起；{who_zh}。"
    )
    return english, chinese


def closing_sentences(
    text_en: str, text_zh: str, dimension_type: str, dimension_value: str, labels: Labels
) -> tuple[str, str]:
    """That an alert ends because its rule does."""
    who_en, who_zh = dimension_labels(dimension_type, dimension_value, labels)
    return (
        f"{text_en}: the rule is no longer in force; {who_en}.",
        f"{text_zh}：规则已停用；{who_zh}。",
    )


def dimension_labels(dimension_type: str, dimension_value: str, labels: Labels) -> tuple[str, str]:
    """For whom an alert is, in English and in Chinese; the code stands beside its label."""
    name_en, name_zh = _DIMENSIONS[dimension_type]
    if dimension_type == "all":
        return name_en, name_zh
    label = labels.get((dimension_type, dimension_value))
    if label is None:
        return f"{name_en} {dimension_value}", f"{name_zh} {dimension_value}"
    return (
        f"{name_en} {label[0]} ({dimension_value})",
        f"{name_zh} {label[1]}（{dimension_value}）",
    )


def compose(
    entries: Sequence[Entry], brand: str, language: Language, limit: int, board_url: str | None
) -> Message:
    """One message about all entries, the worst first; title and body take at most `limit` bytes.

    What does not fit is counted in a last line. A single entry that is too long is cut between
    characters.
    """
    ordered = sorted(entries, key=lambda entry: SEVERITIES.index(entry.severity))
    tail = [_both(language, f"Board: {board_url}", f"看板：{board_url}")] if board_url else []
    if len(ordered) == 1:
        (entry,) = ordered
        title = _title(entry, brand, language)
        text = _text(entry, language)
        tail.insert(0, _both(language, f"Ask: {entry.owner}", f"负责人：{entry.owner}"))
        title = cut(title, limit // 3)
        room = limit - _bytes("\r\n".join([title, "", *tail])) - len("\r\n")
        return Message(title, "\r\n".join([cut(text, room), *tail]))
    title = cut(
        _both(
            language, f"{brand}: {len(ordered)} alerts", f"{brand}：{len(ordered)} 条预警", " / "
        ),
        limit // 3,
    )
    lines = [_line(entry, language) for entry in ordered]
    for shown in range(len(lines), -1, -1):
        left = len(lines) - shown
        more = [_both(language, f"… and {left} more", f"……另有 {left} 条", " / ")] if left else []
        body = "\r\n".join([*lines[:shown], *more, *tail])
        if _bytes(f"{title}\r\n{body}") <= limit:
            return Message(title, body)
    return Message(title, cut(body, limit - _bytes(f"{title}\r\n")))


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` bytes of UTF-8, an ellipsis at its end where something is lost."""
    if _bytes(text) <= limit:
        return text
    kept = text.encode()[: max(limit - _bytes("…"), 0)].decode(errors="ignore")
    return f"{kept}…"


def _title(entry: Entry, brand: str, language: Language) -> str:
    state_en, state_zh = _STATE[entry.state]
    title_en = f"[{entry.severity}] {f'{state_en}: ' if state_en else ''}{entry.title_en}"
    title_zh = f"【{_SEVERITY_ZH[entry.severity]}】{state_zh}{entry.title_zh}"
    return f"{brand} {_both(language, title_en, title_zh, ' / ')}"


def _text(entry: Entry, language: Language) -> str:
    return _both(language, entry.text_en, entry.text_zh)


def _line(entry: Entry, language: Language) -> str:
    """An entry among others."""
    state_en, state_zh = _STATE[entry.state]
    line_en = (
        f"- [{entry.severity}] {f'{state_en}: ' if state_en else ''}{entry.text_en} "
        f"Ask: {entry.owner}"
    )
    line_zh = f"- 【{_SEVERITY_ZH[entry.severity]}】{state_zh}{entry.text_zh}负责人：{entry.owner}"
    return _both(language, line_en, line_zh)


def _both(language: Language, english: str, chinese: str, between: str = "\r\n") -> str:
    if language == "both":
        return f"{chinese}{between}{english}"
    return english if language == "en" else chinese


def _number(value: float, unit: str, currency: str) -> str:
    if unit == "ratio":
        return f"{value:.1%}"
    if unit == "money":
        return f"{value:,.2f} {currency}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _gap(value: float, bound: float, unit: str, currency: str) -> str:
    """How far a value is from its bound: relative to it, or plain where the bound is 0."""
    if bound == 0:
        return _number(abs(value), unit, currency)
    return f"{abs(value / bound - 1):.1%}"


def _period(rule: Rule, day: str) -> str:
    return day[:7] if rule.period == "month" else day


def _bytes(text: str) -> int:
    return len(text.encode())
