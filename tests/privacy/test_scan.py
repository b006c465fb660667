"""What the scanner finds in a few files, and what it must not take for a finding."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from orchestration.privacy.scan import Scan, scan
from tests.orchestration.fakes import workspace_in

MANY = [f"M{number:05}" for number in range(450)]
"""More than one pattern holds."""


def scanned(folder: Path, identifiers: Iterable[str]) -> Scan:
    return scan(workspace_in(folder), identifiers)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "landing" / "crm" / "members" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def write_parquet(folder: Path, query: str) -> None:
    path = folder / "var" / "small" / "lake" / "raw" / "crm" / "members" / "part.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def test_every_one_of_many_words_is_found_in_each_store(tmp_path: Path) -> None:
    write(tmp_path, "m.csv", "member_no\n" + "\n".join(MANY))
    write_parquet(tmp_path, "SELECT printf('M%05d', i) AS member_no FROM range(450) AS r (i)")
    found = scanned(tmp_path, [*MANY, "M99999"])
    assert found.found_in("landing") == set(MANY)
    assert found.found_in("raw lake") == set(MANY)
    assert found.found_in("published") == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("M1,M12,M123", {"M1", "M12", "M123"}),
        ("M123", {"M123"}),
        ("xM1 M1x 0M12", set()),
        ("m12", {"M12"}),
        ("(M1)", {"M1"}),
        ("M1", {"M1"}),
        ("", set()),
        ("a+b@mail.example", {"a+b@mail.example"}),
        ("aab@mail.example a+b@mailxexample", set()),
        ("A+B@MAIL.EXAMPLE", {"a+b@mail.example"}),
        ("tel. (021) 5888 0001.", {"(021) 5888 0001"}),
        ("张伟,李四", {"张伟"}),
    ],
)
def test_words_count_where_they_stand_alone(tmp_path: Path, text: str, found: set[str]) -> None:
    words = ["M1", "M12", "M123", "a+b@mail.example", "(021) 5888 0001", "张伟"]
    write(tmp_path, "plain.txt", text)
    write_parquet(tmp_path, f"SELECT '{text}' AS name, 7 AS number")
    result = scanned(tmp_path, words)
    assert result.found_in("landing") == found
    in_columns = {one.identifier for one in result.findings if one.place == "part.parquet.name"}
    assert in_columns == found


def test_zipped_texts_and_names_of_files_are_searched(tmp_path: Path) -> None:
    path = write(tmp_path, "of-M1.csv.gz", "")
    path.write_bytes(gzip.compress(b"member_no\nM12\n"))
    result = scanned(tmp_path, ["M1", "M12"])
    assert {(one.place, one.identifier) for one in result.findings} == {
        ("file name", "M1"),
        ("unzipped", "M12"),
    }


def test_nothing_to_look_for_is_nothing_found(tmp_path: Path) -> None:
    write(tmp_path, "m.csv", "member_no\nM1\n")
    write_parquet(tmp_path, "SELECT 'M1' AS member_no")
    result = scanned(tmp_path, [""])
    assert result.findings == ()
    assert result.files["landing"] == 1
