"""Reading a configuration.

What is wrong with a file, and how that is told, stands in tests/configs (`test_load_bad_configs`).
"""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.keys import dkim_keys, token_keys
from config.loading.config_file import ConfigFile
from config.loading.load import ConfigError, examine, load
from config.reference.catalogue import tables, to_toml
from config.reference.manual import example_file
from config.values import Address
from tests.support import rsa_numbers

EXAMPLE = """\
[proxy]
listen = ["127.0.0.1:2525"]
[relay]
host = "127.0.0.1"
port = 2526
tls = "none"
[tracking]
base_url = "http://127.0.0.1:8080"
[tracker]
listen = ["127.0.0.1:8080"]
admin_listen = ["127.0.0.1:8081"]
[store]
url = "sqlite:////abs/path/waypost.db"
[keys]
file = "/abs/path/token.keys"
[[sender]]
domain = "example.com"
[[sender.dkim]]
selector = "waypost1"
key_file = "/abs/path/dkim.pem"
"""
"""The example of the design, to the letter."""


def furnish(folder: Path, text: str = EXAMPLE) -> Path:
    """Write keys and a configuration that names them."""
    token_keys.write_token_keys(folder / "token.keys", [token_keys.new_token_key()])
    dkim_keys.write_dkim_key(folder / "dkim.pem")
    file = folder / "waypost.toml"
    file.write_text(text.replace("/abs/path", str(folder)))
    return file


def test_the_example_of_the_design_loads(tmp_path: Path) -> None:
    """With the two key files of `waypost init` it is complete, and nothing is doubtful."""
    examined = examine(furnish(tmp_path))
    assert examined.problems == ()
    assert [warning.key for warning in examined.warnings if warning.key != "proxy.hostname"] == []
    assert examined.config is not None
    assert examined.config.relay.port == 2526
    assert examined.config.sender[0].dkim[0].key_file == tmp_path / "dkim.pem"


def test_without_a_hostname_it_is_this_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Greetings carry the machine's full name."""
    monkeypatch.setattr("socket.gethostname", lambda: "mail.example.com")
    assert load(furnish(tmp_path)).proxy.hostname == "mail.example.com"


def test_a_short_hostname_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine only knows its first name, the resolver is asked."""
    monkeypatch.setattr("socket.gethostname", lambda: "mail")
    monkeypatch.setattr("socket.getfqdn", lambda name: f"{name}.example.com")
    assert load(furnish(tmp_path)).proxy.hostname == "mail.example.com"


POSTGRESQL = """\
[store]
url = "postgresql://waypost{password}@localhost/waypost"
state = "."
"""


def test_a_node_is_called_like_its_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as its name can be one; with a database of its own it needs none."""
    file = tmp_path / "waypost.toml"
    file.write_text(POSTGRESQL.format(password=""))
    monkeypatch.setattr("socket.gethostname", lambda: "tracker 1.example.com")
    assert load(file, files=False).store.node == "tracker-1.example.com"
    file.write_text("")
    assert load(file, files=False).store.node is None


