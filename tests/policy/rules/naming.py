"""Names and places: the tree explains itself."""

import re
from collections.abc import Iterator

from tests.policy.project import DOMAINS, OWN_SYSTEM, Project
from tests.policy.rule import rule

WORD = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
NOT_IN_NAMES = re.compile(
    r"(?:^|_)(?:v\d+|tmp|temp|new|old|final|view|table|incremental|ephemeral|backup|copy)(?:_|$)"
)
MONTH_COLUMNS = re.compile(r"^(?:month|.*_month)$")
MONEY = re.compile(
    r"(?:^|_)(?:amount|price|discount|revenue|monetary|cost|budget)$|^ltv_|_value_amount$"
)


@rule
def models_are_named_for_their_place(project: Project) -> Iterator[str]:
    """stg_<system>__<entities>, int_<domain>__<phrase>, marts by their plain name."""
    systems = {system for system, _ in project.contract} | {OWN_SYSTEM}
    for model in project.models:
        expected = {
            "staging": rf"stg_{model.folder}__{WORD}",
            "intermediate": rf"int_{model.folder}__{WORD}",
            "marts": rf"(?!stg_|int_){WORD}",
        }.get(model.layer)
        folders = systems if model.layer == "staging" else set(DOMAINS)
        if expected is None or model.folder not in folders:
            yield (
                f"{model.path} stands in no known folder. Use models/staging/<system>/, "
                "models/intermediate/<domain>/ or models/marts/<domain>/, "
                f"where a folder is one of {', '.join(sorted(folders))}."
            )
        elif re.fullmatch(expected, model.name) is None or "__" in (
            model.name.split("__", 1)[-1] if model.layer != "marts" else model.name
        ):
            yield f"{model.path} should have a name like {expected}."


@rule
def names_say_what_not_how(project: Project) -> Iterator[str]:
    """Materialisation and version are never in a name."""
    for model in project.models:
        found = NOT_IN_NAMES.search(model.name)
        if found is not None:
            yield (
                f"{model.path} has '{found[0].strip('_')}' in its name. A name says what a row "
                "is; materialisation and version belong to the configuration and to git."
            )


@rule
def schemas_are_domains(project: Project) -> Iterator[str]:
    """A mart lives in the schema of its domain, the rest in the schema of its layer.

    The vault has a schema of its own, so that rights can be given and taken apart.
    """
    for model in project.models:
        expected = model.folder if model.layer == "marts" else model.layer
        expected = "vault" if model.is_vault else expected
        if model.node["schema"] != expected:
            yield (
                f"{model.path} is built in the schema {model.node['schema']}. "
                f"Its place says {expected}; set +schema in dbt_project.yml."
            )
    for node in project.seeds.values():
        if node["original_file_path"].startswith("seeds/policy/") and node["schema"] != "policy":
            yield (
                f"{node['original_file_path']} is loaded into the schema {node['schema']}. "
                "Policy belongs to the schema policy."
            )


@rule
def yaml_stands_where_it_is_looked_for(project: Project) -> Iterator[str]:
    """One YAML a folder for staging and intermediates, one file a mart, each with its name."""
    for model in project.models:
        expected = {
            "staging": f"{model.path.parent}/_{model.folder}__models.yml",
            "intermediate": f"{model.path.parent}/_int_{model.folder}__models.yml",
            "marts": str(model.path.with_suffix(".yml")),
        }.get(model.layer, "")
        if model.yaml_path != expected:
            stands = f"in {model.yaml_path}" if model.yaml_path else "nowhere"
            yield f"{model.path} is described {stands}. Describe it in {expected}."
    for node in project.sources.values():
        expected = f"models/staging/{node['source_name']}/_{node['source_name']}__sources.yml"
        if node["original_file_path"] != expected:
            yield (
                f"{node['original_file_path']} declares the source {node['source_name']}."
                f"{node['name']}. Declare it in {expected}."
            )
    for node in project.seeds.values():
        expected = "seeds/policy/_policy__seeds.yml"
        if not str(node.get("patch_path") or "").endswith(f"://{expected}"):
            yield f"{node['original_file_path']} is not described in {expected}. Do so there."
    for node in project.exposures.values():
        path = node["original_file_path"]
        if re.fullmatch(r"models/marts/(\w+)/_\1__exposures\.yml", path) is None:
            yield (
                f"{path} declares an exposure. Declare it in "
                "models/marts/<domain>/_<domain>__exposures.yml."
            )


@rule
def unit_tests_are_named_for_behaviour(project: Project) -> Iterator[str]:
    """A unit test is called <model>__<behaviour>, so a failure names the broken rule."""
    for node in project.unit_tests.values():
        if re.fullmatch(rf"{node['model']}__[a-z0-9]+(?:_[a-z0-9]+)*", node["name"]) is None:
            yield (
                f"{node['original_file_path']} holds the unit test {node['name']}. "
                f"Call it {node['model']}__<behaviour>."
            )


@rule
def columns_are_named_by_type(project: Project) -> Iterator[str]:
    """Booleans is_/has_, instants _at, dates _date, keys text, money decimal."""
    for model in project.marts:
        for name, column in model.columns.items():
            kind = str(column.get("data_type") or "").lower()
            money = MONEY.search(name) is not None and model.folder not in {"kpi", "ops"}
            problems = {
                "a boolean starts with is_ or has_": kind == "boolean"
                and not name.startswith(("is_", "has_")),
                "is_ and has_ are booleans": name.startswith(("is_", "has_")) and kind != "boolean",
                "a timestamp ends with _at": kind.startswith("timestamp")
                and not name.endswith("_at"),
                "_at is a timestamp": name.endswith("_at") and not kind.startswith("timestamp"),
                "a date ends with _date (or is a month)": kind == "date"
                and not name.endswith("_date")
                and MONTH_COLUMNS.match(name) is None,
                "_date is a date": name.endswith("_date") and kind != "date",
                "an id is text": name.endswith("_id") and kind not in {"string", "varchar", "text"},
                "money is decimal": money and not kind.startswith("decimal"),
            }
            for problem, is_there in problems.items():
                if is_there:
                    yield (
                        f"{model.yaml_path} declares the column {name} as {kind or 'nothing'}: "
                        f"{problem}. Rename it or change its type."
                    )
