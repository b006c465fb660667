"""Makes the virtual environment of this repository and keeps it equal to its lock.

    python3.11 requirements/install.py run     what `make demo` needs
    python3.11 requirements/install.py test    the same and what `make test` needs, with the system
                                               packages of debian.txt
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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = {"run": ["run"], "test": ["test", "run"], "spark": ["spark", "run"]}
"""What an installation also satisfies: the test lock and the spark lock hold every line of the run
lock, in the same versions, so installing one leaves the other as it was."""

UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
"""What pip's settings are called in the environment of uv."""


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
    """Installs lock `name` and then the package itself, which needs no network.

    uv does it in a fifth of pip's time. Where it cannot be had or does not get through to the
    index, pip does the same from the same lock.
    """
    lock = ROOT / "requirements" / f"{name}.txt"
    total = sum(line[:1].isalnum() for line in lock.read_text().splitlines())
    say(f"installing up to {total} packages from requirements/{name}.txt")
    locked = ["--no-deps", "--require-hashes", "-r"]
    uv = [str(python_of_venv().with_name("uv")), "pip", "install", "--python", str(VENV)]
    if not (
        runs(pip("install", "--quiet", *locked, str(lock.with_name("setup.txt"))))
        and runs([*uv, *locked, str(lock)], index_of_pip())
    ):
        say("uv could not do it (see above); pip does it in a minute or two")
        if not runs(pip("install", "--no-compile", "--progress-bar", "off", *locked, str(lock))):
            fail(
                f"pip could not install requirements/{name}.txt (its last lines are above).",
                "Check that this machine reaches its package index, then run the command again.",
            )
    say("installing the package of this repository")
    editable = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    if not runs(pip("install", "--quiet", "--no-compile", *editable)):
        fail("pip could not install this repository itself (see above).")


def pip(*arguments: str) -> list[str]:
    """A command of the pip in the environment."""
    return [str(python_of_venv()), "-m", "pip", "--disable-pip-version-check", *arguments]


def runs(command: list[str], environment: Mapping[str, str] | None = None) -> bool:
    """Whether a command succeeds; shows its last lines only where it does not."""
    outside = {**os.environ, "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=None if sys.stderr.isatty() else subprocess.STDOUT,
            text=True,
            env={**outside, **(environment or {})},
            check=False,
        )
    except OSError as error:
        say(str(error))
        return False
    if done.returncode != 0:
        sys.stderr.writelines(done.stdout.splitlines(keepends=True)[-15:])
    return done.returncode == 0


def index_of_pip(listed: str | None = None) -> dict[str, str]:
    """What uv is told so that it asks the index that pip is set up for.

    `listed` is the output of `pip config list`. Hashes make it safe to take a package from any of
    the indexes, as pip does. What is set for uv already stays.
    """
    if listed is None:
        command = pip("config", "list")
        listed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    told = {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_HTTP_TIMEOUT": "180"}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = UV_NAMES.get(key.rpartition(".")[2])
        if name is not None:
            separator = "," if name == "UV_FIND_LINKS" else " "
            told[name] = separator.join(value.strip("'\"").replace("\\n", " ").split())
    return {name: value for name, value in told.items() if name not in os.environ}


def install_debian() -> None:
    """Installs the system packages of requirements/debian.txt that are missing, or asks for them.

    Who may not install them gets a sentence and the rest of the environment; the tests that need
    them then fail with the same sentence.
    """
    missing = missing_debian()
    if not missing:
        return
    apt = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    apt += ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"]
    say(f"installing {' and '.join(missing)} with apt-get")
    installing = [*apt, "install", "--yes", "--no-install-recommends", *missing]
    if shutil.which("apt-get") and runs([*apt, "update"]) and runs(installing):
        return
    say(f"make test needs {' and '.join(missing)}: install them (apt install {' '.join(missing)}).")


def missing_debian() -> list[str]:
    """The packages of requirements/debian.txt that are not installed."""
    lines = (ROOT / "requirements" / "debian.txt").read_text().splitlines()
    wanted = [line for line in lines if line[:1].isalnum()]
    if shutil.which("dpkg-query") is None:
        return wanted
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\\n", *wanted]
    listed = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    return [name for name in wanted if f"{name} installed" not in listed.splitlines()]


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
        if name == "test":
            install_debian()
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
