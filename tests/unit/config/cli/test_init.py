"""`waypost init`: a configuration, its keys, and what to do next."""

import os
import stat
from pathlib import Path

import pytest

from config.cli import init
from config.loading.load import load
from config.values import Address
from tests.support.commands import run


def test_init_writes_three_files_with_safe_permissions(home: Path) -> None:
    """Keys for their owner alone."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert set(modes) == {"waypost.toml", "token.keys", "dkim.pem"}
    assert modes["token.keys"] == modes["dkim.pem"] == 0o600


def test_what_init_writes_is_complete(home: Path) -> None:
    """`check` finds nothing to say."""
    said = run("check", "-c", home / "waypost.toml")
    assert said.splitlines()[-1] == f"{home}/waypost.toml: ok"
    config = load(home / "waypost.toml")
    assert config.tracking.base_url == "https://click.example.com"
    assert config.sender[0].dkim[0].selector == "waypost1"


def test_init_shows_every_key(home: Path) -> None:
    """The file is its own documentation."""
    text = (home / "waypost.toml").read_text()
    assert all(f"{key} = " in text for key in ("bare_newlines", "volatile_params", "retention"))


def test_init_tells_the_dns_records(tmp_path: Path) -> None:
    """The same as `waypost dns` does later."""
    said = run("init", tmp_path, "--domain", "example.com")
    later = run("dns", "-c", tmp_path / "waypost.toml")
    assert later.strip() in said
    assert "waypost1._domainkey.example.com. IN TXT" in said
    assert "click.example.com. IN CNAME" in said


@pytest.mark.parametrize("name", ["waypost.toml", "token.keys", "dkim.pem"])
def test_init_overwrites_nothing(tmp_path: Path, name: str) -> None:
    """Where one of the files exists, none is written."""
    (tmp_path / name).write_text("mine")
    said = run("init", tmp_path, "--domain", "example.com", status=1)
    assert f"{tmp_path}/{name} exists already" in said
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_init_takes_relay_and_base_url(tmp_path: Path) -> None:
    """What nearly everyone changes."""
    url = "https://go.example.net"
    relay = "smtp.example.net:587"
    run("init", tmp_path, "--domain", "Example.COM", "--base-url", url, "--relay", relay)
    config = load(tmp_path / "waypost.toml")
    assert (config.relay.host, config.relay.port) == ("smtp.example.net", 587)
    assert config.tracking.base_url == url
    assert config.sender[0].domain == "example.com"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((), "Missing option '--domain'"),
        (("--domain", "https://example.com"), "is not a host name"),
        (("--domain", "example.com", "--base-url", "click.example.com"), "is not an http(s) URL"),
        (("--domain", "example.com", "--relay", "a:b"), "is not a host and port"),
    ],
)
def test_init_refuses_nonsense(tmp_path: Path, arguments: tuple[str, ...], what: str) -> None:
    """A usage error, before anything is written."""
    assert what in run("init", tmp_path / "new", *arguments, status=2)
    assert not (tmp_path / "new").exists()


def test_init_keeps_the_store_out_of_etc() -> None:
    """What changes belongs under /var/lib, where the units let it be written."""
    relay = Address("127.0.0.1", 25)
    values = init._values(Path("/etc/waypost"), "example.com", "https://example.com", relay)
    assert values["store"]["url"] == '"sqlite:////var/lib/waypost/waypost.db"'


def test_init_where_nothing_can_be_made(tmp_path: Path) -> None:
    """A file stands where a folder is wanted."""
    (tmp_path / "file").touch()
    said = run("init", tmp_path / "file" / "waypost", "--domain", "example.com", status=1)
    assert str(tmp_path / "file") in said


def test_init_lets_nobody_else_change_the_configuration(tmp_path: Path) -> None:
    """Whatever the umask: everybody may read it, and `check` has nothing to say about it."""
    before = os.umask(0)
    try:
        run("init", tmp_path, "--domain", "example.com")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "waypost.toml").stat().st_mode) == 0o644


def test_init_keeps_the_store_beside_the_configuration(home: Path) -> None:
    """Everything in one folder, but for /etc."""
    assert load(home / "waypost.toml").store.path == home / "waypost.db"


def test_init_writes_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service is started from another folder."""
    monkeypatch.chdir(tmp_path)
    run("init", "here", "--domain", "example.com")
    config = load(tmp_path / "here" / "waypost.toml")
    assert config.keys.file == tmp_path / "here" / "token.keys"


@pytest.mark.parametrize(
    ("relay", "address"),
    [
        ("mail.example.com", Address("mail.example.com", 25)),
        ("192.0.2.1:587", Address("192.0.2.1", 587)),
        ("[2001:db8::1]", Address("2001:db8::1", 25)),
        ("[2001:db8::1]:587", Address("2001:db8::1", 587)),
    ],
)
def test_a_relay_is_a_host_with_or_without_a_port(relay: str, address: Address) -> None:
    """Without one it is 25."""
    assert init.RelayAddress().convert(relay, None, None) == address


def test_init_makes_a_secret_for_ids_that_outlives_keys(home: Path) -> None:
    """It stands in the key file from the first day."""
    assert "[identify]" in (home / "token.keys").read_text()


def test_init_makes_a_certificate_on_demand(tmp_path: Path) -> None:
    """Named in the configuration, for this host and what else it is called."""
    said = run("init", tmp_path, "--domain", "example.com", "--tls", "--tls-name", "192.0.2.7")
    config = load(tmp_path / "waypost.toml")
    assert (config.proxy.tls_cert, config.proxy.tls_key) == (
        tmp_path / "tls" / "cert.pem",
        tmp_path / "tls" / "key.pem",
    )
    assert f"trust {tmp_path}/tls/ca.pem" in said
    assert "192.0.2.7, " in said
    assert "localhost" in said
    run("check", "-q", "-c", tmp_path / "waypost.toml")


def test_init_overwrites_no_authority(tmp_path: Path) -> None:
    """Programs may trust it already."""
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "ca.pem").write_text("mine")
    said = run("init", tmp_path, "--domain", "example.com", "--tls", status=1)
    assert "tls/ca.pem exists already" in said
    assert [path.name for path in tmp_path.iterdir()] == ["tls"]


def test_a_name_for_the_certificate_is_checked(tmp_path: Path) -> None:
    """It is a host's name or an address."""
    run("init", tmp_path, "--domain", "example.com", "--tls-name", "a b", status=2)


@pytest.mark.parametrize("command", ["init", "keys init"])
def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(command: str) -> None:
    """The system's own words are of no help there: it says that /proc is not there."""
    done = run(*command.split(), "/proc/x", "--domain", "example.com", status=1)
    assert "nothing can be written to /proc/x" in done
    assert "name a folder in which this user may make files" in done
    assert "Errno" not in done
