"""Every hostile file has exactly its expected outcome, and no load ever ends in an exception."""

from __future__ import annotations

import functools
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from orchestration.loading import contract
from orchestration.loading.errors import LoadError
from orchestration.loading.load import load

from . import cases_brand, cases_csv, cases_files, cases_jsonl, cases_parquet, cases_values
from .harness import (
    ALL_CODES,
    FILE_CODES,
    NOW,
    ROW_CODES,
    TOKEN_KEY,
    Case,
    Result,
    accounting_problems,
    case,
    count_rows,
    csv_bytes,
    deliver,
    loaded,
    parts,
    problems,
    read_result,
    read_rows,
    records,
    sentence_problems,
)

GROUPS: dict[str, list[Case]] = {
    "csv": cases_csv.CASES,
    "jsonl": cases_jsonl.CASES,
    "parquet": cases_parquet.CASES,
    "values": cases_values.CASES,
    "files": cases_files.CASES,
    "brand": cases_brand.CASES,
}
BRANDS = {"brand": cases_brand.BRAND}
LOAD_SECONDS = 120

Results = Callable[[str], Result]


def control(group: str) -> Case:
    """An innocent file that must load beside every hostile one."""
    name = f"control_{group}"
    table = "catalog.categories"
    rows = records(name, table, *({"category_name": f"c{n}"} for n in range(50)))
    wanted = [{"category_id": f"{name}.{n}"} for n in range(1, 51)]
    return case(name, table, csv_bytes(rows), loaded(wanted))


ALL_CASES = {
    one.name: (group, one) for group, cases in GROUPS.items() for one in [*cases, control(group)]
}


@functools.cache
def tables_of_the_contract() -> dict[str, list[str]]:
    """System -> tables, read from the contract file itself."""
    text = Path(str(contract.__file__)).with_name("contract.yml").read_text(encoding="utf-8")
    return {system: list(tables) for system, tables in yaml.safe_load(text)["systems"].items()}


