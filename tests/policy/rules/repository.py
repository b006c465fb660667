"""The house: locks, documents and what is kept out of version control."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.policy.project import Project
from tests.policy.rule import rule

LARGEST_FILE = 1_000_000
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/")
PLACEHOLDER = re.compile(r"\b(?:TODO|FIXME|TBD|XXX|lorem ipsum)\b", re.IGNORECASE)


def _documents(project: Project) -> Iterator[tuple[str, str]]:
    for path, text in sorted(project.files.items()):
        if path.endswith(".md") and path.startswith(DOCUMENTS):
            yield path, text


@rule
def locks_name_no_host(project: Project) -> Iterator[str]:
    """A lock holds versions and hashes, and nothing about the machine that made it."""
    for path, text in project.texts("requirements", suffix=".txt").items():
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(r"://|--(?:index-url|extra-index-url|find-links|trusted-host)|@ ", line):
                yield f"{path}, line {number}, names a place. Run make lock, which leaves it out."


@rule
def locks_agree(project: Project) -> Iterator[str]:
    """Whatever both locks hold, they hold in the same version with the same hashes."""

    def entries(name: str) -> dict[str, str]:
        text = re.sub(r"^\s*#.*\n?", "", project.files.get(name, ""), flags=re.MULTILINE)
        found = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
        return {entry.partition(" ")[0]: entry.strip() for entry in found if entry.strip()}

    run, test = entries("requirements/run.txt"), entries("requirements/test.txt")
    for name, entry in run.items():
        if test.get(name) != entry:
            yield f"requirements/run.txt has {name}, requirements/test.txt does not. Run make lock."
        if "--hash=" not in entry:
            yield f"requirements/run.txt has {name} without hashes. Run make lock."


@rule
def documents_link_to_what_exists(project: Project) -> Iterator[str]:
    """Relative links lead to a file or folder of this repository."""
    folders = {str(parent) for path in project.files for parent in PurePosixPath(path).parents}
    for path, text in _documents(project):
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text):
            if "://" in target or target.startswith("mailto:"):
                continue
            parts: list[str] = []
            for part in (PurePosixPath(path).parent / target).parts:
                parts = parts[:-1] if part == ".." else [*parts, part]
            place = "/".join(parts)
            if place.endswith((".png", ".svg")):
                continue
            if place not in project.files and place not in folders:
                yield f"{path} links to {target}, which is not there. Correct the link."


@rule
def documents_name_real_commands(project: Project) -> Iterator[str]:
    """Every `make target` in a document is a target of the Makefile."""
    makefile = project.files.get("Makefile", "")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for path, text in _documents(project):
        code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
        for target in sorted(set(re.findall(r"\bmake ([a-z-]+)\b", code)) - targets):
            yield f"{path} says make {target}, which the Makefile does not know. Correct it."


@rule
def documents_are_finished(project: Project) -> Iterator[str]:
    """No placeholder stands in a document."""
    for path, text in _documents(project):
        found = PLACEHOLDER.search(text)
        if found is not None:
            yield f"{path} still says {found[0]}. Write it or leave it out."


@rule
def files_are_small(project: Project) -> Iterator[str]:
    """Data is never committed."""
    for path, text in project.files.items():
        if len(text) > LARGEST_FILE:
            yield f"{path} has {len(text):,} characters. Generate it instead of keeping it."
