"""How fast the clustering of OneID is, against the least that any clustering has to do.

    python -m benchmarks.oneid [--edges 5000000] [--splink PYTHON | --delta] [--runs 5]

Makes a table of record keys and identifiers, both text, as a brand's identity data would have
them, and clusters it in turn with

- the project's own models, by dbt: numbering the records, links, connected components, and the
  map from record to person, from the first model's begin to the last one's end;
- the floor: scan, one group-by by identifier, one join back, one group-by by record;
- Splink's clustering, where a Python that has Splink is given.

Every map is compared with the components that scipy finds, and so is the one of a chain of records
and two stars. Prints the ratio last: clustering / floor.

With `--delta` the other sides are deltas: to the file that a clustering left come 0.1 % and 1 %
more edges, new records with known identifiers, of which every tenth joins two clusters, and the
same models run incrementally. Then the ratio is delta of 1 % / clustering.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.dbt_times import read_nodes, span
from benchmarks.identity_edges import (
    Edges,
    chain_and_stars,
    identity_edges,
    more_edges,
    together,
    write_edges,
    write_truth,
)
from benchmarks.measuring import (
    MEMORY_LIMIT,
    Apart,
    ChildrenMemory,
    Row,
    apart,
    connect,
    finish,
    in_turn,
    median,
    options_of,
    rod_parser,
    work_folder,
)
from orchestration.warehouse.build import dbt_files
from orchestration.warehouse.dbt_run import dbt_environment, failure_message, run_dbt
from orchestration.workspace import BUILD_FILE_NAME
from tests.identity.harness import policy_types

MODELS = (
    "int_identity__records",
    "int_identity__decided_pairs",
    "int_identity__decided_links",
    "int_identity__restricted_holdings",
    "int_identity__record_holdings",
    "int_identity__holdings",
    "int_identity__links",
    "int_identity__components",
    "int_identity__person_values",
    "int_identity__decided_groups",
    "int_identity__value_groups",
    "int_identity__conflicting_labels",
    "int_identity__contested_holdings",
    "int_identity__nearest_labels",
    "int_identity__separated_records",
    "int_identity__separated_links",
    "int_identity__separated_components",
    "int_identity__used_links",
    "int_identity__linked_persons",
    "int_identity__clusters",
    "int_identity__assignments",
)
FULL = "clustering"
SHARES = {"0.1 %": 0.001, "1 %": 0.01}
"""Deltas, by what they are called."""
INPUTS = """
CREATE SCHEMA intermediate;
CREATE SCHEMA staging;
CREATE VIEW intermediate.int_identity__linking_identifiers AS
SELECT record_key AS source_record_key, 'unionid' AS identifier_type,
    identifier AS identifier_token, 1 AS tenure, CAST(NULL AS TIMESTAMP) AS held_from,
    CAST(NULL AS TIMESTAMP) AS confirmed_at
FROM edges;
CREATE VIEW intermediate.int_identity__known_records AS
SELECT record_key AS source_record_key, split_part(record_key, '.', 1) AS source_system,
    'records' AS source_table, record_key AS source_key,
    TIMESTAMP '2025-01-01' + to_seconds(CAST(hash(record_key) % 30_000_000 AS BIGINT)) AS born_at,
    TIMESTAMP '2026-01-01' AS updated_at
FROM edges GROUP BY record_key;
CREATE TABLE intermediate.int_identity__fact_records
(source_record_key VARCHAR, buyer_key_type VARCHAR, first_fact_at TIMESTAMP,
    first_act_at TIMESTAMP, first_fact_key VARCHAR);
CREATE TABLE staging.stg_rekindle__as_of AS SELECT DATE '2026-01-01' AS as_of_date,
    TIMESTAMP '2026-01-02' AS as_of_end_at;
CREATE TABLE staging.stg_rekindle__erased_records (source_record_key VARCHAR, one_id VARCHAR);
CREATE TABLE staging.stg_commerce__buyer_key_identifiers
(source_record_key VARCHAR, identifier_type VARCHAR, identifier_value VARCHAR);
CREATE TABLE staging.stg_catalog__buyer_key_identifiers AS
FROM staging.stg_commerce__buyer_key_identifiers;
CREATE TABLE intermediate.int_identity__probable_links
(record_id BIGINT, hub_record_id BIGINT, match_probability DOUBLE);
INSERT INTO policy.identifier_policy BY NAME
SELECT DATE '1900-01-01' AS valid_from, identifier_type, 'strong' AS strength,
    identifier_type = 'id_token' AS is_one_per_person
