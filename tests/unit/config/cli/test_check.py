"""`waypost init`, `check`, `show`, `dns` and `keys`, as an operator runs them."""

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import click
import click.testing
import pytest

from config.cli import init
from config.cli.options import config_option, config_option_without_files
from config.loading.load import load
from config.schema import Config
from config.values import Address
from tests.support.repository import ROOT
from waypost import cli


def run(*arguments: object, status: int = 0, stdin: str = "") -> str:
    """Run a command that must end with `status`, and give all that it said."""
    outcome = click.testing.CliRunner().invoke(cli, list(map(str, arguments)), input=stdin)
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == status, outcome.output
    return outcome.output


@pytest.fixture(scope="module")
def prototype(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that `init` has furnished."""
    folder = tmp_path_factory.mktemp("prototype") / "waypost"
    run("init", folder, "--domain", "example.com")
    return folder


@pytest.fixture
def home(prototype: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of it that a test may change, on mail.example.com."""
    monkeypatch.setattr("socket.gethostname", lambda: "mail.example.com")
    folder = shutil.copytree(prototype, tmp_path / "waypost")
    file = folder / "waypost.toml"
    file.write_text(file.read_text().replace(str(prototype), str(folder)))
    return folder


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


def test_check_reports_problems_with_status_1(home: Path) -> None:
    """Every one, on a line of its own, then how many."""
    with (home / "waypost.toml").open("a") as file:
        file.write("colour = true\n[relais]\n")
    said = run("check", "-c", home / "waypost.toml", status=1).splitlines()
    assert said[-1] == f"{home}/waypost.toml: 2 problems"
    assert "colour: is not a key of [log]" in said[0]


def test_check_warns_of_a_file_that_others_may_change(home: Path) -> None:
    """Whoever writes it decides where mail goes."""
    (home / "waypost.toml").chmod(0o664)
    said = run("check", "-q", "-c", home / "waypost.toml")
    assert "can be changed by others (mode 0664)" in said


def test_check_is_json_on_demand(home: Path) -> None:
    """For tools."""
    (home / "token.keys").chmod(0o644)
    found = json.loads(run("check", "--json", "-c", home / "waypost.toml", status=1))
    assert found["ok"] is False
    assert found["warnings"] == []
    (problem,) = found["problems"]
    assert problem["key"] == "keys.file"
    assert isinstance(problem["line"], int)
    assert problem["hint"] == f"chmod 600 {home}/token.keys"


def test_check_is_strict_on_demand(home: Path) -> None:
    """A warning alone is status 0, unless asked otherwise."""
    file = home / "waypost.toml"
    file.write_text(file.read_text().replace("https://click", "http://click"))
    run("check", "-c", file)
    assert "[warning]" in run("check", "--strict", "-q", "-c", file, status=1)


def test_show_can_be_read_again(home: Path) -> None:
    """What is in force, as TOML, is a configuration of the same meaning."""
    file = home / "waypost.toml"
    (home / "again.toml").write_text(run("show", "-c", file))
    assert load(home / "again.toml") == load(file)


def test_show_changed_leaves_defaults_out(home: Path) -> None:
    """What to send along when asking for help."""
    shown = json.loads(run("show", "--changed", "--json", "-c", home / "waypost.toml"))
    assert shown["tracking"] == {"base_url": "https://click.example.com"}
    assert "relay" not in shown
    assert 'domain = "example.com"' in run("show", "--changed", "-c", home / "waypost.toml")


def test_show_needs_no_key(home: Path) -> None:
    """Anybody who may read the configuration may look at it."""
    (home / "token.keys").unlink()
    shown = json.loads(run("show", "--json", "-c", home / "waypost.toml"))
    assert shown["keys"] == {"file": f"{home}/token.keys"}
    assert shown["proxy"]["idle_timeout"] == "5min"


def test_show_shows_no_secret(home: Path) -> None:
    """Paths of key files only."""
    secret = (home / "token.keys").read_text().partition('secret = "')[2][:20]
    pem = (home / "dkim.pem").read_text().splitlines()[1]
    shown = run("show", "-c", home / "waypost.toml")
    assert secret not in shown
    assert pem not in shown


def test_without_a_configuration_it_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the message says how to make one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAYPOST_CONFIG", raising=False)
    monkeypatch.setattr("config.loading.load.PLACES", ())
    for name in ("check", "show", "dns"):
        assert "waypost init DIR" in run(name, status=2)


def test_an_unusable_configuration_is_listed_on_standard_error(home: Path) -> None:
    """Every command says the same as `check`, and ends with 1."""

    @click.command()
    @config_option
    def serve(config: Config) -> None:
        raise AssertionError(config)

    (home / "token.keys").unlink()
    (home / "dkim.pem").unlink()
    file = str(home / "waypost.toml")
    outcome = click.testing.CliRunner().invoke(serve, ["-c", file])
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert outcome.stderr == run("check", "-q", "-c", file, status=1)


def test_a_command_gets_the_loaded_configuration(home: Path) -> None:
    """With or without a look at the files it names."""

    @click.command()
    @config_option_without_files
    def report(config: Config) -> None:
        click.echo(config.tracking.base_url)

    (home / "token.keys").unlink()
    outcome = click.testing.CliRunner().invoke(report, ["-c", str(home / "waypost.toml")])
    assert outcome.stdout == "https://click.example.com\n"


def test_dns_as_json(home: Path) -> None:
    """One object a record; the value of a host is the operator's to know."""
    dkim, host = json.loads(run("dns", "--json", "-c", home / "waypost.toml"))
    assert dkim["name"] == "waypost1._domainkey.example.com"
    assert dkim["value"].startswith("v=DKIM1; k=rsa; p=")
    assert (host["name"], host["value"]) == ("click.example.com", None)


def test_dns_as_csv(home: Path) -> None:
    """A header, and a line for each record."""
    head, *rows = run("dns", "--csv", "-c", home / "waypost.toml").splitlines()
    assert head == "name,type,value,purpose"
    assert len(rows) == 2


def test_dns_check_fails_while_records_are_missing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of a server that nobody runs: status 1, and each record named."""
    monkeypatch.setattr("config.keys.dns_records.PATIENCE_S", 0.2)
    file = home / "waypost.toml"
    said = run("dns", "--check", "--resolver", "127.0.0.1:1", "-c", file, status=1)
    assert "waypost1._domainkey.example.com TXT: could not be asked" in said


def test_dns_check_refuses_a_resolver_that_is_none(home: Path) -> None:
    """A usage error."""
    run("dns", "--check", "--resolver", "nowhere", "-c", home / "waypost.toml", status=2)


def test_dns_without_a_key_says_so(home: Path) -> None:
    """No traceback."""
    (home / "dkim.pem").unlink()
    assert "does not exist" in run("dns", "-c", home / "waypost.toml", status=1)


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
