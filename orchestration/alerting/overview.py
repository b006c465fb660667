"""How the alerts of a brand stand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from orchestration.alerting.store import AlertEvent, AlertStore, DeadLetter
from orchestration.alerting.wording import SEVERITIES
from orchestration.workspace import Workspace


@dataclass(frozen=True)
class Overview:
    """The newest event of each open alert, the worst first; what waits and what failed."""

    open: tuple[AlertEvent, ...]
    waiting: int
    dead: tuple[DeadLetter, ...]

    def counts(self) -> str:
        """`7 alerts are open (2 critical, 5 warning)`."""
        number = len(self.open)
        found = Counter(event.severity for event in self.open)
        told = ", ".join(f"{found[one]} {one}" for one in SEVERITIES if found[one])
        verb = "alert is" if number == 1 else "alerts are"
        return f"{number} {verb} open" + (f" ({told})" if told else "")


def overview(workspace: Workspace) -> Overview:
    """How the alerts of a brand stand; nothing where it was never published."""
    if not workspace.alert_store.is_file():
        return Overview((), 0, ())
    store = AlertStore(workspace.alert_store)
    try:
        found = store.events(only_open=True)
        ranks = {severity: rank for rank, severity in enumerate(SEVERITIES)}
        found.sort(
            key=lambda event: (
                ranks[event.severity],  # type: ignore[index]
                event.rule_code,
                event.dimension_value,
            )
        )
        return Overview(tuple(found), len(store.waiting()), store.dead_letters())
    finally:
        store.close()
