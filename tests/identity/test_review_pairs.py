"""Which pairs wait for a decision: each once, in order, and none that somebody keeps apart."""

from __future__ import annotations

import polars as pl

from tests.identity.harness import Models

PERSONS = {1: "c", 2: "a", 3: "b", 4: "b", 5: "c", 6: "a", 7: "d"}
"""The person of each record by its number."""


def waiting(
    pairs: list[tuple[int, int, float]], decided: list[tuple[str, int, int]]
) -> list[tuple[object, ...]]:
    """Ids, records and probability of the pairs in the queue."""
    models = Models()
    whole, text = pl.Int64, pl.String
    models.frame(
        "int_identity__match_pairs",
        [(left, right, probability, "name:exact") for left, right, probability in pairs],
        {
            "left_person_id": whole,
            "right_person_id": whole,
            "match_probability": pl.Float64,
            "reasons": text,
        },
    )
    models.frame(
        "int_identity__records",
        [(number, f"crm.members:{number}") for number in PERSONS],
        {"record_id": whole, "source_record_key": text},
    )
    models.frame(
        "int_identity__record_persons",
        [(f"crm.members:{number}", one_id) for number, one_id in PERSONS.items()],
        {"source_record_key": text, "one_id": text},
    )
    models.frame(
        "int_identity__decided_pairs",
        decided,
        {"decision": text, "left_record_id": whole, "right_record_id": whole},
    )
    models.frame(
        "int_identity__device_pairs",
        [],
        {
            **dict.fromkeys(
                ("left_one_id", "right_one_id", "left_record_key", "right_record_key"), text
            ),
            "devices": whole,
            "is_proposed": pl.Boolean,
        },
    )
    models.run("int_identity__persons_apart", "int_identity__review_pairs", "oneid_review_queue")
    return models.rows(
        "select left_one_id, right_one_id, left_source_key, right_source_key, match_probability"
        " from ref.oneid_review_queue order by all"
    )


def test_a_pair_of_persons_waits_once_with_the_records_of_its_best_pair() -> None:
    """Records follow the order of the ids; who is one person already does not wait."""
    found = waiting([(1, 2, 0.6), (5, 6, 0.7), (3, 4, 0.8), (3, 7, 0.5)], [])
    assert found == [("a", "c", "6", "5", 0.7), ("b", "d", "3", "7", 0.5)]


def test_equally_likely_pairs_show_the_smaller_record() -> None:
    assert waiting([(5, 6, 0.7), (1, 2, 0.7)], []) == [("a", "c", "2", "1", 0.7)]


def test_whom_somebody_keeps_apart_by_other_records_does_not_wait() -> None:
    pairs = [(1, 2, 0.6), (3, 7, 0.5)]
    assert waiting(pairs, [("separate", 5, 6)]) == [("b", "d", "3", "7", 0.5)]
    assert len(waiting(pairs, [("link", 5, 6)])) == 2
