"""Synthetic identity data: which record holds which identifier, and what clusters that makes.

Numbers first (numpy), texts afterwards (DuckDB): the truth is computed from the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

SIZES = np.arange(1, 7)
SIZE_SHARES = np.array([0.34, 0.28, 0.17, 0.11, 0.06, 0.04])
TAIL_SHARE = 0.002
"""Clusters of 7 to some hundred records, geometrically rarer."""
TAIL_MEAN = 25.0
CHAIN_SHARE = 0.000_02
"""Clusters of 50 to 500 records in which each is linked to the one before it alone."""
COMMON_IDENTIFIER_SHARE = 0.6
"""Clusters whose records all hold one identifier; in the others links lead from record to record,
each to a random earlier one."""
OWN_IDENTIFIER_SHARE = 0.5
"""Records that also hold an identifier of their own, which links nobody."""


@dataclass(frozen=True)
class Edges:
    """Record `records[i]` holds identifier `identifiers[i]`; both are counted from 0."""

    records: Numbers
    identifiers: Numbers

    def __len__(self) -> int:
        return len(self.records)


def identity_edges(wanted: int, seed: int = 20_261_122) -> Edges:
    """At most `wanted` edges of whole clusters in random order, the same whenever it is called."""
    chance = np.random.default_rng(seed)
    sizes, is_chain = _cluster_sizes(chance, wanted)
    first = np.cumsum(sizes) - sizes
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    record = np.arange(len(cluster))
    place = record - first[cluster]
    is_common = (chance.random(len(sizes)) < COMMON_IDENTIFIER_SHARE) & ~is_chain
    # Identifier n of each kind is 3 n + kind: of a cluster, of a link, of a record alone.
    holds_common = is_common[cluster] & (sizes[cluster] > 1)
    linked = ~is_common[cluster] & (place > 0)
    earlier = np.where(
        is_chain[cluster], place - 1, (chance.random(len(record)) * place).astype(np.int64)
    )
    holds_own = (chance.random(len(record)) < OWN_IDENTIFIER_SHARE) | (sizes[cluster] == 1)
    records = np.concatenate(
        (
            record[holds_common],
            record[linked],
            (first[cluster] + earlier)[linked],
            record[holds_own],
        )
    )
    identifiers = np.concatenate(
        (
            3 * cluster[holds_common],
            3 * record[linked] + 1,
            3 * record[linked] + 1,
            3 * record[holds_own] + 2,
        )
    )
    edges_up_to = np.cumsum(np.bincount(cluster[records], minlength=len(sizes)))
    whole = np.flatnonzero(edges_up_to[cluster[records]] <= wanted)
    order = chance.permutation(whole)
    return Edges(records[order], identifiers[order])


def more_edges(edges: Edges, share: float, seed: int = 20_261_127) -> Edges:
    """Edges of new records that hold identifiers of known ones, `share` of as many as there are.

    Every tenth new record holds two, so that it joins their clusters.
    """
    chance = np.random.default_rng(seed)
    wanted = max(2, round(share * len(edges)))
    joining = max(1, wanted // 11)
    number = wanted - joining
    records = int(edges.records.max()) + 1 + np.arange(number)
    known = edges.identifiers[chance.integers(len(edges), size=wanted)]
    return Edges(np.concatenate((records, records[:joining])), known)


def together(edges: Edges, more: Edges) -> Edges:
    """All edges of both."""
    return Edges(
        np.concatenate((edges.records, more.records)),
        np.concatenate((edges.identifiers, more.identifiers)),
    )


def chain_and_stars(chain: int, star: int) -> Edges:
    """One chain and two stars.

    The first star is a record with `star` identifiers, each held by another record too; the second
    is `star` records with one identifier.
    """
    steps = np.arange(chain - 1)
    hub, points = chain, chain + 1 + np.arange(star)
    holders = chain + 1 + star + np.arange(star)
    return Edges(
        np.concatenate((steps, steps + 1, np.full(star, hub), points, holders)),
        np.concatenate((steps, steps, points, points, np.full(star, chain + 1 + star))),
    )


def write_edges(connection: duckdb.DuckDBPyConnection, edges: Edges, table: str) -> None:
    """Write the edges as a table of two texts: record_key and, looking like a token, identifier."""
    connection.register("numbers", {"record": edges.records, "identifier": edges.identifiers})
    connection.execute(
        f"CREATE TABLE {table} AS SELECT {RECORD_KEY} AS record_key,"
        f" md5('identifier ' || identifier) AS identifier FROM numbers"
    )
    connection.unregister("numbers")


RECORD_KEY = (
    "['app.users:', 'crm.members:', 'website.users:', 'mini_program.users:'][1 + record % 4]"
    " || left(md5('record ' || record), 12) || record"
)


def write_truth(connection: duckdb.DuckDBPyConnection, edges: Edges, table: str) -> None:
    """Write the connected components that scipy finds: record_key, component."""
    records, identifiers = int(edges.records.max()) + 1, int(edges.identifiers.max()) + 1
    graph = coo_matrix(
        (np.ones(len(edges), np.int8), (edges.records, records + edges.identifiers)),
        shape=(records + identifiers, records + identifiers),
    )
    _, labels = connected_components(graph, directed=False)
    held = np.unique(edges.records)
    connection.register("numbers", {"record": held, "component": labels[held]})
    connection.execute(
        f"CREATE TABLE {table} AS SELECT {RECORD_KEY} AS record_key, component FROM numbers"
    )
    connection.unregister("numbers")


def _cluster_sizes(chance: np.random.Generator, wanted: int) -> tuple[Numbers, NDArray[np.bool_]]:
    """Records of each cluster, enough of them for `wanted` edges, and which are chains."""
    number = wanted // 3 + 100
    sizes = chance.choice(SIZES, number, p=SIZE_SHARES)
    is_tail = chance.random(number) < TAIL_SHARE
    sizes[is_tail] = 6 + chance.geometric(1 / TAIL_MEAN, int(is_tail.sum()))
    is_chain = chance.random(number) < CHAIN_SHARE
    sizes[is_chain] = chance.integers(50, 500, int(is_chain.sum()))
    return sizes, is_chain
