"""`waypost keys`: list, rotate and revoke token keys, and make keys for DKIM."""

import json
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from config.keys.token_keys import (
    new_token_key,
    read_identify_secret,
    read_token_keys,
    write_token_keys,
)
from config.loading.load import load
from tests.support.commands import run
from tests.support.repository import ROOT


def test_keys_rotate_adds_one_that_mints(home: Path) -> None:
    """The old one is still read, and permissions stay."""
    file = home / "waypost.toml"
    assert "Key 2 makes new links" in run("keys", "rotate", "-c", file)
    listed = run("keys", "list", "-c", file).splitlines()
    assert [line.split("  ")[-1] for line in listed] == ["is read", "makes new links"]
    assert stat.S_IMODE((home / "token.keys").stat().st_mode) == 0o600


def test_keys_are_listed_for_tools(home: Path) -> None:
    """As JSON and as CSV, without secrets."""
    file = home / "waypost.toml"
    (key,) = json.loads(run("keys", "list", "--json", "-c", file))
    assert (key["id"], key["state"]) == (1, "makes new links")
    head, row = run("keys", "list", "--csv", "-c", file).splitlines()
    assert head == "id,created,state"
    assert row == f"1,{key['created']},makes new links"


def test_keys_dkim_makes_a_key_that_can_be_used(home: Path) -> None:
    """What it prints goes under a [[sender]], as it is."""
    said = run("keys", "dkim", home / "second.pem", "--algorithm", "ed25519-sha256")
    with (home / "waypost.toml").open("a") as file:
        file.write('[[sender]]\ndomain = "example.net"\n' + said.partition("\n\n")[2])
    key = load(home / "waypost.toml").sender[1].dkim[0]
    assert (key.algorithm, key.key_file) == ("ed25519-sha256", home / "second.pem")


def test_keys_dkim_overwrites_nothing(home: Path) -> None:
    """A key in use is not lost."""
    assert "File exists" in run("keys", "dkim", home / "dkim.pem", status=1)


def test_keys_revoke_asks_first(home: Path) -> None:
    """It ends links in delivered mail."""
    file = home / "waypost.toml"
    run("keys", "rotate", "-c", file)
    run("keys", "revoke", 1, "-c", file, stdin="n\n", status=1)
    assert "revoked" not in run("keys", "list", "-c", file)
    run("keys", "revoke", 1, "-c", file, stdin="y\n")
    assert "1" in run("keys", "list", "-c", file).partition("revoked")[0]


@pytest.mark.parametrize(("number", "status"), [(1, 1), (9, 1), (0, 2), (256, 2), ("x", 2)])
def test_keys_revoke_refuses_what_it_must(home: Path, number: object, status: int) -> None:
    """The only key, an unknown one, and what is no id."""
    run("keys", "revoke", number, "--yes", "-c", home / "waypost.toml", status=status)
    assert "revoked = true" not in (home / "token.keys").read_text()


def test_keys_need_a_key_file(tmp_path: Path) -> None:
    """Rotating nothing makes nothing."""
    (tmp_path / "waypost.toml").write_text('[log]\nlevel = "info"\n')
    for name in ("rotate", "list"):
        said = run("keys", name, "-c", tmp_path / "waypost.toml", status=1)
        assert "keys.file is not set" in said
    (tmp_path / "waypost.toml").write_text('[keys]\nfile = "lost.keys"\n')
    for name in ("rotate", "list"):
        said = run("keys", name, "-c", tmp_path / "waypost.toml", status=1)
        assert "does not exist" in said


