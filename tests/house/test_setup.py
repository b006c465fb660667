"""Setting up: nothing twice, and a sentence when something is missing."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """requirements/install.py, working on a repository in a temporary folder."""
    spec = importlib.util.spec_from_file_location("install", ROOT / "requirements/install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    for name in ("run", "test", "spark"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1.0\n")
    (tmp_path / "requirements" / "debian.txt").write_text("# why\nbrowser\nfont\n")
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    return module


def test_installed_lock_is_not_installed_again(install: ModuleType) -> None:
    assert not install.is_installed("run")
    install.stamp("run").write_text(install.checksum("run"))
    assert install.is_installed("run")
    assert not install.is_installed("test")


@pytest.mark.parametrize("changed", ["requirements/run.txt", "pyproject.toml"])
def test_changed_lock_is_installed_again(install: ModuleType, tmp_path: Path, changed: str) -> None:
    install.stamp("run").write_text(install.checksum("run"))
    (tmp_path / changed).write_text("something else")
    assert not install.is_installed("run")


def test_moved_folder_is_installed_again(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install.stamp("run").write_text(install.checksum("run"))
    moved = tmp_path.with_name("moved")
    tmp_path.rename(moved)
    monkeypatch.setattr(install, "ROOT", moved)
    monkeypatch.setattr(install, "VENV", moved / ".venv")
    assert not install.is_installed("run")


def test_another_python_is_refused_with_a_sentence(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    with pytest.raises(SystemExit, match=r"Install Python 3\.11, or name it"):
        install.main("run")


def test_uv_asks_the_index_that_pip_is_set_up_for(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*install.UV_NAMES.values(), "UV_INDEX_STRATEGY"):
        monkeypatch.delenv(name, raising=False)
    told = install.index_of_pip(
        ":env:.timeout='9'\n"
        "global.index-url='https://one.example/simple'\n"
        "global.extra-index-url='https://two.example/a?b=c https://three.example'\n"
        "install.find-links='/here\\n/there'\n"
    )
    assert told["UV_DEFAULT_INDEX"] == "https://one.example/simple"
    assert told["UV_INDEX"] == "https://two.example/a?b=c https://three.example"
    assert told["UV_FIND_LINKS"] == "/here,/there"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine.example")
    assert "UV_DEFAULT_INDEX" not in install.index_of_pip("global.index-url='https://one.example'")


@pytest.mark.parametrize("broken", ["no uv", "uv finds nothing"])
def test_pip_does_what_uv_can_not(
    install: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    said = tmp_path / "said.txt"
    commands = tmp_path / ".venv" / "bin"
    commands.mkdir()
    (commands / "python").write_text(f'#!/bin/sh\necho "$@" >>{said}\n')
    (commands / "uv").write_text("#!/bin/sh\necho no such index; exit 2\n")
    for command in commands.iterdir():
        command.chmod(0o755)
    if broken == "no uv":
        (commands / "uv").unlink()
    monkeypatch.setattr(install, "python_of_venv", lambda: commands / "python")
    install.install("run")
    lock = str(tmp_path / "requirements" / "run.txt")
    assert sum(line.endswith(lock) for line in said.read_text().splitlines()) == 1


@pytest.fixture
def system(install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system that has the browser and lacks the font; its apt-get notes what it is asked for."""
    programs = tmp_path / "system"
    programs.mkdir()
    for name, body in (
        ("dpkg-query", "echo 'browser installed'; echo 'font not-installed'; exit 1"),
        ("apt-get", f'echo "$@" >>{tmp_path}/asked.txt'),
        ("env", 'shift; exec "$@"'),
        ("sudo", 'shift; exec "$@"'),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    return programs


@pytest.mark.parametrize("user", [0, 1000])
def test_missing_system_packages_are_installed(
    install: ModuleType, system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    install.install_debian()
    assert (tmp_path / "asked.txt").read_text().splitlines() == [
        "--quiet update",
        "--quiet install --yes --no-install-recommends font",
    ]


@pytest.mark.parametrize("lacks", ["rights", "apt-get", "dpkg-query"])
def test_system_packages_that_may_not_be_installed_are_named(
    install: ModuleType, system: Path, capsys: pytest.CaptureFixture[str], lacks: str
) -> None:
    if lacks == "rights":
        (system / "apt-get").write_text("#!/bin/sh\nexit 100\n")
    else:
        (system / "apt-get").unlink()
    if lacks == "dpkg-query":
        (system / "dpkg-query").unlink()
    install.install_debian()
    missing = "browser and font" if lacks == "dpkg-query" else "font"
    last = capsys.readouterr().out.splitlines()[-1]
    apt = missing.replace(" and", "")
    assert last == f"[setup] make test needs {missing}: install them (apt install {apt})."


def test_installed_system_packages_are_left_alone(
    install: ModuleType, system: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (system / "dpkg-query").write_text(
        "#!/bin/sh\necho 'font installed'; echo 'browser installed'\n"
    )
    install.install_debian()
    assert not (tmp_path / "asked.txt").exists()
    assert capsys.readouterr().out == ""


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs make in this repository."""
    command = ["make", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", ["demo", "test"])
def test_missing_python_is_a_sentence(target: str) -> None:
    ended = make(target, "PYTHON=/nowhere/python3.11")
    assert ended.returncode != 0
    assert "No Python 3.11 found at /nowhere/python3.11." in ended.stderr
    assert f"make PYTHON=/path/to/python3.11 {target}" in ended.stderr


def test_help_lists_every_target() -> None:
    text = make("help").stdout
    for target in ("demo", "test", "lint", "policy", "pytest", "dbt", "serve", "lock", "clean"):
        assert f"make {target}" in text
