"""A PostgreSQL server for the tests of a module, and a shop's database in it for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from orchestration.databases.pull import PullSummary, pull
from orchestration.loading.load import load
from orchestration.loading.summary import LoadSummary
from tests.databases.postgres import Server, postgres

ORDERS = """
    create table orders (
        order_id text primary key,
        order_channel text not null default 'website',
        buyer_key_type text not null default 'none',
        status text not null,
        ordered_at timestamptz not null default '2025-03-01 10:00:00+08',
        gross_amount numeric(18, 2) not null default 10,
        discount_amount numeric(18, 2) not null default 0,
        net_amount numeric(18, 2) not null,
        updated_at timestamptz not null default clock_timestamp()
    );
    create role reader login;
    grant select on orders to reader;
"""
SETTINGS = """
databases:
  shop:
    url: ${SHOP_URL}
    tables:
      commerce.orders: {table: orders, cursor: updated_at}
"""
_NUMBERS = count(1)


@dataclass
class Shop:
    """A shop's database and the landing folder, lake and positions of its brand."""

    server: Server
    database: str
    folder: Path
    connection: psycopg.Connection[Any]

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def state(self) -> Path:
        return self.folder / "var" / "databases"

    @property
    def address(self) -> str:
        return self.server.address(self.database, "reader")

    def run(self, statement: str) -> None:
        self.connection.execute(statement)

    def settings(self, text: str) -> None:
        (self.landing / "databases.yml").write_text(text, encoding="utf-8")

    def table(self, options: str) -> None:
        """Set the options of commerce.orders."""
        self.settings(SETTINGS.replace("{table: orders, cursor: updated_at}", "{" + options + "}"))

    def pull(self, **environment: str) -> PullSummary:
        return pull(self.landing, self.state, environment={"SHOP_URL": self.address, **environment})

    def failure(self, **environment: str) -> str:
        """The one sentence with which a pull of nothing ends."""
        summary = self.pull(**environment)
        assert not summary.pulled
        (sentence,) = summary.failures
        return sentence

    def load(self) -> LoadSummary:
        lake = self.folder / "var" / "lake"
        return load(
            self.landing,
            lake,
            now=datetime.now(UTC),
            token_key=b"of tests",
            progress=False,
            threads=1,
        )

    def files(self, table: str = "commerce/orders") -> list[Path]:
        return sorted((self.landing / table).glob("*.parquet"))

    def lake(self, query: str, table: str = "commerce/orders") -> list[tuple[Any, ...]]:
        """Ask the lake; `rows` are all versions of a table."""
        parts = self.folder / "var" / "lake" / "raw" / table / "*.parquet"
        return duckdb.execute(
            f"with rows as (from read_parquet('{parts}', union_by_name = true)) {query}"
        ).fetchall()

    def delivered(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the landing files; `rows` are all rows that were delivered."""
        files = ", ".join(f"'{path}'" for path in self.files())
        return duckdb.execute(
            f"""with rows as (
                select * replace (updated_at at time zone 'UTC' as updated_at)
                from read_parquet([{files}], union_by_name = true)
            ) {query}"""
        ).fetchall()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with postgres() as running:
        with running.connect() as connection:
            connection.execute("create database empty")
            with running.connect("empty") as inside:
                inside.execute(ORDERS)
        yield running


@contextmanager
def new_database(server: Server) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """A database with an empty table of orders, and a connection of its owner."""
    name = f"shop_{next(_NUMBERS)}"
    with server.connect() as connection:
        connection.execute(f"create database {name} template empty")
    with server.connect(name) as connection:
        yield name, connection


@pytest.fixture
def database(server: Server) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    with new_database(server) as made:
        yield made


@pytest.fixture
def shop(server: Server, database: tuple[str, psycopg.Connection[Any]], tmp_path: Path) -> Shop:
    name, connection = database
    made = Shop(server, name, tmp_path, connection)
    made.landing.mkdir()
    made.settings(SETTINGS)
    return made
