"""Settings from the environment: their names, their values, and what is wrong with them."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.loading import environment
from config.loading.config_file import ConfigFile, find
from config.loading.load import Examined, examine, load
from config.reference.catalogue import tables
from config.values import Address


def examined(folder: Path, text: str = "", /, **variables: str) -> Examined:
    """Return what is found in a file with `text`, and in variables, named without WAYPOST_."""
    file = folder / "waypost.toml"
    file.write_text(text)
    environ = {f"WAYPOST_{name}": value for name, value in variables.items()}
    return examine(ConfigFile(file, variables=environment.ours(environ)), files=False)


def problems(found: Examined) -> list[str]:
    """Return the problems in words."""
    return list(map(str, found.problems))


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("RELAY__HOST", "mx.example.com", "relay.host", "mx.example.com"),
        ("RELAY__HOST", '"mx.example.com"', "relay.host", "mx.example.com"),
        ("RELAY__HOST", " 192.0.2.1\n", "relay.host", "192.0.2.1"),
        ("RELAY__PORT", "2526", "relay.port", 2526),
        ("RELAY__VERIFY", "false", "relay.verify", False),
        ("RELAY__DATA_TIMEOUT", "10min", "relay.data_timeout", 600.0),
        ("RELAY__NAME", "2024", "relay.name", "2024"),
        ("PROXY__MAX_SIZE", "20MB", "proxy.max_size", 20_000_000),
        ("PROXY__LISTEN", '["127.0.0.1:2626"]', "proxy.listen", (Address("127.0.0.1", 2626),)),
        (
            "TRACKING__URL_PARAMS",
            '{utm_source = "mail"}',
            "tracking.url_params",
            {"utm_source": "mail"},
        ),
        ("RELAY", '{host = "mx.example.com", tls = "required"}', "relay.tls", "required"),
        ("LOG__LEVEL", "error", "log.level", "error"),
        ("PROXY__WORKERS", "2", "proxy.workers", 2),
        ("PROXY__WORKERS", "auto", "proxy.workers", len(os.sched_getaffinity(0))),
    ],
)
def test_a_value_is_read_by_the_kind_of_its_key(
    tmp_path: Path, variable: str, text: str, key: str, value: object
) -> None:
    """Text stands as it is, all else as in TOML."""
    found = examined(tmp_path, **{variable: text})
    assert problems(found) == []
    here: object = found.config
    for name in key.split("."):
        here = getattr(here, name)
    assert here == value


def test_every_key_has_a_variable_that_is_read() -> None:
    """What the manual names is known, and no two keys have the same one."""
    named = [entry.variable_of(key.name) for entry in tables() for key in entry.keys]
    named += [entry.variable for entry in tables()]
    assert len(set(named)) == len(named)
    settings, mistakes = environment.read(dict.fromkeys(named, "x"))
    assert len(settings) + len(mistakes) == len(named)
    assert [each.what for each in mistakes] == []


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    """Key by key; what it does not name stays the file's."""
    text = '[relay]\nhost = "mx.example.com"\nport = 587\n[[sender]]\ndomain = "example.com"\n'
    found = examined(tmp_path, text, RELAY__HOST="mx.example.net", SENDER__0__SUBDOMAINS="true")
    assert found.config is not None
    assert (found.config.relay.host, found.config.relay.port) == ("mx.example.net", 587)
    (sender,) = found.config.sender
    assert (sender.domain, sender.subdomains) == ("example.com", True)


def test_elements_of_arrays_are_numbered_from_0_and_the_next_is_made(tmp_path: Path) -> None:
    """Also below one that was made so."""
    text = '[[sender]]\ndomain = "example.com"\n'
    found = examined(
        tmp_path,
        text,
        SENDER__1__DOMAIN="example.net",
        SENDER__1__DKIM__0__SELECTOR="s1",
        SENDER__1__DKIM__0__KEY_FILE="/run/secrets/dkim",
    )
    assert problems(found) == []
    assert found.config is not None
    assert [each.domain for each in found.config.sender] == ["example.com", "example.net"]
    assert found.config.sender[1].dkim[0].key_file == Path("/run/secrets/dkim")


def test_more_than_ten_elements_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """10 comes after 9, not after 1."""
    names = {f"SENDER__{at}__DOMAIN": f"d{at}.example.com" for at in range(12)}
    found = examined(tmp_path, **names)
    assert found.config is not None
    assert [each.domain for each in found.config.sender] == list(names.values())