def run_load(landing: Path, lake: Path, now: datetime = NOW) -> None:
    """Load in a thread, so that a load that waits forever fails its test instead of the suite."""
    raised: list[BaseException] = []

    def work() -> None:
        try:
            load(landing, lake, now=now, token_key=TOKEN_KEY, progress=False)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(LOAD_SECONDS)
    assert not thread.is_alive(), f"load() has not ended after {LOAD_SECONDS} s"
    if raised:
        raise raised[0]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One load for each group of cases, made when the group is first asked for."""
    made: dict[str, Result | str] = {}

    def result(group: str) -> Result:
        if group not in made:
            base = tmp_path_factory.mktemp(group)
            cases = [one for of, one in ALL_CASES.values() if of == group]
            deliver(base / "landing", cases, BRANDS.get(group))
            try:
                run_load(base / "landing", base / "lake")
                made[group] = read_result(base / "lake")
            except Exception as error:
                made[group] = "".join(traceback.format_exception(error)[-4:])
        found = made[group]
        if isinstance(found, str):
            pytest.fail(f"the load of all {group} cases ended in an exception:\n{found}", False)
        return found

    return result


@pytest.mark.parametrize("name", sorted(ALL_CASES))
def test_case(name: str, results: Results) -> None:
    group, one = ALL_CASES[name]
    result = results(group)
    wrong = [problems(one, outcome, result) for outcome in one.outcomes]
    if all(wrong):
        shown = "\n or ".join("\n    ".join(found) for found in wrong)
        pytest.fail(f"{one.path!r} ({one.note}):\n    {shown}", pytrace=False)


def test_there_are_enough_cases() -> None:
    hostile = [one for _, one in ALL_CASES.values() if not one.name.startswith("control_")]
    assert len(hostile) + len(cases_brand.BROKEN_BRANDS) >= 230
    assert len({(group, one.path) for group, one in ALL_CASES.values()}) == len(ALL_CASES)


def test_no_two_cases_have_one_name() -> None:
    names = Counter(one.name for cases in GROUPS.values() for one in cases)
    assert [name for name, count in names.items() if count > 1 or "." in name] == []


@pytest.mark.parametrize("code", sorted(ALL_CODES))
def test_every_reason_code_is_required_by_two_cases(code: str) -> None:
    """Only cases count whose every accepted outcome has this very code."""
    level = {"row": 0, "file": 0}
    for _, one in ALL_CASES.values():
        rows = [
            any(bad.code == code for bad in (*outcome.bad, *(outcome.optional or ())))
            for outcome in one.outcomes
        ]
        files = [outcome.code == code for outcome in one.outcomes]
        level["row"] += all(rows)
        level["file"] += all(files)
    if code in ROW_CODES | {"optional_value"}:
        assert level["row"] >= 2, level
    if code in FILE_CODES:
        assert level["file"] >= 2, level


@pytest.mark.parametrize("group", GROUPS)
def test_accounting(group: str, results: Results) -> None:
    result = results(group)
    assert [text for row in result.all_log for text in accounting_problems(row)] == []
    for system, tables in tables_of_the_contract().items():
        for table in tables:
            rows = result.rows(f"{system}.{table}")
            counted = sum(
                row["rows_loaded"]
                for row in result.all_log
                if (row["system"], row["table_name"]) == (system, table)
            )
            assert len(rows) == counted, f"{system}.{table}"
            hashes = Counter(row["_content_hash"] for row in rows)
            assert [text for text, count in hashes.items() if count > 1] == []


def _columns(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    return [(column.name, column.type) for column in schema]


@pytest.mark.parametrize("group", GROUPS)
def test_every_table_has_its_schema(group: str, results: Results) -> None:
    """Whatever was delivered, every part of a table has the columns and types of schema.parquet.

    A part in which a column holds no null calls it required; only names and types are compared.
    """
    result = results(group)
    for system, tables in tables_of_the_contract().items():
        for table in tables:
            folder = result.lake / "raw" / system / table
            wanted = pq.read_schema(folder / "schema.parquet")
            for part in parts(folder):
                schema = pq.read_schema(part)
                assert _columns(schema) == _columns(wanted), part


@pytest.mark.parametrize("group", GROUPS)
def test_sentences(group: str, results: Results) -> None:
    """What is refused or quarantined says what, where and what to do, without internals."""
    result = results(group)
    found = []
    for row in result.all_log:
        what = f"{row['status']} {row['file_path']}"
        if row["status"] == "refused":
            found += sentence_problems(row["message"], what)
            if Path(row["file_path"]).name not in (row["message"] or ""):
                found.append(f"{what}: the sentence does not name the file: {row['message']!r}")
    for row in result.all_quarantine:
        what = f"{row['reason_code']} {row['file_path']}:{row['line_number']}"
        found += sentence_problems(row["reason"], what)
        if row["reason_code"] not in ALL_CODES:
            found.append(f"{what}: unknown reason code")
        if row["column_name"] and row["column_name"] not in (row["reason"] or ""):
            found.append(f"{what}: does not name {row['column_name']}: {row['reason']!r}")
        if row["line_number"] is not None:
            if not row["raw_record"]:
                found.append(f"{what}: the raw record is lost")
        elif row["reason_code"] not in FILE_CODES:
            found.append(f"{what}: a row without its line")
        if len(row["reason"] or "") > 1_000:
            found.append(f"{what}: a sentence of {len(row['reason'])} characters")
    assert found[:40] == []


@pytest.mark.parametrize("group", GROUPS)
def test_row_codes_and_file_codes_keep_apart(group: str, results: Results) -> None:
    for row in results(group).all_quarantine:
        codes = FILE_CODES if row["line_number"] is None else ROW_CODES | {"optional_value"}
        assert row["reason_code"] in codes, row


@pytest.mark.parametrize("group", GROUPS)
def test_the_same_landing_again_changes_nothing(
    group: str, results: Results, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Files already handled, refused ones too, are not handled again."""
    result = results(group)
    landing = result.lake.parent / "landing"

    def state(found: Result) -> dict[str, int]:
        counts = {
            f"{system}.{table}": count_rows(found.lake / "raw" / system / table)
            for system, tables in tables_of_the_contract().items()
            for table in tables
        }
        counts["log"] = len(found.all_log)
        counts["quarantine"] = len(found.all_quarantine)
        return counts

    before = state(result)
    run_load(landing, result.lake)
    assert state(read_result(result.lake)) == before


@pytest.mark.parametrize(
    "one", cases_brand.BROKEN_BRANDS, ids=[one.name for one in cases_brand.BROKEN_BRANDS]
)
def test_broken_brand(one: cases_brand.BrandCase, tmp_path: Path) -> None:
    """A brand.yml that cannot be followed stops the load before anything is written."""
    landing = tmp_path / "landing"
    deliver(landing, [control("broken")])
    (landing / "brand.yml").write_bytes(one.content)
    with pytest.raises(LoadError) as raised:
        run_load(landing, tmp_path / "lake", datetime(2025, 6, 30, tzinfo=UTC))
    sentence = str(raised.value)
    assert sentence_problems(sentence, one.name) == []
    assert len(sentence) < 600
    assert "brand.yml" in sentence
    for word in one.says:
        assert word in sentence
    assert read_rows(tmp_path / "lake" / "raw" / "catalog" / "categories") == []
