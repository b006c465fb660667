"""Both languages say everything, and only in their own words."""

from __future__ import annotations

import csv
import re
from datetime import date
from string import Formatter

import pytest

from dashboard.board import PAGES
from dashboard.language import LANGUAGES, POLICY, POLICY_LABELS, Language, Words, catalogue
from orchestration.workspace import PROJECT

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_both_catalogues_have_the_same_keys() -> None:
    assert catalogue("zh").keys() == catalogue("en").keys()


def test_both_say_the_same_values() -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    for key, text in catalogue("en").items():
        assert fields(text) == fields(catalogue("zh")[key]), key


def test_each_speaks_its_own_language() -> None:
    assert [key for key, text in catalogue("en").items() if CHINESE.search(text)] == []
    assert [key for key, text in catalogue("zh").items() if not CHINESE.search(text)] == []


def test_every_text_in_the_code_is_there_and_every_text_is_used() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (PROJECT / "dashboard").rglob("*.py"))
    keys = catalogue("en")
    named = set(re.findall(r'"((?:[a-z_]+\.)+[a-z_]+)"', code))
    prefixes = {key.partition(".")[0] for key in keys} - {"codes", "columns"}
    said = {key for key in named if key.partition(".")[0] in prefixes}
    schemas = {path.name for path in (PROJECT / "models" / "marts").iterdir()}
    missing = {
        key for key in said
        if key not in keys and f"{key}.title" not in keys and key.partition(".")[0] not in schemas
    }  # fmt: skip
    assert missing == set()
    made = ("pages.", "metrics.", "codes.", "columns.", "funnel.step.", "funnel.level.")
    unused = {
        key for key in keys
        if key not in said and not key.startswith(made)
        and key.rpartition(".")[0] not in said | {f"{page}" for page in PAGES}
        and f'"{key.rpartition(".")[2]}"' not in code
    }  # fmt: skip
    assert unused == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_metric_of_the_policy_is_defined(language: Language) -> None:
    words = Words(language)
    for code in words.policy("metric"):
        assert words(f"metrics.{code}")


@pytest.mark.parametrize("kind", POLICY_LABELS)
def test_labels_are_those_of_the_policy_in_force(kind: str) -> None:
    seed, column = POLICY_LABELS[kind]
    with (POLICY / f"{seed}.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            for language in LANGUAGES:
                label = Words(language, date(2025, 6, 30)).code(kind, row[column])
                assert label == row[f"label_{language}"]


def test_a_policy_row_of_later_is_not_in_force(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "lifecycle_stages.csv").write_text(
        "valid_from,lifecycle_stage,label_en,label_zh\n"
        "1900-01-01,new,New,新客\n2025-07-01,new,Fresh,新人\n",
        encoding="utf-8",
    )
    monkeypatch.setattr("dashboard.language.POLICY", folder)
    monkeypatch.setattr(
        "dashboard.language.POLICY_LABELS", {"case": ("lifecycle_stages", "lifecycle_stage")}
    )
    assert Words("en", date(2025, 6, 30)).code("case", "new") == "New"


def test_a_code_nobody_knows_is_shown_as_it_is() -> None:
    assert Words("zh").code("channel", "kiosk") == "kiosk"
    assert Words("zh").code("channel", "unknown") == "未知"


def test_a_metric_without_a_text_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {key: text for key, text in catalogue("en").items() if key != "metrics.aov"}
    monkeypatch.setattr("dashboard.language.catalogue", lambda _: texts)
    assert Words("en").metric("aov") == "Average order value"
    assert Words("en").metric("buyers") == "Members with a valid order."


def test_columns_are_called_as_the_file_says() -> None:
    assert Words("zh").column("monetary", "消费金额") == "消费金额"
    assert Words("zh").column("days_below") == "低于标准天数"
    assert Words("en").column("monetary", "消费金额") == "Monetary"
    assert Words("en").column("rfm_group", "RFM分群") == "RFM group"