FROM (VALUES ('unionid'), ('id_token')) AS types (identifier_type);
"""
"""What the models read, from nothing but the table of edges and tables of policy."""
POLICIES = (
    "identifier_policy",
    "identifier_pairs",
    "identifier_exclusions",
    "identity_decisions",
)
FLOOR = """
CREATE TABLE map AS
WITH smallest AS (
    SELECT identifier, min(record_key) AS record_key FROM edges GROUP BY identifier
)
SELECT edges.record_key, min(smallest.record_key) AS neighbour
FROM edges INNER JOIN smallest ON edges.identifier = smallest.identifier
GROUP BY edges.record_key
"""
SPLINK_SCRIPT = Path(__file__).with_name("splink_clustering.py")


def make_policies(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of policy that the models read, with the columns they have, without rows."""
    connection.execute("CREATE SCHEMA policy")
    for name in POLICIES:
        columns = ", ".join(f"{column} {kind}" for column, kind in policy_types()[name].items())
        connection.execute(f"CREATE TABLE policy.{name} ({columns})")


def write_input(edges: Edges, folder: Path) -> Path:
    """The build file as it is before the clustering, with the truth beside it as Parquet."""
    folder.mkdir(parents=True)
    file = folder / BUILD_FILE_NAME
    with connect(file) as connection:
        write_edges(connection, edges, "edges")
        make_policies(connection)
        connection.execute(INPUTS)
    with connect() as connection:
        write_truth(connection, edges, "truth")
        connection.execute(f"COPY truth TO '{folder / 'truth.parquet'}'")
    return file


def fresh_copy(file: Path, folder: Path) -> Path:
    """A copy to work on, under the same name, since views keep the name of their catalog."""
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(file, folder / file.name))


def cluster(file: Path, *, full_refresh: bool = True) -> tuple[Apart, dict[str, float]]:
    """Run the models on a file; their time, and the seconds of each."""
    files = dbt_files(file)
    with ChildrenMemory() as memory:
        result = run_dbt(
            files,
            ["run", *(["--full-refresh"] if full_refresh else []), "--select", *MODELS],
            dbt_environment(file.parent / "lake", file, "Asia/Shanghai"),
        )
    if not result.is_successful:
        raise SystemExit(failure_message(result, files))
    nodes = read_nodes(files.target)
    return Apart(span(nodes), memory.peak), {node.name: node.seconds for node in nodes}


@dataclass(frozen=True)
class Delta:
    """What comes to a file that was clustered, and the truth of all of it then, as Parquet."""

    clustered: Path
    more: Edges
    truth: Path

    def cluster(self, work: Path) -> tuple[Apart, dict[str, float]]:
        """Add the edges to a copy and run the models incrementally; then look at the clusters."""
        file = fresh_copy(self.clustered, work)
        with connect(file) as connection:
            write_edges(connection, self.more, "more_edges")
            connection.execute("INSERT INTO edges FROM more_edges")
            connection.execute("DROP TABLE more_edges")
        measured = cluster(file, full_refresh=False)
        check("delta", OURS, file, self.truth)
        return measured


def deltas_of(edges: Edges, given: Path, folder: Path) -> dict[str, Delta]:
    """Cluster a copy, and write what the deltas will have to find."""
    clustered = fresh_copy(given, folder)
    cluster(clustered)
    deltas = {}
    for number, (name, share) in enumerate(SHARES.items()):
        more, truth = more_edges(edges, share), folder / f"truth-{number}.parquet"
        with connect() as connection:
            write_truth(connection, together(edges, more), "truth")
            connection.execute(f"COPY truth TO '{truth}'")
        deltas[name] = Delta(clustered, more, truth)
    return deltas


def floor_seconds(file: Path) -> float:
    """The floor on a copy of the same file, written into it."""
    start = time.perf_counter()
    with connect(file) as connection:
        connection.execute(FLOOR)
    return time.perf_counter() - start


def splink(python: str, edges: Path, clusters: Path) -> Apart:
    """Splink's clustering of the same edges; its map as Parquet."""
    command = [python, str(SPLINK_SCRIPT), str(edges), str(clusters), MEMORY_LIMIT]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{python} cannot run Splink's clustering:\n{done.stderr}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return Apart(float(answer["seconds"]), int(answer["peak"]))


