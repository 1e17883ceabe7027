"""What pydantic says about a value, in the words of the person who wrote it.

Whole files and the exact lines told of them stand in tests/configs (`test_load_bad_configs`).
"""

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.loading.wording import dotted, word
from config.schema import Config


def told(toml: str) -> tuple[str, str]:
    """Return what is wrong with the one wrong value of a file, and the hint."""
    (error,) = errors(toml)
    return word(error)


def errors(toml: str) -> list[ErrorDetails]:
    """Return what pydantic says of a file."""
    with pytest.raises(ValidationError) as refused:
        Config.model_validate(tomllib.loads(toml), context={"folder": Path("/srv/waypost")})
    return refused.value.errors(include_url=False)


@pytest.mark.parametrize(
    ("loc", "name"),
    [
        (("proxy", "listen", 0), "proxy.listen"),
        (("sender", 3, "dkim", 0, "key_file"), "sender.dkim.key_file"),
        (("tracking", "url_params", "utm source", "[key]"), "tracking.url_params.utm source"),
        ((), ""),
    ],
)
def test_keys_are_named_as_in_the_manual(loc: tuple[str | int, ...], name: str) -> None:
    """Without positions, which its line shows."""
    assert dotted(loc) == name


@pytest.mark.parametrize(
    ("toml", "what", "hint"),
    [
        ('proxy.workers = "2"', "a whole number, not a string", "write it without quotes"),
        ("proxy.workers = 2.0", "a whole number, not a number with a point", "Processes that"),
        ("proxy.workers = 1979-05-27", "a whole number, not a date or time", "Processes that"),
        ('relay.verify = "yes"', "true or false, not a string", "write it without quotes"),
        ("relay.verify = 1", "true or false, not a whole number", "Whether the relay's"),
        ('proxy.listen = "h:25"', "an array, not a string", 'write ["h:25"]'),
        ("proxy.listen = 25", "an array, not a whole number", "write it in [brackets]"),
        ("tracking.url_params = []", "a table, not an array", ""),
        ("proxy = []", "a table, not an array", "write [proxy]"),
        ("sender = {}", "an array, not a table", "write [[sender]]"),
        ("tracking.identify = 1", "a table, not a whole number", "write [tracking.identify]"),
        ("log.level = 3", "a string, not a whole number", '"debug", "info"'),
    ],
)
def test_a_value_of_another_type_is_told_as_toml_names_types(
    toml: str, what: str, hint: str
) -> None:
    """And the hint shows how the right one is written."""
    said, advice = told(toml)
    assert said == f"must be {what}"
    assert advice.startswith(hint)
    assert bool(advice) == bool(hint)


def test_a_word_for_how_many_processes_is_told_of_the_one_that_there_is() -> None:
    """Whoever meant "auto" is not sent to write a number."""
    what, hint = told('tracker.workers = "Auto"')
    assert what == '"Auto" is not a number of processes'
    assert hint == 'write a whole number, or "auto"'


@pytest.mark.parametrize(("value", "meant"), [("true", "on"), ("false", "off")])
def test_a_switch_is_no_truth_value(value: str, meant: str) -> None:
    """Whoever writes one learns the word for it."""
    assert told(f"tracking.default = {value}")[1] == f'write "{meant}"'


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        ("proxy.workers = 0", "must be at least 1"),
        ("proxy.workers = 65", "must be at most 64"),
        ('proxy.idle_timeout = "0s"', "must be more than 0"),
        ('tracking.group = [{pattern = "x", name = ""}]', "must not be empty"),
        ('tracking.identify.param = "a b"', "must match ^[A-Za-z0-9_.~-]+$"),
    ],
)
def test_a_bound_is_named(toml: str, what: str) -> None:
    """As a number or a pattern, not as a type."""
    assert told(toml) == (what, "")


@pytest.mark.parametrize(
    ("toml", "what", "hint"),
    [
        ("relais.port = 25", "is not a table or key", "did you mean relay?"),
        ("proxy.max_sesions = 1", "is not a key of [proxy]", "did you mean max_sessions?"),
        ("proxy.retention = 1", "is not a key of [proxy]", "it belongs under [privacy]"),
        ("log.colour = 1", "is not a key of [log]", "known here: level, format"),
        ("tracking.identity = 1", "is not a key of [tracking]", "did you mean identify?"),
        (
            'sender = [{domain = "example.com", selector = "x"}]',
            "is not a key of [[sender]]",
            "it belongs under [[sender.dkim]]",
        ),
    ],
)
def test_an_unknown_key_is_told_with_what_was_meant(toml: str, what: str, hint: str) -> None:
    """The nearest key here, else the table that has it, else all that are known here."""
    assert told(toml) == (what, hint)


@pytest.mark.parametrize(
    ("toml", "hint"),
    [
        ('log.level = "warn"', 'did you mean "warning"?'),
        ('log.level = "INFO"', 'did you mean "info"?'),
        ('log.level = "x"', 'it is one of "debug", "info", "warning", "error"'),
    ],
)
def test_a_choice_that_is_none_is_told_with_the_nearest(toml: str, hint: str) -> None:
    """Upper case counts as near; with nothing near, all are listed."""
    what, advice = told(toml)
    assert what.endswith("is not known")
    assert advice == hint


def test_a_missing_key_is_told_with_what_it_is() -> None:
    """The first sentence of the manual."""
    assert told("sender = [{}]") == ("is missing", "The domain in From")


@pytest.mark.parametrize("text", ["big", "10 XB", "", "-1MB"])
def test_a_size_is_told_with_an_example(text: str) -> None:
    """Neither pydantic's words nor its units."""
    what, hint = told(f'proxy.max_size = "{text}"')
    assert what == f'"{text}" is not a size'
    assert hint == 'write a number and a unit, like "35MB"'


def test_our_own_values_say_it_themselves() -> None:
    """Durations, addresses and the rest are worded where they are read."""
    what, hint = told('proxy.idle_timeout = "soon"')
    assert what == '"soon" is not a duration'
    assert hint.startswith("write a number and a unit")


def test_what_nobody_has_words_for_is_told_as_it_is() -> None:
    """A kind of error that a later key may bring: still with the key's own description."""

    class Odd(BaseModel):
        """A model with a key that pydantic words itself."""

        port: complex

    with pytest.raises(ValidationError) as refused:
        Odd.model_validate({"port": "x"})
    (error,) = refused.value.errors(include_url=False)
    what, hint = word({**error, "loc": ("relay", "port")})
    assert what.startswith("is not valid: Input should be a valid python complex")
    assert hint.startswith("Its port")
