"""What a dbt of tests leaves out: work whose only product nobody reads.

A build of a small brand is dbt's own work more than the database's. Here nobody listens to events,
templates are compiled once for all forks, and the macros of a context are looked up in one
dictionary. Which statements reach the database, and in which order, stays dbt's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import jinja2
from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Linker
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import Macro
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import get_template, template_cache
from dbt_common.events.base_types import DebugLevel, EventLevel, InfoLevel
from dbt_common.events.event_manager import EventManager


def leave_out(project: Manifest) -> None:
    """Make the forks of this process lean; call it once, after the project was read."""
    _silence_events()
    _flatten_namespaces()
    _compile_templates_once(project)
    # A project that was read has no cycles, and an order of data tests among models needs some.
    Linker.find_cycles = lambda self: None  # type: ignore[method-assign]
    agate_helper.empty_table = cache(agate_helper.empty_table)


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
