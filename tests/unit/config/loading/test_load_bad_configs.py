"""Each folder of tests/configs: a configuration, and exactly what `waypost check` says of it.

`bad-*` must be refused, `warn-*` accepted with warnings. `token.keys`, `dkim.pem`, `server.pem` and
`server.key` are good ones, made here; other files stand in the folder, `modes` are their permissions.
"""

import os
import shutil
from pathlib import Path

import click.testing
import pytest
import trustme

from config.keys import dkim_keys, token_keys
from config.loading.load import ConfigError, load
from tests.support.repository import CONFIGS
from tracker.cli.check import check

FOLDERS = sorted(CONFIGS.iterdir())


@pytest.fixture(scope="module")
def furniture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with good keys and a good certificate."""
    folder = tmp_path_factory.mktemp("furniture")
    token_keys.write_token_keys(folder / "token.keys", [token_keys.new_token_key()])
    dkim_keys.write_dkim_key(folder / "dkim.pem")
    certificate = trustme.CA().issue_cert("mail.example.com")
    certificate.cert_chain_pems[0].write_to_path(folder / "server.pem")
    certificate.private_key_pem.write_to_path(folder / "server.key")
    (folder / "server.key").chmod(0o600)
    return folder


@pytest.fixture
def furnished(
    request: pytest.FixtureRequest,
    furniture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Stand in a copy of the folder, with keys, on a machine called mail.example.com."""
    shutil.copytree(furniture, tmp_path, dirs_exist_ok=True)
    shutil.copytree(request.param, tmp_path, dirs_exist_ok=True)
    (tmp_path / "waypost.toml").chmod(0o644)
    modes = tmp_path / "modes"
    for line in modes.read_text().splitlines() if modes.exists() else []:
        mode, name = line.split()
        (tmp_path / name).chmod(int(mode, 8))
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("WAYPOST_")]:
        monkeypatch.delenv(name)  # those of these tests
    monkeypatch.setattr("socket.gethostname", lambda: "mail.example.com")
    return tmp_path


@pytest.mark.parametrize("furnished", FOLDERS, indirect=True, ids=lambda folder: folder.name)
def test_check_says_exactly_this(furnished: Path, request: pytest.FixtureRequest) -> None:
    """What is wrong is told with file, line, key, and what would be right; nothing else is."""
    outcome = click.testing.CliRunner().invoke(check, ["-q", "-c", "waypost.toml"])
    said = outcome.stdout.replace(str(furnished), "HERE")
    assert said == (furnished / "expected").read_text()
    assert outcome.exit_code == ("bad-" in request.node.name)


@pytest.mark.parametrize("furnished", FOLDERS, indirect=True, ids=lambda folder: folder.name)
def test_load_refuses_what_check_refuses(furnished: Path, request: pytest.FixtureRequest) -> None:
    """A service does not start with what `check` calls a problem, and starts despite a warning."""
    if "bad-" not in request.node.name:
        load(furnished / "waypost.toml")
        return
    with pytest.raises(ConfigError) as refusal:
        load(Path("waypost.toml"))
    said = str(refusal.value).replace(str(furnished), "HERE")
    expected = (furnished / "expected").read_text().splitlines()
    assert said.splitlines() == [line for line in expected if not line.endswith("[warning]")]
