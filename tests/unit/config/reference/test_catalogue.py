"""The list of all tables and keys that the manual, the example file and hints are written from."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ByteSize

from config.reference.catalogue import Key, table, tables, to_toml
from config.values import Address


def key(table_name: str, name: str) -> Key:
    """Return the entry of one key."""
    entry = table(table_name)
    assert entry is not None
    return next(each for each in entry.keys if each.name == name)


def test_every_key_and_table_is_described() -> None:
    """The manual has something to say about each key."""
    silent = [entry.name for entry in tables() if not entry.description]
    silent += [key.name for entry in tables() for key in entry.keys if not key.description]
    assert silent == []


def test_what_must_be_given_or_is_unset_has_an_example() -> None:
    """The example file can show each key with a value."""
    bare = [
        f"{entry.name}.{key.name}"
        for entry in tables()
        for key in entry.keys
        if key.default is None and not key.example
    ]
    assert bare == []


def test_descriptions_are_one_line_of_text() -> None:
    """However they are wrapped in the schema; whoever prints them wraps them anew."""
    told = [key.description for entry in tables() for key in entry.keys]
    told += [entry.description for entry in tables()]
    assert [text for text in told if "\n" in text or "  " in text] == []


def test_subtables_come_after_their_table() -> None:
    """As TOML wants them in a file."""
    names = [entry.name for entry in tables()]
    assert names[names.index("tracking") + 1] == "tracking.identify"
    assert names.index("sender.dkim") == names.index("sender") + 1


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("proxy", "[proxy]"),
        ("tracking.identify", "[tracking.identify]"),
        ("tracking.group", "[[tracking.group]]"),
        ("sender", "[[sender]]"),
        ("sender.dkim", "[[sender.dkim]]"),
    ],
)
def test_a_table_that_may_be_repeated_has_double_brackets(name: str, header: str) -> None:
    """An operator can copy the header."""
    entry = table(name)
    assert entry is not None
    assert entry.header == header


def test_a_table_that_nobody_knows_is_none() -> None:
    """A hint looks up whatever an operator wrote."""
    assert table("") is table("relais") is table("proxy.listen") is None


@pytest.mark.parametrize(
    ("table_name", "name", "kind"),
    [
        ("proxy", "listen", "array of: host:port"),
        ("proxy", "hostname", "host name"),
        ("proxy", "max_size", "size"),
        ("proxy", "workers", 'whole number or "auto"'),
        ("proxy", "copies", '"shared" | "per-recipient"'),
        ("proxy", "idle_timeout", "duration"),
        ("proxy", "tls_cert", "path"),
        ("proxy", "trusted_networks", "array of: network"),
        ("relay", "host", "host name or address"),
        ("relay", "verify", "true or false"),
        ("tracking", "base_url", "URL"),
        ("tracking", "max_growth", "size"),
        ("tracking", "sensitive", "array of: regular expression"),
        ("tracking", "url_params", "table of strings"),
        ("clicks", "points", "table of whole numbers"),
        ("tracking.group", "name", "string"),
        ("store", "url", "URL"),
    ],
)
def test_kinds_have_names_that_people_know(table_name: str, name: str, kind: str) -> None:
    """None of Python's types shows."""
    assert key(table_name, name).kind == kind


def test_a_key_that_must_be_given_has_no_default() -> None:
    """Nor has one that is unset; both are told apart."""
    domain, hostname = key("sender", "domain"), key("proxy", "hostname")
    assert (domain.required, domain.default) == (True, None)
    assert (hostname.required, hostname.default) == (False, None)


def test_defaults_are_toml() -> None:
    """Each can be copied into a file."""
    told = {(e.name, k.name): k.default for e in tables() for k in e.keys if k.default is not None}
    assert [name for name, text in told.items() if "x" not in tomllib.loads(f"x = {text}")] == []
    assert told["proxy", "listen"] == '["127.0.0.1:2525"]'
    assert told["proxy", "max_size"] == '"35MB"'
    assert told["privacy", "retention"] == '"730d"'


def test_values_are_written_as_toml() -> None:
    """Every kind of value the schema has."""
    written = [
        to_toml(value=True),
        to_toml(3),
        to_toml('a"b\\c\n'),
        to_toml(("x", "y")),
        to_toml({"utm source": "mail"}),
        to_toml(90.0, "duration"),
        to_toml(ByteSize(20_000)),
        to_toml(Address("::1", 25)),
        to_toml(Path("/srv/waypost")),
    ]
    assert written == [
        "true",
        "3",
        '"a\\"b\\\\c\\n"',
        '["x", "y"]',
        '{"utm source" = "mail"}',
        '"90s"',
        '"20kB"',
        '"[::1]:25"',
        '"/srv/waypost"',
    ]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_reads_as_it_was_written(text: str) -> None:
    """Quotes, controls and all that lies beyond ASCII."""
    assert tomllib.loads(f"x = {to_toml(text)}") == {"x": text}
