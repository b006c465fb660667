"""Stands in for dbt's `adapter` when sqlfluff renders models without dbt (pre-commit)."""

from collections.abc import Callable


def dispatch(macro_name: str, macro_namespace: str | None = None) -> Callable[..., str]:
    """A macro that renders as a function call of its own name, whatever the engine."""

    def call(*arguments: object, **options: object) -> str:
        values = [str(value) for value in (*arguments, *options.values())]
        return f"{macro_name}({', '.join(values)})"

    return call
