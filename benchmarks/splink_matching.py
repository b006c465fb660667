"""Splink's matching of person records; run by a Python that has Splink.

    python splink_matching.py RECORDS.parquet PERSONS.parquet

Records: unique_id, given_name, surname, date_of_birth (YYYYMMDD), street_number, address_1, suburb,
state, postcode; empty is null. Trained as Splink's tutorials do: the probability that two records
match from rules that leave few others, u from random pairs, m by expectation maximisation on three
blocking rules. Clusters what is likelier than nine in ten. Writes unique_id, cluster_id.
"""

from __future__ import annotations

import sys

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

BLOCKING = [
    block_on("given_name", "surname"),
    block_on("surname", "date_of_birth"),
    block_on("given_name", "date_of_birth"),
    block_on("date_of_birth"),
    block_on("postcode", "street_number"),
    block_on("surname", "postcode"),
    block_on("given_name", "postcode"),
    block_on("address_1", "street_number"),
    block_on("given_name", "suburb"),
    block_on("surname", "suburb"),
]
SURE = [
    block_on("given_name", "surname", "date_of_birth"),
    block_on("date_of_birth", "postcode", "street_number"),
]
EM = [block_on("given_name", "surname"), block_on("date_of_birth"), block_on("postcode")]
THRESHOLD = 0.9


def main(records: str, persons: str) -> None:
    """Train, predict, cluster, write."""
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE records AS FROM '{records}'")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        blocking_rules_to_generate_predictions=BLOCKING,
        comparisons=[
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("address_1", [1, 3]),
            cl.LevenshteinAtThresholds("suburb", [1, 3]),
            cl.ExactMatch("state"),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
        ],
    )
    api = DuckDBAPI(connection=connection)
    linker = Linker(api.register("records"), settings)
    linker.training.estimate_probability_two_random_records_match(SURE, recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in EM:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=THRESHOLD)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, THRESHOLD)
    connection.execute(
        f"COPY (SELECT unique_id, cluster_id FROM {clusters.physical_name}) TO '{persons}'"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