def test_a_whole_array_comes_before_its_elements(tmp_path: Path) -> None:
    """`WAYPOST_SENDER` takes the file's place, and `WAYPOST_SENDER__0__…` changes that."""
    text = '[[sender]]\ndomain = "example.org"\n[[sender]]\ndomain = "example.edu"\n'
    found = examined(tmp_path, text, SENDER='[{domain = "example.com"}]', SENDER__0__SIGN="never")
    assert found.config is not None
    assert [(each.domain, each.sign) for each in found.config.sender] == [("example.com", "never")]


@pytest.mark.parametrize("text", ["", "[relay]\nport = 587\n", "[[relay]]\nport = 587\n"])
@pytest.mark.parametrize("variable", ["RELAY__HOST", "RELAY__0__HOST"])
def test_the_only_relay_needs_no_number(tmp_path: Path, text: str, variable: str) -> None:
    """As `[relay]` needs no double brackets."""
    found = examined(tmp_path, text, **{variable: "mx.example.com"})
    assert found.config is not None
    assert [each.host for each in found.config.relays] == ["mx.example.com"]


def test_one_of_several_relays_needs_its_number(tmp_path: Path) -> None:
    """Nobody could tell which is meant."""
    text = "[[relay]]\nname = 'a'\nsenders = ['example.com']\n[[relay]]\nname = 'b'\n"
    found = examined(tmp_path, text, RELAY__HOST="mx.example.com")
    assert problems(found) == [
        (
            "WAYPOST_RELAY__HOST: relay.host: is one of several: there are 2 [[relay]]"
            " (WAYPOST_RELAY__0__… is the first)"
        )
    ]
    found = examined(tmp_path, text, RELAY__1__HOST="mx.example.com")
    assert found.config is not None
    assert [each.host for each in found.config.relays] == ["127.0.0.1", "mx.example.com"]


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("RELAY__PORT", "smtp", "relay.port: must be a whole number, not a string"),
        ("RELAY__PORT", "9" * 5000, "relay.port: must be a whole number, not a string"),
        (
            "RELAY__VERIFY",
            "True",
            "must be true or false, not a string (one of these two words, in lower case)",
        ),
        (
            "PROXY__LISTEN",
            "0.0.0.0:25",
            'proxy.listen: must be an array, not a string (write ["0.0.0.0:25"])',
        ),
        ("PROXY__LISTEN", "[0.0.0.0:25]", 'is not TOML (strings in it stand in "quotes")'),
        ("PROXY__LISTEN", '["here"]', "proxy.listen: "),
        ("RELAY__TLS", "requird", 'relay.tls: "requird" is not known (did you mean "required"?)'),
        (
            "RELAY",
            "mx.example.com",
            "must be an array, not a string (each key has a variable of its own, WAYPOST_RELAY__…)",
        ),
        ("PROXY__LISTEN", "[" * 9000 + "]" * 9000, "proxy.listen: is nested too deeply"),
        ("TRACKING__URL_PARAMS", f"{{{'a.' * 9000}b = 1}}", "is nested too deeply"),
        ("SENDER__0__SUBDOMAINS", "true", "sender.domain: is missing (The domain in From)"),
        ("SENDER__2__DOMAIN", "example.com", "has the number 2, where 0 is the next"),
        ("RELAY__HOST", "caf\udce9", "relay.host: is not UTF-8"),
        ("RELAY__NAME", 'a"\nhost = "b', "relay.name: must match"),
        ("RELAY__0__1__HOST", "mx", "is not a setting"),
        (f"SENDER__{'9' * 5000}__DOMAIN", "example.com", "is not a setting"),
        ("RELAY_HOST", "mx", "is not a setting (did you mean WAYPOST_RELAY__HOST?)"),
        ("RELAY__HSOT", "mx", "is not a setting (did you mean WAYPOST_RELAY__HOST?)"),
        ("PROXY__LISTEN__0", "x", "is not a setting (did you mean WAYPOST_PROXY__LISTEN?)"),
        ("COLOUR__RED", "1", "is not a setting (docs/configuration.md names the variable of each"),
    ],
)
def test_a_mistake_is_told_with_its_variable(
    tmp_path: Path, variable: str, text: str, told: str
) -> None:
    """And with the same words as one in a file, but for quotes, which are the shell's."""
    (problem,) = problems(examined(tmp_path, **{variable: text}))
    assert problem.startswith(f"WAYPOST_{variable}: ")
    assert told in problem


def test_what_goes_wrong_together_is_told_of_the_variable_too(tmp_path: Path) -> None:
    """Rules name the place of the key that they are about."""
    text = '[proxy]\nlisten = ["127.0.0.1:2525"]\n'
    found = examined(tmp_path, text, PROXY__LISTEN='["127.0.0.1:2626", "127.0.0.1:2626"]')
    assert problems(found) == [
        (
            "WAYPOST_PROXY__LISTEN: proxy.listen: 127.0.0.1:2626 is taken by proxy.listen"
            " (give it a port of its own)"
        )
    ]


