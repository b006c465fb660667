"""What is read out of an event log of Spark."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.spark_stages import OTHER, Work, operators_of, read_log

SQL = "org.apache.spark.sql.execution.ui.SparkListenerSQL"
PLAN = """== Physical Plan ==
AdaptiveSparkPlan (72)
+- == Final Plan ==
   Execute InsertIntoHadoopFsRelationCommand (9)
   +- WriteFiles (8)
      +- * BroadcastHashJoin Inner BuildRight (7)
         :- Window (6)
         :  +- * Sort (5)
         :     +- ShuffleQueryStage (4)
         :        +- Exchange (3)
         +- BroadcastQueryStage (2)
+- == Initial Plan ==
   Execute InsertIntoHadoopFsRelationCommand (9)
   +- SortMergeJoin Inner (7)
      :- Exchange (3)


(9) Execute InsertIntoHadoopFsRelationCommand
Input: []
Arguments: file:/data/warehouse/core.db/fct_orders, false, [_month#2419], Parquet
"""


def task(stage: int, fetched: int) -> dict[str, Any]:
    return {
        "Event": "SparkListenerTaskEnd",
        "Stage ID": stage,
        "Task Metrics": {
            "Executor Run Time": 1500,
            "Executor CPU Time": 1_000_000_000,
            "Disk Bytes Spilled": 5,
            "Input Metrics": {"Records Read": 7},
            "Output Metrics": {"Bytes Written": 11},
            "Shuffle Read Metrics": {"Remote Bytes Read": fetched, "Local Bytes Read": 1},
            "Shuffle Write Metrics": {"Shuffle Bytes Written": 13},
        },
    }


def job(stages: list[int], execution: str | None) -> dict[str, Any]:
    properties = {"spark.sql.execution.id": execution} if execution else {}
    return {"Event": "SparkListenerJobStart", "Stage IDs": stages, "Properties": properties}


def statement(kind: str, plan: str) -> dict[str, Any]:
    return {"Event": SQL + kind, "executionId": 3, "physicalPlanDescription": plan}


def test_work_and_final_plan_of_the_table_a_statement_writes() -> None:
    first = PLAN.replace("+- == Final Plan", "+- == Current Plan")
    events = [
        {"Event": "SparkListenerLogStart"},
        statement("ExecutionStart", first),
        statement("AdaptiveExecutionUpdate", PLAN),
        job([1, 2], "3"),
        job([4], None),
        *[task(1, size) for size in (2**21 - 1, 2**21 - 1, 2**23 - 1)],
        task(4, 0),
        {"Event": "SparkListenerTaskEnd", "Stage ID": 4, "Task Metrics": None},
    ]
    log = read_log(json.dumps(event) for event in events)
    assert log.work["core.fct_orders"] == Work(3, 4.5, 3.0, 21, 39, 15, 33, skew=4.0)
    assert log.work[OTHER].tasks == 1
    assert log.together.tasks == 4
    assert log.operators("core.fct_orders") == {"BroadcastHashJoin": 1, "Window": 1, "Exchange": 1}


def test_a_plan_that_was_not_adapted() -> None:
    assert list(operators_of("== Physical Plan ==\nA (1)\n+- SortMergeJoin (2)\n")) == [
        "SortMergeJoin"
    ]


def test_further_on_the_line_between_two_sizes() -> None:
    smaller, larger = Work(seconds=20, shuffled=10, spilled=9), Work(seconds=30, shuffled=110)
    then = larger.at(1_000_000, smaller, (10_000, 100_000))
    assert then.seconds == pytest.approx(130)
    assert then.shuffled == pytest.approx(1110)
    assert then.spilled == 0
