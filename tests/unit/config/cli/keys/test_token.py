"""`waypost keys list`, `rotate`, `revoke`: keys of tracked links."""

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