def check(what: str, clusters: str, file: Path | str, truth: Path) -> None:
    """Stop unless `clusters` (record_key, cluster_id) has the truth's records and components."""
    with duckdb.connect(str(file), read_only=file != ":memory:") as connection:
        row = connection.execute(
            f"""
            SELECT count(*), count(record_key), count(cluster_id), count(DISTINCT cluster_id),
                count(DISTINCT component), count(DISTINCT (cluster_id, component))
            FROM ({clusters}) AS clusters FULL JOIN '{truth}' AS truth USING (record_key)
            """
        ).fetchone()
        expected = connection.execute(f"SELECT count(*) FROM '{truth}'").fetchone()
    assert row is not None
    assert expected is not None
    if set(row[:3]) != set(expected) or len(set(row[3:])) != 1:
        raise SystemExit(
            f"{what}: wrong clusters. {expected[0]:,} records expected, {row[2]:,} found in "
            f"{row[3]:,} clusters, {row[4]:,} expected, {row[5]:,} where both are told apart."
        )


def check_chain_and_stars(chain: int, star: int, folder: Path) -> None:
    """Stop unless a long chain and two large stars are clustered right."""
    given = write_input(chain_and_stars(chain, star), folder / "shapes")
    file = fresh_copy(given, folder / "work")
    cluster(file)
    check("chain and stars", OURS, file, folder / "shapes" / "truth.parquet")


OURS = (
    "SELECT source_record_key AS record_key, arg_max(one_id, assignment_number) AS cluster_id"
    " FROM intermediate.int_identity__assignments GROUP BY source_record_key"
)
"""The log says more than once whose a record is where its person became another's."""


def main() -> None:
    """Measure, check and print."""
    parser = rod_parser(__doc__)
    parser.add_argument("--edges", type=int, default=5_000_000)
    parser.add_argument("--splink", metavar="PYTHON", help="a Python that has Splink")
    parser.add_argument("--chain", type=int, default=5_000, help="records of the chain")
    parser.add_argument("--star", type=int, default=100_000, help="points of each star")
    parser.add_argument("--delta", action="store_true", help="measure deltas, and no floor")
    values = parser.parse_args()
    if values.delta and values.splink:
        parser.error("--delta measures deltas alone: leave --splink out.")
    options = options_of(values)
    models: dict[str, list[dict[str, float]]] = {}
    with work_folder() as folder:
        edges = identity_edges(values.edges)
        given = write_input(edges, folder / "given")
        truth = given.with_name("truth.parquet")

        def ours() -> Apart:
            file = fresh_copy(given, folder / "work")
            measured, seconds = cluster(file)
            if FULL not in models:
                check(FULL, OURS, file, truth)
            models.setdefault(FULL, []).append(seconds)
            return measured

        def floor() -> Apart:
            return apart(floor_seconds, fresh_copy(given, folder / "floor"))

        def delta(name: str) -> Apart:
            measured, seconds = deltas[name].cluster(folder / "delta")
            models.setdefault(name, []).append(seconds)
            return measured

        sides: dict[str, Callable[[], Apart]] = {FULL: ours}
        if values.delta:
            deltas = deltas_of(edges, given, folder / "clustered")
            sides |= {name: partial(delta, name) for name in deltas}
        else:
            sides["floor"] = floor
        if values.splink:
            parquet, clusters = folder / "edges.parquet", folder / "splink.parquet"
            with duckdb.connect(str(given), read_only=True) as connection:
                connection.execute(f"COPY edges TO '{parquet}'")
            sides["Splink"] = partial(splink, values.splink, parquet, clusters)
        measured = in_turn(sides, options.runs)
        if values.splink:
            check("Splink", f"FROM '{clusters}'", ":memory:", truth)
        check_chain_and_stars(values.chain, values.star, folder)
    seconds = {name: median([side.seconds for side in each]) for name, each in measured.items()}
    peaks = {name: max(side.peak for side in each) / 2**30 for name, each in measured.items()}
    for side, runs in models.items():
        for model in MODELS:
            print(f"{side}, {model}: {median([run[model] for run in runs]):.2f} s")
    for name in sides:
        print(f"{name}: {seconds[name]:.2f} s, {peaks[name]:.2f} GiB at most")
    print(f"all clusters right; a chain of {values.chain:,} and stars of {values.star:,} too")
    figures = ", ".join(f"{name} {seconds[name]:.2f} s" for name in sides)
    if values.splink:
        faster = seconds["Splink"] / seconds[FULL]
        print(f"Splink / clustering: {faster:.2f}")
        figures += f", Splink / clustering {faster:.2f}"
    size = f"{len(edges):,} edges"
    if values.delta:
        *smaller, last = SHARES
        figures += "".join(
            f", {name} / clustering {seconds[name] / seconds[FULL]:.2f}" for name in smaller
        )
        row = Row("OneID delta", size, figures, f"{seconds[last] / seconds[FULL]:.2f}")
    else:
        row = Row("OneID clustering", size, figures, f"{seconds[FULL] / seconds['floor']:.2f}")
    finish(row, options)


if __name__ == "__main__":
    main()