def test_the_command_of_a_process_of_its_own_ends_with_1(home: Path) -> None:
    """Every problem on standard error, and no traceback."""
    (home / "token.keys").unlink()
    program = "import waypost; waypost.main()"
    outcome = subprocess.run(
        [sys.executable, "-c", program, "keys", "list", "-c", str(home / "waypost.toml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 1
    assert outcome.stderr == f"Error: {home}/token.keys does not exist\n"


def test_keys_rotate_says_which_service_to_restart_first(home: Path) -> None:
    """A link that the tracker cannot read yet would be dead for a while."""
    said = run("keys", "rotate", "-c", home / "waypost.toml")
    assert said.index("restart waypost-tracker") < said.index("restart waypost-proxy")


def test_keys_rotate_changes_no_id_of_a_person(home: Path) -> None:
    """Sites would take everybody for somebody new."""
    before = read_identify_secret(home / "token.keys")
    run("keys", "rotate", "-c", home / "waypost.toml")
    run("keys", "revoke", 1, "--yes", "-c", home / "waypost.toml")
    assert read_identify_secret(home / "token.keys") == before


def test_keys_rotate_writes_down_the_secret_of_ids(home: Path) -> None:
    """In a file without one it hangs by the oldest key, which may be removed one day."""
    keys = read_token_keys(home / "token.keys")
    write_token_keys(home / "token.keys", keys, replace=True)
    assert "[identify]" not in (home / "token.keys").read_text()
    before = read_identify_secret(home / "token.keys")
    run("keys", "rotate", "-c", home / "waypost.toml")
    assert "[identify]" in (home / "token.keys").read_text()
    assert read_identify_secret(home / "token.keys") == before


def test_keys_rotate_stops_at_255(home: Path) -> None:
    """The id is one octet of a token; the file stays as it is."""
    full = [replace(new_token_key(), id=number) for number in range(1, 256)]
    write_token_keys(home / "token.keys", full, replace=True)
    before = (home / "token.keys").read_bytes()
    assert "all 255 ids are taken" in run("keys", "rotate", "-c", home / "waypost.toml", status=1)
    assert (home / "token.keys").read_bytes() == before


def test_keys_dkim_refuses_another_algorithm(tmp_path: Path) -> None:
    """A usage error; nothing is written."""
    run("keys", "dkim", tmp_path / "dkim.pem", "--algorithm", "rsa-sha1", status=2)
    assert list(tmp_path.iterdir()) == []


def test_keys_dkim_needs_a_folder_that_is_there(tmp_path: Path) -> None:
    """No traceback."""
    said = run("keys", "dkim", tmp_path / "lost" / "dkim.pem", status=1)
    assert "No such file or directory" in said


def test_keys_certificate_renews_what_init_made(tmp_path: Path) -> None:
    """Everything else stays."""
    run("init", tmp_path, "--domain", "example.com", "--tls")
    before = {path: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    said = run("keys", "certificate", "-c", tmp_path / "waypost.toml")
    assert f"{tmp_path}/tls/cert.pem is renewed, and lasts until 20" in said
    changed = [path.name for path, content in before.items() if path.read_bytes() != content]
    assert changed == ["cert.pem"]


def test_a_certificate_of_another_authority_is_not_ours_to_renew(home: Path) -> None:
    """Nor is one that there is not."""
    said = run("keys", "certificate", "-c", home / "waypost.toml", status=1)
    assert "whoever issued it renews it" in said


def test_keys_init_makes_those_that_a_configuration_needs(tmp_path: Path) -> None:
    """What it prints is all that has to be written into one, by hand."""
    said = run("keys", "init", tmp_path / "keys", "--domain", "example.com")
    table = said.partition("configuration:\n\n")[2].partition("\n   or in")[0]
    (tmp_path / "waypost.toml").write_text(table)
    config = load(tmp_path / "waypost.toml")
    assert config.sender[0].dkim[0].key_file == tmp_path / "keys" / "dkim.pem"
    assert run("dns", "-c", tmp_path / "waypost.toml").strip() in said
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert modes == {0o600}


def test_keys_init_tells_the_variables_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They alone are a configuration."""
    said = run("keys", "init", tmp_path / "keys", "--domain", "example.com", "--selector", "s7")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("config.loading.config_file.PLACES", ())
    for line in said.splitlines():
        if line.startswith("WAYPOST_"):
            monkeypatch.setenv(*line.split("=", 1))
    run("check", "-q")
    assert "s7._domainkey.example.com." in said


@pytest.mark.parametrize("name", ["token.keys", "dkim.pem"])
def test_keys_init_overwrites_nothing(tmp_path: Path, name: str) -> None:
    """Where one of the files exists, none is written."""
    (tmp_path / name).write_text("mine")
    said = run("keys", "init", tmp_path, "--domain", "example.com", status=1)
    assert f"{tmp_path}/{name} exists already" in said
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_keys_init_refuses_what_is_no_domain(tmp_path: Path) -> None:
    """Before anything is written."""
    run("keys", "init", tmp_path / "new", "--domain", "https://example.com", status=2)
    assert not (tmp_path / "new").exists()
