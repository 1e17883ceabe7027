"""Text that others wrote, made safe for terminals, the log and spreadsheets."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.escaping import csv_text, printable, printable_lines
from tests.support.hostile import CONTROLS, FORMULA, TITLE, hostile_text, obeyed

any_text = hostile_text | st.text(st.characters())


def test_escape_sequences_are_shown() -> None:
    """As JSON, TOML and Python write them."""
    assert printable(TITLE + "\t\x9b2J\r\n\u202e") == r"\u001b]0;owned\u0007\t\u009b2J\r\n\u202e"
    assert printable_lines("a\x1b\n\tb") == "a\\u001b\n\\tb"


@given(any_text)
def test_no_control_is_left(text: str) -> None:
    """Whatever the text; of several lines, the line feeds alone."""
    assert obeyed(printable(text)) == set()
    assert "\n" not in printable(text)
    assert obeyed(printable_lines(text)) == set()
    assert printable_lines(text).count("\n") == text.count("\n")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cf"])))
def test_what_is_harmless_stays(text: str) -> None:
    """In every script."""
    assert printable(text) == printable_lines(text) == text


def test_signs_of_writing_from_right_to_left_stay() -> None:
    """Hebrew and Arabic are written with marks, and emoji with joiners; neither hides anything."""
    text = "\u200f\u05e9\u05dc\u05d5\u05dd\u200e \u0627\u0644 \U0001f469\u200d\U0001f680"
    assert printable(text) == text


@given(hostile_text)
def test_a_line_of_json_stays_what_it_was(text: str) -> None:
    """Programs read what people are shown."""
    assert json.loads(printable(json.dumps({text: text}, ensure_ascii=False))) == {text: text}


@pytest.mark.parametrize("control", [each for each in CONTROLS if each not in "\t\n\r"])
def test_a_string_of_toml_stays_what_it_was(control: str) -> None:
    """`waypost show` may be copied into a configuration."""
    assert tomllib.loads(f'a = "{printable(control)}"') == {"a": control}


@pytest.mark.parametrize("first", "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
def test_a_formula_gets_an_apostrophe(first: str) -> None:
    """Then a spreadsheet takes it for text."""
    assert csv_text(f"{first}1+1") == f"'{first}1+1"


@given(any_text)
def test_a_cell_is_the_text_up_to_the_apostrophe(text: str) -> None:
    """And begins like a formula never."""
    assert csv_text(text) in {text, f"'{text}"}
    assert not csv_text(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("text", ["", "a=1", " =1", "https://example.com/?a=-1", "'=1", "1"])
def test_what_is_no_formula_stays(text: str) -> None:
    """The first character decides."""
    assert csv_text(text) == text


def test_a_known_attack_is_text() -> None:
    """OWASP's example of CSV injection."""
    assert csv_text(FORMULA) == f"'{FORMULA}"
