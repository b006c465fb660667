"""Messages say everything and fit their channel."""

from __future__ import annotations

import pytest

from orchestration.alerting.wording import Entry, Language, compose, cut

CHINESE = "沉睡会员激活率偏低"
ENTRY = Entry(
    state="opened",
    severity="warning",
    title_en="Activation is low",
    title_zh=CHINESE,
    text_en="Activation is low: 7.0% in 2025-06, 12.5% below the limit 8.0%.",
    text_zh="沉睡会员激活率偏低：2025-06 为 7.0%，低于限值 8.0%。",
    owner="recall / 唤醒",
)
BOARD = "https://board.example.com/"


def test_one_alert_says_everything() -> None:
    message = compose([ENTRY], "shop", "both", 2048, BOARD)
    assert message.title == "shop 【警告】沉睡会员激活率偏低 / [warning] Activation is low"
    assert message.body.split("\r\n") == [
        ENTRY.text_zh,
        ENTRY.text_en,
        "负责人：recall / 唤醒",
        "Ask: recall / 唤醒",
        f"看板：{BOARD}",
        f"Board: {BOARD}",
    ]


@pytest.mark.parametrize(
    ("language", "present", "absent"),
    [("en", ENTRY.text_en, ENTRY.text_zh), ("zh", ENTRY.text_zh, ENTRY.text_en)],
)
def test_one_language(language: Language, present: str, absent: str) -> None:
    message = compose([ENTRY], "shop", language, 2048, None)
    assert present in message.body
    assert absent not in message.body
    assert "oard" not in message.body
    assert "看板" not in message.body


def test_state_is_said() -> None:
    recovered = Entry(**{**ENTRY.__dict__, "state": "recovered"})
    assert "已恢复" in compose([recovered], "shop", "zh", 2048, None).title
    assert "recovered: " in compose([recovered], "shop", "en", 2048, None).title


@pytest.mark.parametrize("limit", [300, 700, 2048, 6000])
@pytest.mark.parametrize("language", ["en", "zh", "both"])
@pytest.mark.parametrize("count", [2, 5, 40])
def test_a_bundle_fits_and_counts_the_rest(limit: int, language: Language, count: int) -> None:
    entries = [Entry(**{**ENTRY.__dict__, "owner": f"N{number}N"}) for number in range(count)]
    message = compose(entries, "shop", language, limit, BOARD)
    assert len(f"{message.title}\r\n{message.body}".encode()) <= limit
    shown = sum(f"N{number}N" in message.body for number in range(count))
    if shown < count:
        rest = f"另有 {count - shown} 条" if language != "en" else f"{count - shown} more"
        assert rest in message.body
    assert BOARD in message.body


def test_the_worst_come_first_in_a_bundle() -> None:
    critical = Entry(**{**ENTRY.__dict__, "severity": "critical", "text_en": "Worst."})
    message = compose([ENTRY, ENTRY, ENTRY, ENTRY, critical], "shop", "en", 2048, None)
    assert message.body.startswith("- [critical] Worst.")


@pytest.mark.parametrize("limit", [200, 333, 334, 335, 2048])
def test_a_long_text_is_cut_between_characters(limit: int) -> None:
    long = Entry(**{**ENTRY.__dict__, "title_zh": "长" * 900, "text_zh": "很长" * 4000})
    message = compose([long], "shop", "zh", limit, BOARD)
    text = f"{message.title}\r\n{message.body}"
    assert limit - 8 <= len(text.encode()) <= limit
    assert "�" not in text
    assert message.body.endswith(f"看板：{BOARD}")
    assert "负责人：recall" in message.body


def test_cut_leaves_what_fits() -> None:
    assert cut("中文", 6) == "中文"
    assert cut("中文字", 8) == "中…"
    assert cut("中文字", 3) == "…"
