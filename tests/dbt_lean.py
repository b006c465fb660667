"""What a dbt of tests leaves out: work whose only product nobody reads.

A build of a small brand is dbt's own work more than the database's. Here nobody listens to events,
templates are compiled and the graph is linked once for all forks, the macros of a context are
looked up in one dictionary and relations by their key. Which statements reach the database, and in
which order, stays dbt's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import jinja2
from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.reference_keys import _make_ref_key
from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Compiler, Linker
from dbt.context import providers
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import Macro
from dbt.graph.graph import Graph
from dbt.utils import utils
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import get_template, template_cache
from dbt_common.events.base_types import DebugLevel, EventLevel, InfoLevel
from dbt_common.events.event_manager import EventManager


def leave_out(project: Manifest) -> None:
    """Make the forks of this process lean; call it once, after the project was read."""
    _silence_events()
    _flatten_namespaces()
    _compile_templates_once(project)
    _link_once(project)
    _find_relations_by_key()
    _ask_once()


def _silence_events() -> None:
    """Events below a warning are neither made nor fired."""
    usual = EventManager.fire_event

    def fire_event(
        self: EventManager, e: Any, level: EventLevel | None = None, *rest: Any, **named: Any
    ) -> None:
        if level in {EventLevel.WARN, EventLevel.ERROR}:
            usual(self, e, level, *rest, **named)

    EventManager.fire_event = fire_event  # type: ignore[method-assign]
    for quiet in (DebugLevel, InfoLevel):
        quiet.__init__ = lambda self, *args, **fields: None  # type: ignore[method-assign]


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