def test_a_password_in_a_url_is_for_a_file_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for one that others may read, nor for a variable."""
    file = tmp_path / "waypost.toml"
    file.write_text(POSTGRESQL.format(password=":hunter2"))
    file.chmod(0o600)
    assert examine(file, files=False).problems == ()
    file.chmod(0o640)
    (problem,) = examine(file, files=False).problems
    assert "others may read" in str(problem)
    assert "hunter2" not in str(problem)
    variables = {"WAYPOST_STORE__URL": "postgresql://waypost:hunter2@localhost/waypost"}
    (problem,) = examine(ConfigFile(file, variables=variables), files=False).problems
    assert problem.variable == "WAYPOST_STORE__URL"


def test_commands_without_need_of_keys_load_without_them(tmp_path: Path) -> None:
    """`report` runs as a user who cannot read a key."""
    file = furnish(tmp_path)
    (tmp_path / "token.keys").unlink()
    (tmp_path / "dkim.pem").unlink()
    assert load(file, files=False).proxy.listen == (Address("127.0.0.1", 2525),)
    with pytest.raises(ConfigError) as refusal:
        load(file)
    assert [problem.key for problem in refusal.value.problems] == [
        "keys.file",
        "sender.dkim.key_file",
    ]


def test_what_takes_long_is_left_to_who_looks_closely(tmp_path: Path) -> None:
    """Whether the primes of a key are some: a service that starts tries a signature in its place."""
    (one, another), (prime, _) = rsa_numbers.primes(1024), rsa_numbers.primes(2048)
    file = furnish(tmp_path)
    key = tmp_path / "dkim.pem"
    key.write_bytes(rsa_numbers.pem_of(rsa_numbers.numbers_of(one * another, prime)))
    assert load(file).sender[0].dkim[0].key_file == key
    (problem,) = examine(file).problems
    assert problem.key == "sender.dkim.key_file"
    assert problem.what == f"{key} holds an RSA key whose primes are none"


def test_without_a_table_for_the_store_it_is_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the command is run."""
    (tmp_path / "waypost.toml").write_text("")
    monkeypatch.chdir("/")
    assert load(tmp_path / "waypost.toml", files=False).store.path == tmp_path / "waypost.db"


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    """Editors of Windows write one."""
    file = furnish(tmp_path)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert load(file).relay.tls == "none"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_root_is_warned_of_a_file_that_is_anothers(tmp_path: Path) -> None:
    """Who owns the file rules what root's commands do."""
    file = furnish(tmp_path)
    os.chown(file, 12345, 12345)
    (warning,) = (each for each in examine(file).warnings if not each.key)
    assert "can be changed by user 12345, to whom it belongs" in str(warning)


def test_a_missing_file_is_a_problem_like_any_other(tmp_path: Path) -> None:
    """Told with its name, without a line."""
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "waypost.toml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Told with its name, without a line."""
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("relay.port = " + "9" * 5000, "has a number of thousands of digits"),
        ("proxy.listen = " + "[" * 9000 + "]" * 9000, "is nested too deeply"),
        ("a." * 9000 + "b = 1", "is nested too deeply"),
    ],
    ids=["digits", "brackets", "dots"],
)
def test_what_python_cannot_read_is_a_problem_like_any_other(
    tmp_path: Path, text: str, told: str
) -> None:
    """It is valid TOML."""
    file = tmp_path / "waypost.toml"
    file.write_text(text)
    assert [problem.what for problem in examine(file).problems] == [told]


VALUES = st.recursive(
    st.none().map(lambda _: "")
    | st.integers(-5, 70000)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["127.0.0.1:25", "10.0.0.0/8", "on", "90d", "example.com", "https://h", "("])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda items: (
        st.lists(items, max_size=3)
        | st.dictionaries(
            st.sampled_from(["param", "selector", "domain", "x y"]), items, max_size=2
        )
    ),
    max_leaves=5,
)
KEYS = [f"{entry.name}.{key.name}" for entry in tables() for key in entry.keys]
NAMES = [entry.name for entry in tables()]


@given(
    st.dictionaries(st.sampled_from([*KEYS, *NAMES, "nonsense", "sender.x"]), VALUES, max_size=8)
)
def test_any_values_give_a_configuration_or_problems(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    """Whatever stands under whatever key: nothing but problems with a line comes of it."""
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_text("".join(f"{name} = {to_toml(value)}\n" for name, value in values.items()))
    examined = examine(file)
    assert (examined.config is None) == bool(examined.problems)
    assert all(problem.what and "\n" not in str(problem) for problem in examined.problems)


@given(st.binary(max_size=200), st.integers(0, 3000))
def test_any_octets_give_a_configuration_or_problems(
    tmp_path_factory: pytest.TempPathFactory, octets: bytes, at: int
) -> None:
    """A file damaged anywhere is told to be so, without a traceback."""
    file = tmp_path_factory.getbasetemp() / "damaged.toml"
    whole = example_file({"sender": {"domain": '"example.com"'}}).encode()
    file.write_bytes(whole[:at] + octets + whole[at + len(octets) :])
    examined = examine(file)
    assert (examined.config is None) == bool(examined.problems)
