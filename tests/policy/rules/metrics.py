"""What the semantic layer promises: each KPI is defined once, in the words of the policy."""

import csv
import io
from collections.abc import Iterator

from tests.policy.project import Project
from tests.policy.rule import rule

TARGETS = "seeds/policy/kpi_targets.csv"
METRICS = "models/marts/kpi/_kpi__metrics.yml"
SAID = ("label_zh", "numerator", "denominator", "complete_when")


@rule
def kpis_are_metrics(project: Project) -> Iterator[str]:
    """Every KPI of the policy is a metric by its code, a daily one also by <code>_daily."""
    wanted: dict[str, tuple[str, str]] = {}
    for row in csv.DictReader(io.StringIO(project.files.get(TARGETS, ""))):
        code = row["metric_code"]
        for is_wanted, name in ((row["is_monthly"], code), (row["is_daily"], f"{code}_daily")):
            if is_wanted == "true":
                wanted[name] = (code, row["label_zh"])
    found = {}
    for node in project.metrics.values():
        meta = (node.get("config") or {}).get("meta") or {}
        if "metric_code" in meta:
            found[node["name"]] = (str(meta["metric_code"]), str(meta.get("label_zh")))
    for name in sorted(wanted.keys() - found.keys()):
        code = wanted[name][0]
        yield f"{TARGETS} has {code}, which lacks the metric {name}. Add it to {METRICS}."
    for name in sorted(found.keys() - wanted.keys()):
        yield f"{METRICS} has the metric {name}, which is no KPI of {TARGETS}. Add it there."
    for name in sorted(wanted.keys() & found.keys()):
        if wanted[name] != found[name]:
            yield (
                f"{METRICS}: the metric {name} is {' '.join(found[name])}, but "
                f"{' '.join(wanted[name])} in {TARGETS}. Make them agree."
            )


@rule
def metrics_are_described(project: Project) -> Iterator[str]:
    """A metric has a description and a Chinese label; a KPI also says what it is made of."""
    for node in project.metrics.values():
        meta = (node.get("config") or {}).get("meta") or {}
        said = SAID if "metric_code" in meta else SAID[:1]
        missing = [name for name in said if not meta.get(name)]
        missing += [] if node.get("description") else ["description"]
        if missing:
            yield (
                f"{node['original_file_path']}: the metric {node['name']} lacks "
                f"{', '.join(missing)}. Add it."
            )
