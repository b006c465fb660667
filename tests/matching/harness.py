"""Runs the models of likeness over records in memory, one statement a model, without dbt.

The SQL is that of the project; what a build finds is compared with truth in tests/demo_brand/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import duckdb
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from orchestration.loading.names import latin_form, normalise_name
from orchestration.workspace import PROJECT
from tests.macros.engine import render

MODELS = (
    "match_profiles",
    "match_profile_keys",
    "match_keys",
    "match_candidates",
    "match_levels",
    "match_comparisons",
    "match_settings",
    "match_scores",
    "match_holders",
    "match_pairs",
    "match_groups",
    "probable_links",
)
"""In the order in which they read each other."""
TITLES = re.compile("^(mr|mrs|ms|miss|dr)[. ]+|(先生|女士|小姐|太太)$")
LOGS = ("match_profile_keys", "match_levels")
"""Those that keep what was found out on earlier days."""
FOLDER = PROJECT / "models/intermediate/identity"


@dataclass(frozen=True)
class Record:
    """A record as the loader keeps it: what a person can be recognised by, as it was written."""

    key: str
    name: str | None = None
    birthday: date | None = None
    gender: str | None = None
    address: str | None = None
    city: str | None = None
    district: str | None = None
    postcode: str | None = None
    person: str | None = None
    """Records of one person share an identifier; None = this record alone."""
    id_token: str | None = None
    first_seen: int = 0


def match_records(records: Sequence[Record]) -> pl.DataFrame:
    """The rows of int_identity__match_records; record ids are the positions."""
    persons: dict[str, int] = {}
    rows = []
    for number, record in enumerate(records):
        person = number if record.person is None else persons.setdefault(record.person, number)
        written = normalise_name(record.name) if record.name else ""
        plain = TITLES.sub("", written)
        name = plain if len(plain) > 1 else None
        rows.append(
            {
                "record_id": number,
                "person_id": person,
                "name": name,
                "name_latin": latin_form(written) if name else None,
                "gender": record.gender,
                "birthday": record.birthday,
                "address": normalise_name(record.address) if record.address else None,
                "city": record.city.lower() if record.city else None,
                "district": record.district.lower() if record.district else None,
                "postcode": record.postcode,
            }
        )
    schema = dict.fromkeys(("record_id", "person_id"), pl.Int64) | dict.fromkeys(
        ("name", "name_latin", "gender", "birthday", "address", "city", "district", "postcode"),
        pl.String,
    )
    return pl.DataFrame(rows, schema={**schema, "birthday": pl.Date})


class Matching:
    """The models over some records, each a table `ref.int_identity__<model>`."""

    def __init__(
        self,
        records: Sequence[Record],
        policies: dict[str, pl.DataFrame] | None = None,
        separated: Sequence[tuple[int, int]] = (),
    ) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("create schema ref")
        for path in sorted((PROJECT / "seeds/policy").glob("match_*.csv")):
            self._table(path.stem, f"select * from read_csv('{path}', header=true)")
        for name, frame in (policies or {}).items():
            self._frame(name, frame)
        self._table("stg_rekindle__as_of", "select date '2025-12-31' as as_of_date")
        self._frame("int_identity__decided_pairs", _decided_pairs(separated))
        self._records(records)
        for model in MODELS:
            self._run(model)

    def next_day(self, records: Sequence[Record], change: tuple[str, str] = ("", "")) -> None:
        """Other records, with what was found out about the former ones kept.

        `change` replaces a text in the models.
        """
        self._records(records)
        for model in MODELS:
            self._run(model, change=change, keeps=model in LOGS)

    def _records(self, records: Sequence[Record]) -> None:
        described = match_records(records)
        self._frame("int_identity__match_records", described)
        self._frame("int_identity__linked_persons", _linked_persons(records, described))
        self._frame("int_identity__linking_identifiers", _identifiers(records))

    def rows(self, question: str) -> list[tuple[object, ...]]:
        """The rows of a question to the tables."""
        return self.connection.execute(question).fetchall()

    def frame(self, question: str) -> pl.DataFrame:
        """The same as a frame."""
        return pl.DataFrame(self.connection.execute(question).to_arrow_table())

    def persons(self) -> list[int]:
        """The person of each record, by position: its own, or the eldest of its group."""
        rows = self.rows(
            """
            select record_id, coalesce(hub_record_id, person_id)
            from ref.int_identity__match_records as records
            left join (
                select record_id as person_id, hub_record_id from ref.int_identity__probable_links
            ) using (person_id)
            order by record_id
            """
        )
        return [int(str(person)) for _, person in rows]

    def _run(self, model: str, *, change: tuple[str, str] = ("", ""), keeps: bool = False) -> None:
        text = (FOLDER / f"int_identity__{model}.sql").read_text("utf-8")
        sql = render(text.replace(*change) if change[0] else text, is_incremental=keeps)
        if "match_groups" in model:
            edges = self.connection.execute(sql).fetchall()
            self._frame(f"int_identity__{model}", _components(edges))
        elif keeps:
            sql = sql.replace("this.relation", f"ref.int_identity__{model}")
            self.connection.execute(f"insert into ref.int_identity__{model} {sql}")
        else:
            self._table(f"int_identity__{model}", sql)

    def _table(self, name: str, sql: str) -> None:
        self.connection.execute(f"create or replace table ref.{name} as {sql}")

    def _frame(self, name: str, frame: pl.DataFrame) -> None:
        self.connection.register("given_frame", frame)
        self._table(name, "select * from given_frame")
        self.connection.unregister("given_frame")


def _linked_persons(records: Sequence[Record], described: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "record_id": described["record_id"],
            "source_record_key": [record.key for record in records],
            "first_seen_at": [
                datetime.combine(date(2024, 1, 1) + timedelta(days=record.first_seen), time.min)
                for record in records
            ],
            "mint_key": [record.key for record in records],
            "person_id": described["person_id"],
        }
    )


def _identifiers(records: Sequence[Record]) -> pl.DataFrame:
    held = [record for record in records if record.id_token]
    return pl.DataFrame(
        {
            "source_record_key": [record.key for record in held],
            "identifier_type": ["id_token" for _ in held],
            "identifier_token": [record.id_token for record in held],
        },
        schema=dict.fromkeys(
            ("source_record_key", "identifier_type", "identifier_token"), pl.String
        ),
    )


def _decided_pairs(separated: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """Pairs of records, by position, that somebody decided to keep apart."""
    return pl.DataFrame(
        {
            "decision": ["separate" for _ in separated],
            "left_record_id": [left for left, _ in separated],
            "right_record_id": [right for _, right in separated],
        },
        schema={
            "decision": pl.String,
            "left_record_id": pl.Int64,
            "right_record_id": pl.Int64,
        },
    )


def _components(edges: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """The smallest node of each node's component, as the materialization finds it."""
    nodes = sorted({node for edge in edges for node in edge})
    place = {node: number for number, node in enumerate(nodes)}
    labels = _labels([(place[left], place[right]) for left, right in edges], len(nodes))
    smallest: dict[int, int] = {}
    for node, label in zip(nodes, labels, strict=True):
        smallest.setdefault(label, node)
    return pl.DataFrame(
        {"record_id": nodes, "component_id": [smallest[label] for label in labels]},
        schema={"record_id": pl.Int64, "component_id": pl.Int64},
    )


def _labels(edges: Sequence[tuple[int, int]], count: int) -> list[int]:
    if not edges:
        return []
    left, right = zip(*edges, strict=True)
    graph = coo_array(([1] * len(edges), (left, right)), shape=(count, count))
    return [int(label) for label in connected_components(graph, directed=False)[1]]


@dataclass(frozen=True)
class Figures:
    """Pairs of records: those of one person, those joined, and those of them that are right."""

    true: int
    joined: int
    right: int

    @property
    def precision(self) -> float:
        """Share of the joined pairs that are right."""
        return self.right / self.joined if self.joined else 1.0

    @property
    def recall(self) -> float:
        """Share of the pairs of one person that were joined."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / (self.true + self.joined)


def figures(truth: Sequence[str], found: Sequence[int]) -> Figures:
    """Pairwise figures of a clustering against truth, both by position."""

    def pairs(labels: Iterable[object]) -> int:
        counts = pl.Series("labels", [str(label) for label in labels]).value_counts()["count"]
        return int((counts.cast(pl.Int64) * (counts.cast(pl.Int64) - 1) // 2).sum())

    both = [f"{person}|{cluster}" for person, cluster in zip(truth, found, strict=True)]
    return Figures(pairs(truth), pairs(found), pairs(both))
