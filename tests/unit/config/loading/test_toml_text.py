"""Text in TOML: what it holds, or one error."""

import tomllib

import pytest

from config.loading.toml_text import TooMuch, parse


def test_what_it_holds_is_returned() -> None:
    """As tomllib has it."""
    assert parse("[a]\nb = [1, {c = 2}]") == {"a": {"b": [1, {"c": 2}]}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = " + "9" * 5000, "has a number of thousands of digits"),
        ("a = " + "[" * 9000 + "]" * 9000, "is nested too deeply"),
        ("a = " + "[" * 33 + "]" * 33, "is nested too deeply"),
        ("a." * 9000 + "b = 1", "is nested too deeply"),
    ],
    ids=["digits", "brackets", "a few brackets", "dots"],
)
def test_valid_toml_that_is_more_than_python_holds_is_an_error_too(text: str, told: str) -> None:
    """And of the same kind as a mistake."""
    with pytest.raises(TooMuch, match=told):
        parse(text)


def test_a_mistake_is_told_as_tomllib_tells_it() -> None:
    """With its place."""
    with pytest.raises(tomllib.TOMLDecodeError, match="line 1"):
        parse("a = b")
