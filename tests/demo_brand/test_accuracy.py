"""Shares of pairs and clusters, on a map whose faults are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.demo_brand.accuracy import Accuracy, Cause, accuracy, causes

PERSONS = [(1, False, False), (2, True, False), (3, False, True), (4, False, True)]
"""Number, whether it got a recycled phone, whether it shares a device."""
RECORDS = [
    ("a1", 1, "1-1"), ("a2", 1, "1-1"), ("a3", 1, "1-2"), ("b1", 2, "2-1"),
    ("c1", 3, "3-1"), ("c2", 3, "3-1"), ("d1", 4, "4-1"), ("d2", 4, "4-1"),
]  # fmt: skip
RIGHT = {"a1": "A", "a2": "A", "a3": "a", "b1": "B", "c1": "C", "c2": "C", "d1": "D", "d2": "D"}


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema identity")
        yield connection


def write_truth(folder: Path) -> Path:
    with duckdb.connect() as connection:
        for name, columns, rows in (
            ("persons", "person, has_recycled_phone, shares_device", PERSONS),
            (
                "records",
                "source_key, person, link_group, source_system, source_table, is_dummy_phone",
                [(*row, "crm", "members", False) for row in RECORDS],
            ),
        ):
            (folder / name).mkdir()
            values = ", ".join(map(str, rows))
            connection.execute(
                f"copy (from (values {values}) as given ({columns}))"
                f" to '{folder / name / '1.parquet'}'"
            )
    return folder


def measure(
    marts: duckdb.DuckDBPyConnection,
    truth: Path,
    one_ids: dict[str, str],
    evidence: list[tuple[str, str, str]],
) -> tuple[Accuracy, list[Cause]]:
    """Accuracy and causes of a map, with evidence of two keys and a type."""
    marts.execute(
        "create table identity.oneid_map"
        " (source_system text, source_table text, source_key text, one_id text)"
    )
    marts.executemany(
        "insert into identity.oneid_map values ('crm', 'members', ?, ?)", list(one_ids.items())
    )
    marts.execute(
        "create table identity.oneid_evidence (one_id text, left_source_system text,"
        " left_source_table text, left_source_key text, right_source_system text,"
        " right_source_table text, right_source_key text, identifier_type text,"
        " identifier_token text)"
    )
    for left, right, kind in evidence:
        marts.execute(
            "insert into identity.oneid_evidence values (?, 'crm', 'members', ?,"
            " 'crm', 'members', ?, ?, 'a token of ' || ?)",
            [one_ids[left], left, right, kind, left],
        )
    return accuracy(marts, truth), causes(marts, truth)


def test_a_map_as_truth_has_it(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Of the five pairs of a person, two are not linkable; nobody asks for them."""
    found, wrong = measure(marts, write_truth(tmp_path), RIGHT, [("a1", "a2", "phone")])
    assert found == Accuracy(8, 0, 3, 3, 5, 3, 3, 5, 5, 5, 5)
    assert set(found.figures().values()) == {1, 3 / 5}
    assert found.reaches_the_bar
    assert wrong == []


def test_records_of_others_spoil_pairs_and_clusters(
    marts: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """B's record came to A by a number, C and D are one by a device: 2 and 4 pairs are wrong."""
    one_ids = {**RIGHT, "b1": "A", "d1": "C", "d2": "C"}
    edges = [("a1", "a2", "unionid"), ("a1", "b1", "phone"), ("c1", "d1", "device_id")]
    found, wrong = measure(marts, write_truth(tmp_path), one_ids, edges)
    assert (found.joined, found.right, found.pairwise_recall) == (9, 3, 1)
    assert (found.clusters, found.exact, found.groups, found.whole) == (3, 1, 5, 1)
    assert not found.reaches_the_bar
    assert wrong == [Cause("shared device", 4, 1), Cause("recycled phone", 2, 1)]


def test_what_is_apart_or_unknown_is_not_found(
    marts: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A's cards are one beyond what is linkable; C is in two parts; a record of D is missing."""
    one_ids = {**RIGHT, "a3": "A", "c2": "c"}
    del one_ids["d2"]
    found, wrong = measure(marts, write_truth(tmp_path), one_ids, [])
    assert (found.records, found.unknown) == (8, 1)
    assert (found.joined, found.right, found.found) == (3, 3, 1)
    assert (found.clusters, found.exact, found.groups, found.whole) == (5, 2, 5, 3)
    assert found.pairwise_precision == 1
    assert found.pairwise_recall == pytest.approx(1 / 3)
    assert found.cluster_precision == pytest.approx(2 / 5)
    assert not found.reaches_the_bar
    assert wrong == []


def test_records_that_truth_does_not_list_tie_others_together(
    marts: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A number by which an order names its buyer is the hub of two that hold it: A and C."""
    one_ids = {**RIGHT, "c1": "A", "c2": "A", "order": "A", "d1": "B", "d2": "B"}
    edges = [("order", "a1", "phone"), ("order", "c1", "phone"), ("a1", "a2", "unionid")]
    _, wrong = measure(marts, write_truth(tmp_path), one_ids, edges)
    assert wrong == [
        Cause("phone", 4, 1),
        Cause("a record that truth does not list", 2, 1),
    ]


def test_likeness_may_lead_to_a_record_that_truth_does_not_list(
    marts: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    one_ids = {**RIGHT, "order": "A", "c1": "A", "c2": "A"}
    edges = [("a1", "order", "card_no"), ("order", "c1", "likeness")]
    _, wrong = measure(marts, write_truth(tmp_path), one_ids, edges)
    assert wrong == [Cause("likeness", 4, 1)]
