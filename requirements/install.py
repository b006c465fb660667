"""Makes the virtual environment of this repository and keeps it equal to its lock.

    python3.11 requirements/install.py run     what `make demo` needs
    python3.11 requirements/install.py test    the same and what `make test` needs
    python3.11 requirements/install.py spark   the same as run and what Spark needs; add test to it
                                               by a call of its own, the locks agree

Uses the standard library only. A finished installation leaves a stamp that holds the checksum of
the lock, so the next call takes no time, and a changed lock or a moved folder installs again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = {"run": ["run"], "test": ["test", "run"], "spark": ["spark", "run"]}
"""What an installation also satisfies: the test lock and the spark lock hold every line of the run
lock, in the same versions, so installing one leaves the other as it was."""

STEPS = {"Collecting", "Processing", "Requirement"}
"""The first words of the lines in which pip says that it has turned to the next package."""


def checksum(name: str) -> str:
    """The checksum of everything an installation depends on: lock, package and place."""
    digest = hashlib.sha256()
    for path in (ROOT / "requirements" / f"{name}.txt", ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    digest.update(f"{ROOT}\n{sys.version}".encode())
    return digest.hexdigest()


def stamp(name: str) -> Path:
    """The file that says that lock `name` is installed."""
    return VENV / f".installed-{name}"


def is_installed(name: str) -> bool:
    """Whether the environment already equals lock `name`."""
    found = stamp(name)
    return found.is_file() and found.read_text() == checksum(name)


def python_of_venv() -> Path:
    """The interpreter inside the environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_venv() -> None:
    """Makes the environment, anew when it belongs to another folder or another Python."""
    origin = VENV / ".made-for"
    wanted = f"{ROOT}\n{sys.version}"
    if python_of_venv().exists() and origin.is_file() and origin.read_text() == wanted:
        return
    if VENV.exists():
        say("the folder .venv was made elsewhere or is unfinished: making it anew")
        shutil.rmtree(VENV)
    say(f"making .venv with Python {sys.version.split()[0]}")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False)
    if made.returncode != 0:
        fail(
            "Python could not make a virtual environment (see above).",
            "On Debian and Ubuntu its module is a package of its own: apt install python3.11-venv.",
        )
    origin.write_text(wanted)


def install(name: str) -> None:
    """Installs lock `name` and then the package itself, which needs no network."""
    lock = ROOT / "requirements" / f"{name}.txt"
    total = sum(line[:1].isalnum() for line in lock.read_text().splitlines())
    say(f"installing {total} packages from requirements/{name}.txt (minutes on a slow network)")
    pip = [
        str(python_of_venv()),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--no-compile",
    ]
    environment = {**os.environ, "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}
    command = [*pip, "--no-deps", "--require-hashes", "--progress-bar", "off", "-r", str(lock)]
    tail: list[str] = []
    seen = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            tail = [*tail[-14:], line]
            words = line.split()
            if f"(from -r {lock}" in line and words[0] in STEPS:
                seen += 1
                what = words[3] if words[0] == "Requirement" else Path(words[1]).name
                say(f"{seen:>4}/{total}  {'-'.join(what.split('-')[:2])}")
            elif line.startswith("Ignoring "):  # a line for another system
                total -= 1
            elif line.startswith("Installing collected packages"):
                say("all there; unpacking (about half a minute)")
    if process.returncode != 0:
        sys.stderr.writelines(tail)
        fail(
            f"pip could not install requirements/{name}.txt (its last lines are above).",
            "Check that this machine reaches its package index, then run the command again.",
        )
    say("installing the package of this repository")
    package = [*pip, "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    if subprocess.run(package, check=False, env=environment).returncode != 0:
        fail("pip could not install this repository itself (see above).")


def say(text: str) -> None:
    """Prints one line of progress."""
    print(f"[setup] {text}", flush=True)


def fail(*sentences: str) -> None:
    """Ends with sentences that say what happened and what to do."""
    sys.exit("\n".join(f"[setup] {sentence}" for sentence in sentences))


@contextmanager
def only_one() -> Iterator[None]:
    """Lets a second call wait until the first has finished, where the system can lock files."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with Path(__file__).open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main(name: str) -> None:
    """Installs lock `name` unless it is there already."""
    if sys.version_info[:2] != (3, 11):
        fail(
            f"This is Python {sys.version.split()[0]}; the locked packages are for Python 3.11.",
            "Install Python 3.11, or name it: make PYTHON=/path/to/python3.11 …",
        )
    with only_one():
        if is_installed(name):
            return
        started = time.monotonic()
        make_venv()
        install(name)
        for satisfied in LOCKS[name]:
            stamp(satisfied).write_text(checksum(satisfied))
        say(f"ready after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LOCKS:
        fail(f"Say which lock to install: {', '.join(LOCKS)}.")
    main(sys.argv[1])
