"""Several deliveries one after the other: repeated, corrected, late, renamed, from the future."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.loading.errors import LoadError
from orchestration.loading.lake import QUARANTINE_COLUMNS
from orchestration.loading.load import load

from .harness import (
    AT,
    NOW,
    TOKEN_KEY,
    Result,
    accounting_problems,
    csv_bytes,
    jsonl_bytes,
    parquet_bytes,
    parts,
    read_result,
    read_rows,
    record,
    sentence_problems,
    utc,
)

MEMBERS = "crm.members"
FOLDER = "crm/members"
COUNTS = ("rows_read", "rows_loaded", "rows_unchanged", "rows_quarantined")


def member(number: object, **values: Any) -> dict[str, Any]:
    return record(MEMBERS, f"m{number}", **values)


@dataclass
class Brand:
    """A landing folder and its lake, over several loads."""

    base: Path
    now: datetime = NOW
    seen: set[str] = field(default_factory=set)

    @property
    def landing(self) -> Path:
        return self.base / "landing"

    @property
    def lake(self) -> Path:
        return self.base / "lake"

    def put(self, path: str, content: bytes) -> None:
        target = self.landing / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def load(self) -> list[dict[str, Any]]:
        """Load; return the log rows that this load added, after checking the accounts of all."""
        load(self.landing, self.lake, now=self.now, token_key=TOKEN_KEY, progress=False)
        log = read_rows(self.lake / "raw" / "rekindle" / "load_log")
        assert [text for row in log for text in accounting_problems(row)] == []
        hashes = [row["_content_hash"] for row in self.rows()]
        assert len(set(hashes)) == len(hashes)
        added = [row for row in log if row["load_id"] not in self.seen]
        self.seen |= {row["load_id"] for row in log}
        return added

    def rows(self, table: str = MEMBERS) -> list[dict[str, Any]]:
        return read_rows(self.lake / "raw" / Path(*table.split(".")))

    def keys(self, column: str = "member_no", table: str = MEMBERS) -> list[Any]:
        return sorted(row[column] for row in self.rows(table))

    def result(self) -> Result:
        return read_result(self.lake)


@pytest.fixture
def brand(tmp_path: Path) -> Brand:
    made = Brand(tmp_path)
    made.landing.mkdir()
    return made


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row[name] for name in COUNTS)


def by_status(rows: Sequence[dict[str, Any]]) -> dict[str, tuple[int, ...]]:
    return {row["status"]: counts(row) for row in rows}


def test_same_bytes_under_two_names_of_one_delivery(brand: Brand) -> None:
    content = csv_bytes([member(1), member(2)])
    brand.put(f"{FOLDER}/a.csv", content)
    brand.put(f"{FOLDER}/copy of a.csv", content)
    assert by_status(brand.load()) == {"loaded": (2, 2, 0, 0), "duplicate": (2, 0, 2, 0)}
    assert brand.keys() == ["m1", "m2"]


def test_same_bytes_later_under_another_name(brand: Brand) -> None:
    content = csv_bytes([member(1), member(2)])
    brand.put(f"{FOLDER}/a.csv", content)
    brand.load()
    brand.put(f"{FOLDER}/dt=2025-03-02/b.csv", content)
    assert by_status(brand.load()) == {"duplicate": (2, 0, 2, 0)}
    assert brand.keys() == ["m1", "m2"]
    assert brand.load() == []


def test_same_bytes_in_two_tables_load_into_both(brand: Brand) -> None:
    content = f"openid,app_user_id,created_at,updated_at\no1,a1,{AT},{AT}\n".encode()
    brand.put("mini_program/users/x.csv", content)
    brand.put("app/users/x.csv", content)
    assert sorted(row["status"] for row in brand.load()) == ["loaded", "loaded"]
    assert brand.keys("openid", "mini_program.users") == ["o1"]
    assert brand.keys("app_user_id", "app.users") == ["a1"]


def test_duplicate_of_a_file_with_bad_rows_quarantines_them_once(brand: Brand) -> None:
    content = csv_bytes([member(1), member(2, updated_at="soon")])
    brand.put(f"{FOLDER}/a.csv", content)
    brand.load()
    brand.put(f"{FOLDER}/b.csv", content)
    assert by_status(brand.load()) == {"duplicate": (2, 0, 2, 0)}
    assert len(brand.result().all_quarantine) == 1


def test_same_records_in_three_formats_and_spellings(brand: Brand) -> None:
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1, is_test="是", phone="13926471835")]))
    brand.load()
    brand.put(f"{FOLDER}/b.jsonl", jsonl_bytes([member(1, is_test=True, phone="13926471835")]))
    brand.put(
        f"{FOLDER}/c.parquet",
        parquet_bytes(
            pa.table(
                {
                    "updated_at": pa.array(
                        [datetime(2025, 3, 1, 10, tzinfo=UTC)], pa.timestamp("ms", "UTC")
                    ),
                    "phone": ["13926471835"],
                    "member_no": ["m1"],
                    "is_test": [True],
                }
            )
        ),
    )
    brand.put(
        f"{FOLDER}/d.csv.gz",
        gzip.compress(
            b"MEMBER_NO;x,UPDATED_AT,is_test,phone,member_no\n"
            b"1,2025-03-01T18:00:00+08:00,Y,13926471835, m1 \n"
        ),
    )
    added = brand.load()
    assert [counts(row) for row in added] == [(1, 0, 1, 0)] * 3
    assert {row["status"] for row in added} == {"loaded"}
    assert brand.keys() == ["m1"]


def test_redelivery_with_one_corrected_row(brand: Brand) -> None:
    rows = [member(n, city="a") for n in range(1, 6)]
    brand.put(f"{FOLDER}/monday.csv", csv_bytes(rows))
    brand.load()
    rows[2] = member(3, city="b", updated_at="2025-03-02T00:00:00Z")
    brand.put(f"{FOLDER}/tuesday.csv", csv_bytes(rows))
    assert by_status(brand.load()) == {"loaded": (5, 1, 4, 0)}
    assert brand.keys() == ["m1", "m2", "m3", "m3", "m4", "m5"]


def test_redelivery_under_the_same_name(brand: Brand) -> None:
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1), member(2, updated_at="soon")]))
    assert by_status(brand.load()) == {"loaded": (2, 1, 0, 1)}
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1), member(2)]))
    assert by_status(brand.load()) == {"loaded": (2, 1, 1, 0)}
    assert brand.keys() == ["m1", "m2"]


def test_return_to_an_earlier_content_under_the_same_name(brand: Brand) -> None:
    first, second = csv_bytes([member(1)]), csv_bytes([member(2)])
    for content in (first, second, first):
        brand.put(f"{FOLDER}/a.csv", content)
        brand.load()
    assert brand.keys() == ["m1", "m2"]


def test_truncated_file_then_its_complete_redelivery(brand: Brand) -> None:
    rows = [member(n, city=f"city {n}") for n in range(3000)]
    whole = gzip.compress(csv_bytes(rows))
    brand.put(f"{FOLDER}/a.csv.gz", whole[: len(whole) // 2])
    brand.put(f"{FOLDER}/b.csv", csv_bytes([member("b")]))
    added = {row["file_path"]: row for row in brand.load()}
    assert added[f"{FOLDER}/a.csv.gz"]["status"] == "refused"
    assert brand.keys() == ["mb"]
    assert brand.load() == []
    brand.put(f"{FOLDER}/a.csv.gz", whole)
    assert by_status(brand.load()) == {"loaded": (3000, 3000, 0, 0)}
    assert len(brand.rows()) == 3001


def test_file_taken_away_and_brought_back(brand: Brand) -> None:
    content = csv_bytes([member(1)])
    brand.put(f"{FOLDER}/a.csv", content)
    brand.load()
    (brand.landing / FOLDER / "a.csv").unlink()
    assert brand.load() == []
    assert brand.keys() == ["m1"]
    brand.put(f"{FOLDER}/a.csv", content)
    assert brand.load() == []
    assert brand.keys() == ["m1"]


def test_landing_folder_emptied(brand: Brand) -> None:
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1)]))
    brand.load()
    shutil.rmtree(brand.landing)
    brand.landing.mkdir()
    assert brand.load() == []
    assert brand.keys() == ["m1"]


def test_future_row_is_tried_again_and_loaded_once(brand: Brand) -> None:
    later = NOW + timedelta(days=3)
    brand.put(
        f"{FOLDER}/a.csv",
        csv_bytes([member(1), member(2, updated_at=later.isoformat()), member(3)]),
    )
    assert by_status(brand.load()) == {"loaded": (3, 2, 0, 1)}
    quarantine = brand.result().all_quarantine
    assert [(row["reason_code"], row["line_number"]) for row in quarantine] == [("future", 3)]

    brand.now = NOW + timedelta(days=1)
    brand.load()
    assert brand.keys() == ["m1", "m3"]

    brand.now = NOW + timedelta(days=2)
    brand.load()
    assert brand.keys() == ["m1", "m2", "m3"]
    row = next(row for row in brand.rows() if row["member_no"] == "m2")
    assert row["updated_at"] == later.replace(tzinfo=None)

    brand.now = NOW + timedelta(days=9)
    assert brand.load() == []
    assert brand.keys() == ["m1", "m2", "m3"]


def test_future_row_still_in_the_future_changes_nothing(brand: Brand) -> None:
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1, updated_at="2030-01-01T00:00:00Z")]))
    brand.load()
    before = len(brand.result().all_quarantine)
    for hours in (0, 1, 20):
        brand.now = NOW + timedelta(hours=hours)
        brand.load()
        assert brand.rows() == []
        open_entries = {
            (row["file_path"], row["line_number"], row["reason_code"])
            for row in brand.result().all_quarantine
        }
        assert len(open_entries) == before == 1


def test_future_row_whose_file_is_gone(brand: Brand) -> None:
    """Only its file brings it back, and its entry says so; the load goes on without it."""
    later = NOW + timedelta(days=3)
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1), member(2, updated_at=later.isoformat())]))
    brand.load()
    (entry,) = brand.result().all_quarantine
    assert "leave its file in place: it is tried again when it is due" in entry["reason"]
    (brand.landing / FOLDER / "a.csv").unlink()
    brand.now = NOW + timedelta(days=5)
    brand.load()
    assert brand.keys() == ["m1"]


def test_future_row_delivered_again_when_it_is_due(brand: Brand) -> None:
    later = NOW + timedelta(days=3)
    content = csv_bytes([member(1, updated_at=later.isoformat())])
    brand.put(f"{FOLDER}/a.csv", content)
    brand.load()
    brand.now = NOW + timedelta(days=5)
    brand.put(f"{FOLDER}/b.csv", content)
    brand.put(f"{FOLDER}/c.jsonl", jsonl_bytes([member(1, updated_at=later.isoformat())]))
    brand.load()
    assert brand.keys() == ["m1"]
    assert brand.load() == []


@pytest.mark.parametrize("form", ["jsonl", "parquet", "csv.gz"])
def test_future_rows_of_other_formats_come_back(brand: Brand, form: str) -> None:
    later = (NOW + timedelta(days=3)).isoformat()
    rows = [member(1), member(2, updated_at=later), member(3, updated_at="never")]
    content = {
        "jsonl": jsonl_bytes(rows),
        "parquet": parquet_bytes(rows),
        "csv.gz": gzip.compress(csv_bytes(rows)),
    }[form]
    brand.put(f"{FOLDER}/a.{form}", content)
    brand.load()
    assert brand.keys() == ["m1"]
    brand.now = NOW + timedelta(days=4)
    brand.load()
    assert brand.keys() == ["m1", "m2"]


def test_zone_declared_after_a_refusal(brand: Brand) -> None:
    naive = pa.table(
        {
            "member_no": ["m1"],
            "updated_at": pa.array([utc("2025-03-01T10:00:00")], pa.timestamp("us")),
        }
    )
    brand.put(f"{FOLDER}/a.parquet", parquet_bytes(naive))
    brand.put(
        f"{FOLDER}/b.csv", csv_bytes([member(2, updated_at="2025-03-01 10:00:00"), member(3)])
    )
    brand.load()
    assert brand.keys() == ["m3"]
    brand.put("brand.yml", b"tables: {crm.members: {source_zone: Asia/Shanghai}}\n")
    brand.load()
    assert brand.keys() == ["m1", "m2", "m3"]
    assert {row["updated_at"] for row in brand.rows() if row["member_no"] != "m3"} == {
        utc("2025-03-01T02:00:00")
    }
    assert brand.load() == []


def test_changed_zone_replaces_what_a_file_became_before(brand: Brand) -> None:
    rows = [member(1, updated_at="2025-03-01 10:00:00"), member(2)]
    brand.put(f"{FOLDER}/a.csv", csv_bytes(rows))
    brand.put("crm/staff/s.csv", csv_bytes([record("crm.staff", "s1")]))
    brand.put("brand.yml", b"tables: {crm.members: {source_zone: UTC}}\n")
    brand.load()
    assert brand.keys() == ["m1", "m2"]
    brand.put("brand.yml", b"tables: {crm.members: {source_zone: Asia/Shanghai}}\n")
    brand.load()
    assert [row["updated_at"] for row in brand.rows() if row["member_no"] == "m1"] == [
        utc("2025-03-01T02:00:00")
    ]
    assert brand.keys() == ["m1", "m2"]
    assert brand.keys("staff_id", "crm.staff") == ["s1"]
    assert brand.load() == []


def test_hidden_rubbish_in_the_lake_is_no_part(brand: Brand) -> None:
    """What a killed load or a copy tool left behind must neither be read nor stop a load."""
    folder = brand.lake / "raw" / "crm" / "members"
    folder.mkdir(parents=True)
    (folder / ".unfinished.parquet").write_bytes(b"PAR1 half a part")
    (folder / ".abc.tmp").write_bytes(b"\x00")
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1)]))
    assert by_status(brand.load()) == {"loaded": (1, 1, 0, 0)}
    assert brand.keys() == ["m1"]


def test_landing_folder_reached_by_a_link(brand: Brand) -> None:
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1)]))
    real = brand.base / "real"
    brand.landing.rename(real)
    brand.landing.symlink_to(real)
    assert by_status(brand.load()) == {"loaded": (1, 1, 0, 0)}


def test_empty_landing_folder_leaves_every_table_typed(brand: Brand) -> None:
    brand.load()
    assert parts(brand.lake / "raw" / "crm" / "members")
    assert parts(brand.lake / "raw" / "rekindle" / "quarantine")
    assert brand.rows() == []


def test_landing_folder_that_is_none(tmp_path: Path) -> None:
    """No folder, or a file in its place: nothing to load, or a sentence that names it."""
    (tmp_path / "file").write_text("x")
    for landing in (tmp_path / "nowhere", tmp_path / "file"):
        sentence = f"{landing.name} loaded as an empty folder; leave it so"
        try:
            load(landing, tmp_path / "lake", now=NOW, token_key=TOKEN_KEY, progress=False)
        except LoadError as error:
            sentence = str(error)
        assert landing.name in sentence
        assert sentence_problems(sentence, landing.name) == []
        assert read_rows(tmp_path / "lake" / "raw" / "crm" / "members") == []


def test_brand_file_that_is_a_folder(brand: Brand) -> None:
    (brand.landing / "brand.yml").mkdir()
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1)]))
    try:
        brand.load()
    except LoadError as error:
        sentence = str(error)
    else:
        sentence = f"brand.yml passed over, {brand.keys()}"
    assert "brand.yml" in sentence


@pytest.fixture
def own_key_brand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Brand:
    """A brand with one member, loaded with a key that its lake made for itself."""
    monkeypatch.delenv("REKINDLE_TOKEN_KEY", raising=False)
    brand = Brand(tmp_path)
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1, card_no="c1")]))
    load(brand.landing, brand.lake, now=NOW, progress=False)
    return brand


def test_token_key_is_made_once_and_private(own_key_brand: Brand) -> None:
    brand = own_key_brand
    key = brand.lake / "token.key"
    made = key.read_bytes()
    assert len(made) >= 16
    assert key.stat().st_mode & 0o777 == 0o600
    brand.put(f"{FOLDER}/b.csv", csv_bytes([member(2, card_no="c1")]))
    load(brand.landing, brand.lake, now=NOW, progress=False)
    assert key.read_bytes() == made
    tokens = {row["card_no_token"] for row in brand.rows()}
    assert len(tokens) == 1
    assert all(isinstance(token, str) and len(token) == 32 for token in tokens)


def test_files_that_change_their_kind_under_one_name(brand: Brand) -> None:
    """A folder where a file was, and the other way round."""
    brand.put(f"{FOLDER}/x.csv", csv_bytes([member(1)]))
    brand.load()
    (brand.landing / FOLDER / "x.csv").unlink()
    brand.put(f"{FOLDER}/x.csv/part.csv", csv_bytes([member(2)]))
    assert by_status(brand.load()) == {"loaded": (1, 1, 0, 0)}
    assert brand.keys() == ["m1", "m2"]


def test_two_hundred_tiny_files(brand: Brand) -> None:
    """Many small files: each is accounted for, with one good and one bad row."""
    for n in range(200):
        brand.put(f"{FOLDER}/dt={n}/x.csv", csv_bytes([member(n), member(f"{n}x", updated_at="")]))
    added = brand.load()
    assert len(added) == 200
    assert {counts(row) for row in added} == {(2, 1, 0, 1)}
    assert len(brand.rows()) == 200


@pytest.mark.parametrize("awkward", ["it's [a]*?{b,c}", 'a;b "c" $d %e', "会员\n数据", "-x=1"])
def test_folders_with_awkward_names(tmp_path: Path, awkward: str) -> None:
    brand = Brand(tmp_path / awkward)
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1)]))
    brand.put(f"{FOLDER}/b.jsonl", jsonl_bytes([member(2)]))
    brand.put(f"{FOLDER}/c.parquet", parquet_bytes([member(3)]))
    brand.put(f"{FOLDER}/d.csv.gz", gzip.compress(csv_bytes([member(4)])))
    load(brand.landing, brand.lake, now=NOW, token_key=TOKEN_KEY, progress=False)
    plain = tmp_path / "plain"  # the tests' own reader takes no awkward names
    shutil.copytree(brand.lake / "raw" / "crm" / "members", plain)
    assert sorted(row["member_no"] for row in read_rows(plain)) == ["m1", "m2", "m3", "m4"]


def test_lake_of_an_earlier_version_is_read_anew_as_its_sentence_says(own_key_brand: Brand) -> None:
    brand = own_key_brand
    before = brand.rows()
    ledger = brand.lake / "ledger.sqlite"
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA user_version = 1")
    with pytest.raises(LoadError) as caught:
        load(brand.landing, brand.lake, now=NOW, progress=False)
    for said in (str(ledger), "load again", "token.key", "erasures.sqlite"):
        assert said in str(caught.value)
    assert brand.rows() == before
    ledger.unlink()
    load(brand.landing, brand.lake, now=NOW, progress=False)
    assert brand.rows() == before


def test_quarantine_knows_when_a_row_was(brand: Brand) -> None:
    """By its own time, else by its version, else by the newest of its file."""
    born, changed = "2025-03-01T10:00:00Z", "2025-04-01T10:00:00Z"
    rows = [
        member(1, registered_at=born, updated_at=changed),
        member(2, registered_at=born, updated_at=None),
        member(3, registered_at="no time", updated_at=changed, gender=""),
        member(4, registered_at=None, updated_at="no time"),
        member(5, registered_at="2030-01-01T00:00:00Z", updated_at=changed),
    ]
    rows[2]["member_no"] = None
    brand.put(f"{FOLDER}/a.csv", csv_bytes(rows))
    brand.put(f"{FOLDER}/b.csv", b"member_no,updated_at\nm6\n" + f"m7,{changed}\n".encode())
    brand.put(f"{FOLDER}/c.csv", b"neither,the,columns\n1,2,3\n")
    spend = record("campaigns.ad_spend", "a1", spend_date="2025-05-02", amount="-1")
    brand.put("campaigns/ad_spend/d.csv", csv_bytes([spend]))
    brand.load()
    at = {
        (row["file_path"].rsplit("/")[-1], row["line_number"]): row["recorded_at"]
        for row in brand.result().all_quarantine
        if row["reason_code"] != "optional_value"
    }
    first, last = (datetime.fromisoformat(text.removesuffix("Z")) for text in (born, changed))
    assert at == {
        ("a.csv", 3): first,
        ("a.csv", 4): last,
        ("a.csv", 5): first,
        ("a.csv", 6): first,
        ("b.csv", 2): last,
        ("c.csv", None): None,
        ("d.csv", 2): datetime.fromisoformat("2025-05-02T12:00:00"),
    }


def test_quarantine_of_an_older_loader_gets_the_column_it_lacks(brand: Brand) -> None:
    brand.put(f"{FOLDER}/a.csv", csv_bytes([member(1), member(2, updated_at=None)]))
    brand.load()
    folder = brand.lake / "raw" / "rekindle" / "quarantine"
    for path in folder.glob("*.parquet"):
        pq.write_table(pq.read_table(path).drop_columns(["recorded_at"]), path)
    with closing(sqlite3.connect(brand.lake / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE settings SET value = '' WHERE name LIKE 'contract of%'")
    brand.put(f"{FOLDER}/b.csv", csv_bytes([member(3, updated_at=None)]))
    brand.load()
    assert {tuple(pq.read_schema(path).names) for path in folder.glob("*.parquet")} == {
        tuple(name for name, _ in QUARANTINE_COLUMNS)
    }
    assert [row["column_name"] for row in brand.result().all_quarantine] == ["updated_at"] * 2
