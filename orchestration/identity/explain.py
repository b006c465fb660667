"""Why two records are one person: the shortest path of evidence between them, and their devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import duckdb
import networkx as nx

from orchestration.errors import RekindleError, UsageError

RECORD = "source_system || '.' || source_table || ':' || source_key"
_SHOWN = 3


@dataclass(frozen=True)
class Step:
    """Two records and what makes them one person.

    That is an identifier they share, somebody's decision (`reasons` says whose, and why) or, with
    `match_probability` and what agrees in `reasons`, their likeness.
    """

    left: str
    right: str
    identifier_type: str
    identifier_token: str
    match_probability: float | None = None
    reasons: str | None = None

    def line(self) -> str:
        """The step as a sentence."""
        both = f"{self.left} and {self.right}"
        if self.identifier_type == "likeness":
            return f"{both} are alike with probability {self.match_probability}: {self.reasons}"
        if self.identifier_type == "decision":
            return f"{both} were decided to be one: {self.reasons}"
        if self.identifier_type == "device":
            return f"{both} were seen on device {self.identifier_token}, which joins nobody"
        return f"{both} share {self.identifier_type} {self.identifier_token}"


@dataclass(frozen=True)
class Explanation:
    """The persons of two records, and the path between these where they are one person.

    `devices` are those on which both records were seen, where they are one person; `waiting` is why
    two persons wait for a decision, None where they do not.
    """

    left: str
    right: str
    left_one_id: str
    right_one_id: str
    steps: tuple[Step, ...]
    devices: tuple[Step, ...] = ()
    waiting: str | None = None

    @property
    def is_one_person(self) -> bool:
        """Whether both records are one person."""
        return self.left_one_id == self.right_one_id


def explain(file: Path, left: str, right: str) -> Explanation:
    """Explain two records of a published file, each written `source_system.source_table:key`.

    Raises UsageError for a record that is not there and RekindleError where there is no file.
    """
    if not file.exists():
        raise RekindleError(f"There is no {file} yet; build and publish this brand first.")
    with duckdb.connect(str(file), read_only=True) as connection:
        left_one_id, right_one_id = (one_id_of(connection, record) for record in (left, right))
        if left_one_id != right_one_id:
            waiting = _waiting(connection, left_one_id, right_one_id)
            return Explanation(left, right, left_one_id, right_one_id, (), waiting=waiting)
        steps = _path(connection, left_one_id, left, right)
        devices = _devices(connection, left_one_id, left, right)
    return Explanation(left, right, left_one_id, right_one_id, tuple(steps), tuple(devices))


def one_id_of(connection: duckdb.DuckDBPyConnection, record: str) -> str:
    """The person of a record of a published file; raises UsageError where it is not there."""
    row = connection.execute(
        f"select one_id from identity.oneid_map where {RECORD} = ?", [record]
    ).fetchone()
    if row is not None:
        return str(row[0])
    table = record.split(":", maxsplit=1)[0]
    known = [
        name
        for (name,) in connection.execute(
            f"select {RECORD} from identity.oneid_map"
            " where source_system || '.' || source_table = ? order by all",
            [table],
        ).fetchall()
    ]
    if not known:
        tables = connection.execute(
            "select distinct source_system || '.' || source_table from identity.oneid_map"
            " order by all"
        ).fetchall()
        shown = ", ".join(name for (name,) in tables) or "none; nothing was loaded"
        raise UsageError(
            f"{record} is no record: write source_system.source_table:source_key. "
            f"The tables with records are {shown}."
        )
    near = sorted(get_close_matches(record, known, _SHOWN))
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UsageError(f"There is no record {record} in identity.oneid_map.{hint}")


def _path(
    connection: duckdb.DuckDBPyConnection, one_id: str, left: str, right: str
) -> Sequence[Step]:
    graph = nx.Graph()
    graph.add_node(left)
    evidence: dict[str, tuple[str, str, float | None, str | None]] = {}
    edges = connection.execute(
        """
        select
            left_source_system || '.' || left_source_table || ':' || left_source_key,
            right_source_system || '.' || right_source_table || ':' || right_source_key,
            identifier_type,
            identifier_token,
            match_probability,
            reasons
        from identity.oneid_evidence
        where one_id = ? and identifier_type <> 'device'
        order by all
        """,
        [one_id],
    ).fetchall()
    for first, other, identifier_type, identifier_token, *judged in edges:
        # The identifier is a node of its own: whoever holds it is as near as any other holder.
        identifier = f"{identifier_type}\n{identifier_token}"
        evidence[identifier] = (identifier_type, identifier_token, *judged)
        graph.add_edge(first, identifier)
        graph.add_edge(identifier, other)
    nodes = nx.shortest_path(graph, left, right)
    return [
        Step(nodes[at], nodes[at + 2], *evidence[nodes[at + 1]])
        for at in range(0, len(nodes) - 1, 2)
    ]


def _devices(
    connection: duckdb.DuckDBPyConnection, one_id: str, left: str, right: str
) -> Sequence[Step]:
    """The devices of a person on which two of its records were seen."""
    if left == right:
        return []
    tokens = connection.execute(
        """
        with seen as (
            select
                identifier_token,
                unnest([
                    left_source_system || '.' || left_source_table || ':' || left_source_key,
                    right_source_system || '.' || right_source_table || ':' || right_source_key
                ]) as record
            from identity.oneid_evidence
            where one_id = $one_id and identifier_type = 'device'
        )

        select identifier_token
        from seen
        where record in ($left, $right)
        group by identifier_token
        having count(distinct record) = 2
        order by identifier_token
        """,
        {"one_id": one_id, "left": left, "right": right},
    ).fetchall()
    return [Step(left, right, "device", token) for (token,) in tokens]


def _waiting(connection: duckdb.DuckDBPyConnection, left: str, right: str) -> str | None:
    """Why two persons wait in the review queue."""
    row = connection.execute(
        "select reasons, match_probability from identity.oneid_review_queue"
        " where left_one_id = ? and right_one_id = ?",
        sorted((left, right)),
    ).fetchone()
    if row is None:
        return None
    reasons, probability = row
    return str(reasons) if probability is None else f"{reasons}, probability {probability:.3f}"
