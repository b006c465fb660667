"""What a build on Spark computed and moved, table by table, from Spark's own event log.

    python -m benchmarks.spark_stages MEMBERS=PATH [MEMBERS=PATH …] [--at 100_000_000] [--top 25]
        [--select +fct_orders]

PATH is a raw lake (a folder that holds raw/) of a brand with so many members, which is built on
Spark from nothing, data tests left out, as a large brand would be (see LARGE); or an event log that
was written before, uncompressed and in one file. `--logs FOLDER` keeps the logs of what is built.
With `--select` only these models are built, and only tables that all logs have are compared.

Prints the costliest tables of the last one: core seconds (those of the processor behind a slash),
rows read, bytes shuffled, spilled and written, how much more than the median task the largest one
fetched, and the operators of the final plans. With two, it adds what each grew by, and with `--at`
what a brand of that size costs if each member more goes on costing what it did between the last
two. `--plan TABLE` prints the final plan of one table's statements.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.building import build_in, workspace_in
from benchmarks.measuring import GIB, work_folder

OTHER = "no table"
"""Where work is counted that wrote no table: look-ups of dbt, and data tests."""

WORTH_A_LOOK = 2**20
"""Bytes; the skew of a stage counts where its largest task fetched as many."""

LARGE = {
    "spark.sql.autoBroadcastJoinThreshold": "100k",
    "spark.sql.adaptive.coalescePartitions.enabled": "false",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "false",
    "spark.eventLog.rolling.enabled": "false",
    "spark.cleaner.periodicGC.interval": "3min",
}
"""How a build of a small brand shows the plans of a large one: what grows with the members is not
sent to every executor, and every stage has all its tasks, so that one that is too large is seen.
What was shuffled is removed early, or a disk would have to hold that of half an hour."""

OPERATORS = {
    "SortMergeJoin": "merge joins",
    "ShuffledHashJoin": "hash joins",
    "BroadcastHashJoin": "broadcast joins",
    "BroadcastNestedLoopJoin": "nested loops",
    "CartesianProduct": "products",
    "Window": "windows",
    "Exchange": "exchanges",
}

_SQL = "org.apache.spark.sql.execution.ui.SparkListenerSQL"
_TARGET = re.compile(
    r"InsertIntoHadoopFsRelationCommand\nInput.*\nArguments: \S*?/(\w+)\.db/(\w+),"
)
_OPERATOR = re.compile(rf"[+:]- (?:\* )?({'|'.join(OPERATORS)})\b")


@dataclass(frozen=True)
class Work:
    """What was done for a table, or for all.

    `seconds` are those in which a task held a core, `busy` those of the processor among them.
    `rows` are read from files, the others are bytes. `skew` is the largest task over the median
    one, by what a stage fetched.
    """

    tasks: int = 0
    seconds: float = 0.0
    busy: float = 0.0
    rows: float = 0
    shuffled: float = 0
    spilled: float = 0
    written: float = 0
    skew: float = 1.0

    def __add__(self, other: Work) -> Work:
        """Both together."""
        return Work(
            self.tasks + other.tasks,
            self.seconds + other.seconds,
            self.busy + other.busy,
            self.rows + other.rows,
            self.shuffled + other.shuffled,
            self.spilled + other.spilled,
            self.written + other.written,
            max(self.skew, other.skew),
        )

    def at(self, members: float, smaller: Work, between: tuple[float, float]) -> Work:
        """A brand of `members`: on the straight line through the two sizes `between`."""
        factor = (members - between[1]) / (between[1] - between[0])

        def onwards(mine: float, other: float) -> float:
            return mine + max(0.0, mine - other) * factor

        return replace(
            self,
            seconds=onwards(self.seconds, smaller.seconds),
            busy=onwards(self.busy, smaller.busy),
            rows=onwards(self.rows, smaller.rows),
            shuffled=onwards(self.shuffled, smaller.shuffled),
            spilled=onwards(self.spilled, smaller.spilled),
            written=onwards(self.written, smaller.written),
        )


@dataclass
class Log:
    """What an event log says: the work and the final plans, by table (schema.name)."""

    work: dict[str, Work] = field(default_factory=dict)
    plans: dict[str, list[str]] = field(default_factory=dict)

    @property
    def together(self) -> Work:
        """All work."""
        return sum(self.work.values(), Work())

    def operators(self, table: str) -> Counter[str]:
        """How many of each operator the final plans of a table have."""
        return Counter(name for plan in self.plans.get(table, ()) for name in operators_of(plan))


def read_log(lines: Iterable[str]) -> Log:
    """The work of each table. A statement's work is that of the table it writes."""
    plans: dict[int, str] = {}
    tables: dict[int, str] = {}
    stages: dict[int, int] = {}
    tasks: dict[int, list[tuple[Work, int]]] = {}
    for event in _events(lines):
        kind = event["Event"]
        if kind.startswith(_SQL) and "physicalPlanDescription" in event:
            number, plan = int(event["executionId"]), str(event["physicalPlanDescription"])
            target = _TARGET.search(plan)
            plans[number] = plan
            if target is not None:
                tables[number] = f"{target[1]}.{target[2]}"
        elif kind == "SparkListenerJobStart":
            number = int(event["Properties"].get("spark.sql.execution.id", -1))
            stages.update(dict.fromkeys(map(int, event["Stage IDs"]), number))
        elif kind == "SparkListenerTaskEnd" and event.get("Task Metrics"):
            tasks.setdefault(int(event["Stage ID"]), []).append(_task(event["Task Metrics"]))
    log = Log()
    for stage, done in tasks.items():
        table = tables.get(stages.get(stage, -1), OTHER)
        fetched = [bytes_fetched for _, bytes_fetched in done]
        work = sum((one for one, _ in done), Work(skew=_skew(fetched)))
        log.work[table] = log.work.get(table, Work()) + work
    for number, table in tables.items():
        log.plans.setdefault(table, []).append(plans[number])
    return log


