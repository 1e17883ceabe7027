"""`waypost keys dkim`: a key for one more sender."""

from pathlib import Path

from config.loading.load import load
from tests.support.commands import run


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


def test_keys_dkim_refuses_another_algorithm(tmp_path: Path) -> None:
    """A usage error; nothing is written."""
    run("keys", "dkim", tmp_path / "dkim.pem", "--algorithm", "rsa-sha1", status=2)
    assert list(tmp_path.iterdir()) == []


def test_keys_dkim_needs_a_folder_that_is_there(tmp_path: Path) -> None:
    """No traceback."""
    said = run("keys", "dkim", tmp_path / "lost" / "dkim.pem", status=1)
    assert "No such file or directory" in said