def test_two_names_for_one_key_are_one_too_many(tmp_path: Path) -> None:
    """Which of them counts, nobody could tell."""
    found = examined(tmp_path, RELAY__HOST="a.example.com", RELAY__0__HOST="b.example.com")
    assert problems(found) == [
        "WAYPOST_RELAY__HOST: relay.host: is the same as WAYPOST_RELAY__0__HOST (keep one)"
    ]


def test_a_variable_of_nobodys_is_a_warning(tmp_path: Path) -> None:
    """An image or a shell may have its own; `check` tells of it, and the service starts."""
    found = examined(tmp_path, VERSION="1")
    assert found.problems == ()
    assert any("WAYPOST_VERSION: is not a setting" in str(each) for each in found.warnings)


def test_what_kubernetes_tells_of_a_service_is_passed_over() -> None:
    """A service called waypost puts these into every container of its namespace."""
    names = ["SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_SMTP", "PORT_2525_TCP", "CONFIG"]
    names += ["PORT_2525_TCP_ADDR", "TRACKER_SERVICE_HOST", "TRACKER_PORT_8080_TCP_PROTO"]
    environ = {f"WAYPOST_{name}": "10.0.0.1" for name in names}
    environ |= {"WAYPOST_PORT": "tcp://10.0.0.1:25", "WAYPOST_TRACKER_PORT": "tcp://10.0.0.1:80"}
    assert environment.ours(environ) == {}


def test_an_empty_variable_counts_as_not_set() -> None:
    """Compose files write `${RELAY_USER:-}`."""
    assert environment.ours({"WAYPOST_RELAY__USER": " "}) == {}


def test_without_a_file_the_environment_is_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative paths start from the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("config.loading.config_file.PLACES", ())
    file = find(None, {"WAYPOST_RELAY__HOST": "mx.example.com", "PATH": "/bin"})
    assert file is not None
    config = load(file, files=False)
    assert config.relay.host == "mx.example.com"
    assert config.store.path == tmp_path / "waypost.db"
    assert find(None, {"WAYPOST_VERSION": "1"}) is None


def test_what_is_missing_without_a_file_is_told_of_the_environment(tmp_path: Path) -> None:
    """There is no line to name."""
    found = examine(ConfigFile(None, variables={"WAYPOST_RELAY__HOST": "mx.example.com"}))
    assert [str(each) for each in found.problems] == [
        "the environment: keys.file: is missing (`waypost init` writes such a file, `waypost keys init` it alone)"
    ]


def test_a_file_by_its_path_alone_goes_without_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`waypost init` looks at what it wrote, and the demo is as it is, whatever is exported."""
    monkeypatch.setenv("WAYPOST_LOG__LEVEL", "error")
    (tmp_path / "waypost.toml").write_text("")
    assert load(tmp_path / "waypost.toml", files=False).log.level == "info"


def test_a_reload_reads_the_file_and_keeps_the_environment(tmp_path: Path) -> None:
    """Whatever a process's environment became meanwhile."""
    path = tmp_path / "waypost.toml"
    path.write_text('[log]\nlevel = "debug"\n')
    environ = {"WAYPOST_RELAY__HOST": "mx.example.com"}
    file = find(path, environ)
    assert file is not None
    environ["WAYPOST_RELAY__HOST"] = "other.example.com"
    path.write_text('[log]\nlevel = "error"\n')
    config = load(file, files=False)
    assert (config.log.level, config.relay.host) == ("error", "mx.example.com")


NAMES = st.sampled_from([entry.variable_of(key.name) for entry in tables() for key in entry.keys])
TEXTS = st.text(st.characters(exclude_categories=[]), max_size=12) | st.sampled_from(
    ["1", "true", "[]", "{}", '["a"]', "[{a = 1}]", "1979-05-27", "inf", "on"]
)


@given(
    st.dictionaries(
        NAMES | st.sampled_from([entry.variable for entry in tables()]), TEXTS, max_size=6
    ),
    st.sampled_from(
        ["", "relay = 5\n", "sender = {}\n", "[[relay]]\n[[relay]]\n", "tracking = []\n"]
    ),
)
def test_any_variables_give_a_configuration_or_problems(
    tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str], text: str
) -> None:
    """Whatever they hold, beside whatever file: nothing but problems comes of it."""
    file = tmp_path_factory.getbasetemp() / "beside.toml"
    file.write_text(text)
    found = examine(ConfigFile(file, variables=environment.ours(variables)), files=False)
    assert (found.config is None) == bool(found.problems)
    assert all(problem.what and "\n" not in str(problem) for problem in found.problems)