def operators_of(plan: str) -> Iterator[str]:
    """The operators of a plan that cost something, the final plan's where Spark adapted it."""
    tree = plan.split("\n\n", 1)[0]
    final = tree.split("== Initial Plan ==", 1)[0].split("== Final Plan ==", 1)[-1]
    yield from _OPERATOR.findall(final)


def _events(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    wanted = ('"SparkListenerJobStart"', '"SparkListenerTaskEnd"', _SQL)
    for line in lines:
        if any(name in line[:120] for name in wanted):
            yield json.loads(line)


def _task(metrics: Mapping[str, Any]) -> tuple[Work, int]:
    fetched = metrics["Shuffle Read Metrics"]
    work = Work(
        tasks=1,
        seconds=metrics["Executor Run Time"] / 1e3,
        busy=metrics["Executor CPU Time"] / 1e9,
        rows=metrics["Input Metrics"]["Records Read"],
        shuffled=metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"],
        spilled=metrics["Disk Bytes Spilled"],
        written=metrics["Output Metrics"]["Bytes Written"],
    )
    return work, int(fetched["Remote Bytes Read"]) + int(fetched["Local Bytes Read"])


def _skew(fetched: Sequence[int]) -> float:
    if max(fetched) < WORTH_A_LOOK:
        return 1.0
    return max(fetched) / max(1.0, statistics.median(fetched))


def build_with_log(lake: Path, logs: Path, selection: Sequence[str]) -> Path:
    """Build a lake, or a selection of models, on Spark from nothing; returns the event log."""
    with work_folder() as folder:
        logs.mkdir(parents=True, exist_ok=True)
        before = set(logs.iterdir())
        settings = LARGE | {"spark.eventLog.dir": logs.absolute().as_uri()}
        lines = [f"{name} {value}\n" for name, value in settings.items()]
        (folder / "spark-defaults.conf").write_text("".join(lines), encoding="utf-8")
        workspace = replace(workspace_in(folder, folder / "landing", lake), engine="spark")
        environment = {"SPARK_CONF_DIR": str(folder), "REKINDLE_SPARK_SHUFFLE_PARTITIONS": "8"}
        built = build_in(
            workspace,
            full_refresh=True,
            with_tests=False,
            environment=environment,
            selection=selection,
        )
        print(f"{lake}: built in {built.seconds:,.0f} s, {built.peak / GIB:.1f} GiB at most")
        (log,) = set(logs.iterdir()) - before
    return log


def in_all_of_them(logs: Sequence[Log]) -> list[Log]:
    """The logs without the tables that one of them lacks: a selection beside a whole build."""
    shared = set.intersection(*(set(log.work) for log in logs))
    return [Log({name: log.work[name] for name in shared}, log.plans) for log in logs]


def print_tables(log: Log, smaller: Log | None, growth: float, top: int) -> None:
    """A line for each of the costliest tables, and one for all."""
    head = ["table", "tasks", "core s", "rows read", "shuffled", "spilled", "written", "skew"]
    print("| " + " | ".join([*head, "grew by", "plan"]) + " |")
    print("| --- " + "| ---: " * (len(head)) + "| --- |")
    ranked = sorted(log.work, key=lambda name: log.work[name].seconds, reverse=True)
    for name in ranked[:top]:
        former = smaller.work.get(name) if smaller is not None else None
        operators = log.operators(name)
        plan = ", ".join(
            f"{operators[key]} {OPERATORS[key]}" for key in OPERATORS if operators[key]
        )
        print(f"| {name} | {_cells(log.work[name])} | {_growth(log.work[name], former)} | {plan} |")
    former = smaller.together if smaller is not None else None
    grew = _growth(log.together, former)
    note = f"the brand grew by {growth:.1f}" if growth else ""
    print(f"| all {len(log.work)} | {_cells(log.together)} | {grew} | {note} |")


def _cells(work: Work) -> str:
    return " | ".join(
        [
            f"{work.tasks:,}",
            f"{work.seconds:,.0f} / {work.busy:,.0f}",
            f"{work.rows:,.0f}",
            *(_size(one) for one in (work.shuffled, work.spilled, work.written)),
            f"{work.skew:.1f}",
        ]
    )


def _size(number: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number / 1e3:,.0f} kB" if number else "–"


def _growth(work: Work, former: Work | None) -> str:
    """How many times the processor seconds and the shuffled bytes of a smaller brand."""
    if former is None or not former.busy:
        return ""
    shuffled = f", shuffle {work.shuffled / former.shuffled:.1f}" if former.shuffled else ""
    return f"{work.busy / former.busy:.1f}{shuffled}"


def main() -> None:
    """Read or build, then print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("brands", nargs="+", metavar="MEMBERS=PATH")
    parser.add_argument("--at", type=int, help="members of a brand to work out")
    parser.add_argument("--top", type=int, default=25, help="tables to print")
    parser.add_argument("--logs", type=Path, help="where to keep the logs of what is built")
    parser.add_argument(
        "--select", nargs="+", default=(), metavar="MODEL", help="build these only, in dbt's words"
    )
    parser.add_argument("--plan", metavar="TABLE", help="print the final plan of one table")
    values = parser.parse_args()
    given = [brand.partition("=") for brand in values.brands]
    sizes = [int(members) for members, _, _ in given]
    with work_folder() as folder:
        logs = [
            _log(
                Path(path),
                values.logs / members if values.logs else folder / members,
                values.select,
            )
            for members, _, path in given
        ]
    if values.plan:
        print("\n\n".join(logs[-1].plans.get(values.plan, ["There is no such table."])))
        return
    logs = in_all_of_them(logs) if values.select else logs
    smaller = logs[-2] if len(logs) > 1 else None
    print_tables(logs[-1], smaller, sizes[-1] / sizes[-2] if len(logs) > 1 else 0, values.top)
    if values.at and smaller is not None:
        then = logs[-1].together.at(values.at, smaller.together, (sizes[-2], sizes[-1]))
        print(f"{values.at:,} members: {_cells(then)}")


def _log(path: Path, kept: Path, selection: Sequence[str]) -> Log:
    file = build_with_log(path, kept, selection) if path.is_dir() else path
    with file.open(encoding="utf-8") as lines:
        return read_log(lines)


if __name__ == "__main__":
    main()
