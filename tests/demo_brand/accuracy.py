"""How well the persons that were found are those of the demo brand's truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

PRECISION_FLOOR, RECALL_FLOOR = 0.999, 0.98
"""Of pairs of records, and of clusters. Recall is that of what truth marks as linkable."""
RECORDS = """
CREATE OR REPLACE TEMP TABLE true_records AS
SELECT truth.*, oneid_map.one_id
FROM '{truth}/records/*.parquet' AS truth
LEFT JOIN identity.oneid_map USING (source_system, source_table, source_key)
"""
PAIRS = """
WITH cells AS (
    SELECT person, link_group, one_id, count(*) AS n FROM true_records GROUP BY ALL
),
sides AS (
    SELECT sum(n) AS n FROM cells WHERE one_id IS NOT NULL GROUP BY {by}
)
SELECT CAST(coalesce(sum(n * (n - 1) // 2), 0) AS BIGINT) FROM sides
"""
CLUSTERS = """
WITH groups AS (
    SELECT link_group, count(DISTINCT one_id) = 1 AND count(*) = count(one_id) AS is_whole
    FROM true_records GROUP BY link_group
),
clusters AS (
    SELECT one_id, count(DISTINCT person) = 1 AS is_pure, bool_and(is_whole) AS has_all
    FROM true_records INNER JOIN groups USING (link_group)
    WHERE one_id IS NOT NULL GROUP BY one_id
)
SELECT
    (SELECT count(*) FROM clusters),
    (SELECT count(*) FROM clusters WHERE is_pure AND has_all),
    (SELECT count(*) FROM groups),
    (
        SELECT count(DISTINCT link_group)
        FROM true_records
        INNER JOIN clusters USING (one_id)
        INNER JOIN groups USING (link_group)
        WHERE is_pure AND is_whole
    )
"""
CAUSES = """
WITH persons AS (
    SELECT person, has_recycled_phone, shares_device FROM '{truth}/persons/*.parquet'
),
mixed AS (
    SELECT one_id, bool_or(has_recycled_phone) AS has_recycled, bool_or(shares_device) AS shares
    FROM true_records INNER JOIN persons USING (person)
    WHERE one_id IS NOT NULL GROUP BY one_id HAVING count(DISTINCT person) > 1
),
sides AS (
    SELECT one_id, count(*) AS n FROM true_records SEMI JOIN mixed USING (one_id)
    GROUP BY one_id, person
),
wrong AS (
    SELECT one_id, sum(n) * (sum(n) - 1) // 2 - sum(n * (n - 1) // 2) AS pairs
    FROM sides GROUP BY one_id
),
holders AS (
    SELECT left_source_system AS source_system, left_source_table AS source_table,
        left_source_key AS source_key, identifier_type, identifier_token
    FROM identity.oneid_evidence SEMI JOIN mixed USING (one_id)
    UNION ALL
    SELECT right_source_system, right_source_table, right_source_key,
        identifier_type, identifier_token
    FROM identity.oneid_evidence SEMI JOIN mixed USING (one_id)
),
crossings AS (
    SELECT one_id, identifier_type, bool_or(is_dummy_phone) AS is_dummy
    FROM holders INNER JOIN true_records USING (source_system, source_table, source_key)
    GROUP BY one_id, identifier_type, identifier_token HAVING count(DISTINCT person) > 1
),
-- A person may be numbered by an order's record, to which the likeness leads then.
alike AS (
    SELECT DISTINCT one_id FROM identity.oneid_evidence SEMI JOIN mixed USING (one_id)
    WHERE identifier_type = 'likeness'
),
crossing_kinds AS (
    SELECT one_id, CASE
        WHEN identifier_type = 'phone' AND has_recycled THEN 'recycled phone'
        WHEN identifier_type = 'phone' AND is_dummy THEN 'dummy phone'
        WHEN identifier_type = 'device_id' AND shares THEN 'shared device'
        WHEN identifier_type IS NULL AND alike.one_id IS NOT NULL THEN 'likeness'
        ELSE coalesce(identifier_type, 'a record that truth does not list')
    END AS kind
    FROM mixed
    LEFT JOIN crossings USING (one_id)
    LEFT JOIN alike USING (one_id)
),
kinds AS (
    SELECT one_id, string_agg(DISTINCT kind, ' and ' ORDER BY kind) AS cause
    FROM crossing_kinds GROUP BY one_id
)
SELECT cause, CAST(sum(pairs) AS BIGINT), count(*)
FROM wrong INNER JOIN kinds USING (one_id) GROUP BY cause ORDER BY 2 DESC, cause
"""


@dataclass(frozen=True)
class Accuracy:
    """Truth's records against the map: pairs of records, clusters that were found, link groups.

    A pair is `joined` by the map and `right` if it is one person's; of the `linkable` ones, whose
    records share identifiers of their owner, some were `found`. A cluster is `exact` where it is
    link groups of one person, each with all its records; a link group is `whole` where it lies in
    one cluster, with nobody else's records. Records that the map lacks are in no cluster.
    """

    records: int
    unknown: int
    joined: int
    right: int
    of_persons: int
    linkable: int
    found: int
    clusters: int
    exact: int
    groups: int
    whole: int

    @property
    def pairwise_precision(self) -> float:
        """Share of the joined pairs that are one person's."""
        return self.right / self.joined

    @property
    def pairwise_recall(self) -> float:
        """Share of the linkable pairs that were joined."""
        return self.found / self.linkable

    @property
    def cluster_precision(self) -> float:
        """Share of the clusters that are exact."""
        return self.exact / self.clusters

    @property
    def cluster_recall(self) -> float:
        """Share of the link groups that lie whole in a cluster of their person."""
        return self.whole / self.groups

    def figures(self) -> dict[str, float]:
        """All shares, by what they are called."""
        return {
            "pairwise precision": self.pairwise_precision,
            "pairwise recall (linkable pairs)": self.pairwise_recall,
            "pairwise recall (all pairs of a person)": self.right / self.of_persons,
            "cluster precision (exact clusters)": self.cluster_precision,
            "cluster recall (whole link groups)": self.cluster_recall,
        }

    @property
    def reaches_the_bar(self) -> bool:
        """Whether no pair or cluster is worse than it may be."""
        precision = min(self.pairwise_precision, self.cluster_precision)
        return precision >= PRECISION_FLOOR and (
            min(self.pairwise_recall, self.cluster_recall) >= RECALL_FLOOR
        )


@dataclass(frozen=True)
class Cause:
    """What joined records of different persons: how many pairs, in how many clusters."""

    name: str
    pairs: int
    clusters: int


def accuracy(marts: duckdb.DuckDBPyConnection, truth: Path) -> Accuracy:
    """Compare `identity.oneid_map` with the truth folder of its brand."""
    marts.execute(RECORDS.format(truth=truth))
    ((records, unknown),) = marts.execute(
        "SELECT count(*), count(*) - count(one_id) FROM true_records"
    ).fetchall()
    joined, right, found = (
        _pairs(marts, by) for by in ("one_id", "one_id, person", "one_id, person, link_group")
    )
    of_persons, linkable = (
        _number(marts, PAIRS.replace("WHERE one_id IS NOT NULL", "").format(by=by))
        for by in ("person", "person, link_group")
    )
    ((clusters, exact, groups, whole),) = marts.execute(CLUSTERS).fetchall()
    return Accuracy(
        records, unknown, joined, right, of_persons, linkable, found, clusters, exact, groups, whole
    )


def causes(marts: duckdb.DuckDBPyConnection, truth: Path) -> list[Cause]:
    """What joined different persons, after `accuracy` looked at them: most pairs first.

    All wrong pairs of a cluster are put down to all that joins two persons in it.
    """
    rows = marts.execute(CAUSES.format(truth=truth)).fetchall()
    return [Cause(name, pairs, clusters) for name, pairs, clusters in rows]


def _pairs(marts: duckdb.DuckDBPyConnection, by: str) -> int:
    return _number(marts, PAIRS.format(by=by))


def _number(marts: duckdb.DuckDBPyConnection, sql: str) -> int:
    ((number,),) = marts.execute(sql).fetchall()
    return int(number)
