"""The brand that Dagster works on: the same DATA as on the command line."""

import os
from pathlib import Path

import dagster as dg

from orchestration.workspace import DATA_SETS, Workspace, resolve_workspace


def data_of_environment() -> str:
    """DATA of this process: REKINDLE_DATA, or the first data set."""
    return os.environ.get("REKINDLE_DATA") or DATA_SETS[0]


class BrandResource(dg.ConfigurableResource[Workspace]):
    """Names a brand's files; `data` is a data set's name or the path of a landing folder.

    `var` and `serving` are folders, by default those of the project.
    """

    data: str = ""
    var: str | None = None
    serving: str | None = None

    def workspace(self) -> Workspace:
        """The brand's folders. Raises UsageError for an unknown data set or a missing folder."""
        return resolve_workspace(
            self.data or data_of_environment(),
            var=Path(self.var) if self.var else None,
            serving=Path(self.serving) if self.serving else None,
        )
