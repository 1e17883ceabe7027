"""Containerfile and compose.yaml: linted, complete, and as the page on containers says."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from config.loading import environment
from tests.support import compose
from tests.support.repository import DOCS, ROOT

CONTAINERFILE = ROOT / "Containerfile"
HADOLINT = Path(sys.executable).with_name("hadolint")
CHECK_JSONSCHEMA = Path(sys.executable).with_name("check-jsonschema")
NAMES = {"TRACKING_HOST": "click.example.com", "RELAY_HOST": "smtp.example.net"}
NAMES |= {"DOMAIN": "example.com", "NODE": "a"}
NAMES |= {"STORE_URL": "postgresql://waypost@db.example.com/waypost?sslmode=verify-full"}


def complaints(*command: str | Path) -> tuple[int, str]:
    """Run a linter, and return its exit status and what it complains of."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, "" if done.returncode == 0 else done.stdout + done.stderr


def test_hadolint_has_nothing_to_say() -> None:
    """No rule is switched off."""
    assert complaints(HADOLINT, CONTAINERFILE) == (0, "")


@pytest.mark.parametrize("file", [compose.FILE, compose.NODE_FILE], ids=lambda file: file.name)
def test_the_compose_file_is_one(file: Path) -> None:
    """By the schema of the Compose specification."""
    schema = ("--builtin-schema", "vendor.compose-spec")
    assert complaints(CHECK_JSONSCHEMA, *schema, file) == (0, "")


def test_every_package_is_in_the_image() -> None:
    """What pyproject.toml installs is copied, and let through to the engine."""
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", CONTAINERFILE.read_text(), re.MULTILINE)
    named = {word for line in copied for word in line.split()}
    ignored = (ROOT / ".containerignore").read_text().splitlines()
    for package in setup["packages"]["find"]["include"]:
        assert package.rstrip("*") in named
        assert f"!{package.rstrip('*')}" in ignored
    assert "waypost*.py" in named
    assert "!waypost*.py" in ignored
    assert all((ROOT / name).exists() for name in named if "*" not in name)
    assert (ROOT / ".dockerignore").resolve() == ROOT / ".containerignore"


@pytest.mark.parametrize("name", ["proxy", "tracker"])
def test_no_service_may_do_more_than_it_needs(name: str) -> None:
    """No root, no right, nothing to write on but its store and /tmp."""
    service = compose.document()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == ["state:/var/lib/waypost"]
    assert "USER 10001:10001" in CONTAINERFILE.read_text()


def test_no_port_but_the_web_servers_is_open_to_the_world() -> None:
    """Whoever reaches the one for mail may send."""
    published = {
        name: service.get("ports", []) for name, service in compose.document()["services"].items()
    }
    assert published.pop("caddy") == ["80:80", "443:443"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@pytest.mark.parametrize("node", [False, True])
@pytest.mark.parametrize("name", ["proxy", "tracker"])
def test_every_setting_is_one(name: str, *, node: bool) -> None:
    """Both services have the same, of which each takes its own."""
    variables = environment.ours(compose.services(NAMES, node=node)[name].environment)
    settings, mistakes = environment.read(variables)
    assert mistakes == []
    assert {"keys", "relay", "proxy", "tracker", "sender"} <= {
        str(each.loc[0]) for each in settings
    }


@pytest.mark.parametrize("file", [compose.FILE, compose.NODE_FILE], ids=lambda file: file.name)
def test_the_page_names_what_the_compose_file_wants(file: Path) -> None:
    """Each variable of .env, each secret, each port."""
    page = (DOCS / "containers.md").read_text()
    text = file.read_text()
    for name in set(re.findall(r"\$\{(\w+)", text)):
        assert f"`{name}" in page or f"{name}=" in page, name
    for secret in compose.document(file)["secrets"].values():
        assert secret["file"] in page, secret
