"""What a dbt of tests leaves out: work whose only product nobody reads.

A build of a small brand is dbt's own work more than the database's. Here nobody listens to events,
templates are compiled and the graph is linked once for all forks, the macros of a context are
looked up in one dictionary and relations by their key. What makes a table or a view is worked out
once for all builds with the same variables, and each statement runs on one core. Which statements
reach the database, and in which order, stays dbt's.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import jinja2
from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.reference_keys import _make_ref_key
from dbt.artifacts.schemas.results import RunStatus
from dbt.artifacts.schemas.run import RunResult
from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Compiler, Linker
from dbt.context import providers
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import Macro
from dbt.graph.graph import Graph
from dbt.task.run import ModelRunner
from dbt.utils import utils
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import get_template, template_cache
from dbt_common.events.base_types import DebugLevel, EventLevel, InfoLevel
from dbt_common.events.event_manager import EventManager

RENDERED_VARIABLES = ("REKINDLE_BUSINESS_ZONE", "REKINDLE_ENGINE", "REKINDLE_LAKE")
"""Variables of the environment that models are rendered with."""


def leave_out(project: Manifest, folder: Path) -> None:
    """Make the forks of this process lean; call it once, after the project was read.

    In `folder` forks keep what others can use.
    """
    _silence_events()
    _flatten_namespaces()
    _compile_templates_once(project)
    _link_once(project)
    _find_relations_by_key()
    _ask_once()
    _make_alike(folder / "statements")
    _ask_one_core()


USUAL_FIRE_EVENT = EventManager.fire_event
QUIET = (DebugLevel, InfoLevel)


def _silence_events() -> None:
    """Events below a warning are neither made nor fired."""

    def fire_event(
        self: EventManager, e: Any, level: EventLevel | None = None, *rest: Any, **named: Any
    ) -> None:
        if level in {EventLevel.WARN, EventLevel.ERROR}:
            USUAL_FIRE_EVENT(self, e, level, *rest, **named)

    EventManager.fire_event = fire_event  # type: ignore[method-assign]
    for quiet in QUIET:
        quiet.__init__ = lambda self, *args, **fields: None  # type: ignore[method-assign]


def tell_events() -> None:
    """Make this fork tell all that dbt tells."""
    EventManager.fire_event = USUAL_FIRE_EVENT  # type: ignore[method-assign]
    for quiet in QUIET:
        del quiet.__init__


def _flatten_namespaces() -> None:
    """A context makes every macro there is, and asks five dictionaries for each."""
    usual = MacroNamespace.__init__

    def make(self: Any, *args: Any, **named: Any) -> None:
        usual(self, *args, **named)
        self.flat = {}
        for names in reversed(list(self._search_order())):
            self.flat.update(names)

    def names(self: Any) -> Iterator[str]:
        return iter(self.flat)

    def macro(self: Any, name: str) -> Any:
        return self.flat[name]

    def add_macros(self: Any, macros: Iterable[Macro], ctx: dict[str, Any]) -> None:
        for macro in macros:
            generator = object.__new__(MacroGenerator)
            generator.macro, generator.context = macro, ctx
            generator.node, generator.stack = self.node, self.thread_ctx
            is_internal = macro.package_name in self.internal_package_names
            packages = self.internal_packages if is_internal else self.packages
            packages.setdefault(macro.package_name, {})[macro.name] = generator
            if not is_internal and macro.package_name == self.search_package:
                self.locals[macro.name] = generator
            elif not is_internal and macro.package_name == self.root_package:
                self.globals[macro.name] = generator

    MacroNamespaceBuilder.add_macros = add_macros  # type: ignore[method-assign]
    MacroNamespace.__init__ = make  # type: ignore[method-assign]
    MacroNamespace.__iter__ = names  # type: ignore[method-assign]
    MacroNamespace.__getitem__ = macro  # type: ignore[method-assign]


def _compile_templates_once(project: Manifest) -> None:
    compiled: dict[tuple[object, ...], Any] = {}
    usual = jinja2.Environment.compile

    def compile_once(self: Any, source: Any, *rest: Any, **named: Any) -> Any:
        key = (type(self), source, *rest, *named.items())
        if key not in compiled:
            compiled[key] = usual(self, source, *rest, **named)
        return compiled[key]

    jinja2.Environment.compile = compile_once  # type: ignore[method-assign]
    for macro in project.macros.values():
        template_cache.get_node_template(macro)
    for node in project.nodes.values():
        if node.raw_code:
            get_template(node.raw_code, {}, node)


def _link_once(project: Manifest) -> None:
    """The graph is the same for every fork; each has its own copy of it."""
    # A project that was read has no cycles, and an order of data tests among models needs some.
    Linker.find_cycles = lambda self: None  # type: ignore[method-assign]
    project.build_parent_and_child_maps()  # type: ignore[no-untyped-call]
    graphs = {}
    for has_test_edges in (False, True):
        linker = Linker()
        linker.link_graph(project)
        if has_test_edges:
            linker.add_test_edges(project)
        graphs[has_test_edges] = Graph(linker.graph)

    def compile_project(
        self: Compiler, manifest: Manifest, write: bool = True, add_test_edges: bool = False
    ) -> Graph:
        self.initialize()  # type: ignore[no-untyped-call]
        return graphs[add_test_edges]

    Compiler.compile = compile_project  # type: ignore[method-assign]


def _find_relations_by_key() -> None:
    """A relation is asked for by its name, and not for all that its schema holds."""
    usual = BaseAdapter.get_relation

    def get_relation(self: Any, database: str, schema: str, identifier: str) -> Any:
        if not self._schema_is_cached(database, schema):
            return usual(self, database, schema, identifier)
        sought = self.Relation.create(database=database, schema=schema, identifier=identifier)
        found = self.cache.relations.get(_make_ref_key(sought))
        return None if found is None else found.inner

    BaseAdapter.get_relation = get_relation  # type: ignore[method-assign]


def _ask_once() -> None:
    """What contexts and results of queries begin with is the same every time."""
    agate_helper.empty_table = cache(agate_helper.empty_table)
    usual_tester = cache(agate_helper.build_type_tester)

    def build_type_tester(
        text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")
    ) -> Any:
        return usual_tester(tuple(sorted(text_columns)), tuple(string_null_values or ()))

    agate_helper.build_type_tester = build_type_tester
    arguments: list[dict[str, Any]] = []

    def args_to_dict(args: Any) -> dict[str, Any]:
        if not arguments:
            arguments.append(utils.args_to_dict(args))  # type: ignore[no-untyped-call]
        return dict(arguments[0])

    providers.args_to_dict = args_to_dict  # type: ignore[attr-defined]


def _make_alike(folder: Path) -> None:
    """Make a table or view by the statement by which a fork before made it, contract proved.

    It is a function of the variables, of what stands under its name so far, and of nothing else:
    no model looks into the database while it is rendered, unless it is incremental.
    """
    folder.mkdir()
    noted = threading.local()
    usual_execute = BaseAdapter.execute
    usual_compile: Any = ModelRunner.compile
    usual_run: Any = ModelRunner.execute

    def execute(self: Any, sql: str, auto_begin: bool = False, *rest: Any, **named: Any) -> Any:
        if auto_begin:
            noted.sql = sql
        return usual_execute(self, sql, auto_begin, *rest, **named)

    def known(runner: Any) -> tuple[Path, Any]:
        """The file of a node's statement, and the relation that it makes."""
        node, adapter = runner.node, runner.adapter
        relation = adapter.Relation.create_from(runner.config, node)
        former = adapter.get_relation(relation.database, relation.schema, relation.identifier)
        settings = [os.environ.get(name) for name in RENDERED_VARIABLES]
        variables = sorted(runner.config.cli_vars.items())
        key = repr((node.unique_id, former and former.type, settings, variables))
        kind = node.get_materialization()
        made = relation.incorporate(type=kind) if kind in {"table", "view"} else None
        return folder / hashlib.sha256(key.encode()).hexdigest(), made

    def compile_node(self: Any, manifest: Manifest) -> Any:
        file, made = known(self)
        if made and file.exists():
            return self.node
        return usual_compile(self, manifest)

    def run(self: Any, model: Any, manifest: Manifest) -> Any:
        file, made = known(self)
        if not (made and file.exists()):
            result = usual_run(self, model, manifest)
            if made:
                unready = file.with_suffix(f".{os.getpid()}")
                unready.write_text(noted.sql, encoding="utf-8")
                unready.rename(file)
            return result
        self.adapter.execute(file.read_text(encoding="utf-8"), auto_begin=True)
        self.adapter.commit_if_has_connection()
        self.adapter.cache_added(made.incorporate(dbt_created=True))
        return RunResult(
            node=model,
            status=RunStatus.Success,
            timing=[],
            thread_id=threading.current_thread().name,
            execution_time=0,
            message="OK",
            adapter_response={},
            failures=None,
            batch_results=None,
        )

    BaseAdapter.execute = execute  # type: ignore[method-assign]
    ModelRunner.compile = compile_node  # type: ignore[method-assign]
    ModelRunner.execute = run  # type: ignore[method-assign]


def _ask_one_core() -> None:
    """A query on few rows is answered sooner by one core than it is shared among two."""
    usual = duckdb.connect

    def connect(database: str, read_only: bool, config: dict[str, Any]) -> Any:
        return usual(database, read_only, {**config, "threads": 1})

    duckdb.connect = connect  # type: ignore[assignment]
