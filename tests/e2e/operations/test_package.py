"""The distribution: what a wheel brings into an environment, and that intruders are noticed."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

import waypost

ROOT = Path(waypost.__file__).resolve().parent
DEBIAN_12_PYTHON = "3.11.2"
MODULES = ("waypost.py", "waypost_clickmap.py", "waypost_manual.py", "waypost_serve.py")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel from a copy of the tree, and give the names of its files."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", *MODULES):
        shutil.copy(ROOT / name, source)
    for package in (*waypost.PACKAGES, "clients"):
        shutil.copytree(ROOT / package, source / package)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", out, source],
        check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = out.glob("waypost-*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_wheel_holds_our_top_level_names_and_no_others(packed: set[str]) -> None:
    """Folder names are import names (ADR 0001), and what applications copy stays out of our way."""
    names = {name.split("/")[0] for name in packed}
    ours = {name for name in names if not name.endswith(".dist-info")}
    assert ours == {*waypost.PACKAGES, *MODULES}


def test_wheel_holds_every_module(packed: set[str]) -> None:
    """No package of ours is forgotten in `pyproject.toml`."""
    written = {
        str(path.relative_to(ROOT))
        for package in waypost.PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }
    assert written
    assert written <= packed


def test_wheel_holds_the_license(packed: set[str]) -> None:
    """Whoever installs Waypost gets the terms with it (PEP 639)."""
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in packed)


def test_foreign_package_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A `config` that is not ours ends the command with its path, before anything else."""
    foreign = tmp_path / "config"
    foreign.mkdir()
    (foreign / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "config", raising=False)
    with pytest.raises(waypost.ForeignPackageError, match=str(foreign)):
        waypost.verify_packages()


def test_every_dependency_runs_on_debian_12() -> None:
    """The lock files are resolved on some Python; Debian's own is older than most."""
    behind = {
        f"{name} {distribution(name).version}": wanted
        for name in _locked()
        if (wanted := distribution(name).metadata.get("Requires-Python"))
        and DEBIAN_12_PYTHON not in SpecifierSet(wanted)
    }
    assert behind == {}


def test_lock_files_agree() -> None:
    """What running, building and testing need is installed side by side, each once."""
    everything = _pins("requirements-dev.txt")
    for name in ("requirements.txt", "requirements-build.txt", "requirements-postgresql.txt"):
        assert _pins(name).items() <= everything.items()


def test_the_debian_package_has_the_version_of_the_project() -> None:
    """Or an upgrade would be none."""
    head = (ROOT / "debian/changelog").read_text().partition("\n")[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert head.startswith(f"{project['name']} ({project['version']}) ")


def _locked() -> list[str]:
    names = list(_pins("requirements-dev.txt"))
    assert len(names) > 50
    return names


def _pins(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text().splitlines()
    pins = [line.split()[0].partition("==") for line in lines if "==" in line and line[0] != " "]
    assert pins
    return {name: version for name, _, version in pins}
