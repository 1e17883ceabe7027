"""Lines that are printed, and errors that end a command, quote nothing that a terminal obeys."""

import click
import pytest
from click.testing import CliRunner
from hypothesis import given

from config.cli.output import Problems, echo, escaped_errors
from tests.support.hostile import TITLE, hostile_text, obeyed
from waypost import cli


def test_each_line_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """To where it belongs."""
    echo("one", "two\x1bthree")
    echo("four\nfive", err=True)
    assert tuple(capsys.readouterr()) == ("one\ntwo\\u001bthree\n", "four\\nfive\n")


@click.command()
@click.argument("texts", nargs=-1)
def repeat(texts: tuple[str, ...]) -> None:
    """Print what it is given."""
    echo(*texts)


@given(hostile_text, hostile_text)
def test_no_line_holds_a_control_and_no_text_makes_a_line(one: str, two: str) -> None:
    """Whatever the texts."""
    printed = CliRunner().invoke(repeat, ["--", one, two]).stdout
    assert obeyed(printed) == set()
    assert printed.count("\n") == 2


@given(hostile_text)
def test_an_error_is_one_line_without_controls(text: str) -> None:
    """Whatever it quotes; click prints the message."""
    with pytest.raises(click.ClickException) as caught, escaped_errors():
        raise click.ClickException(text)
    assert obeyed(caught.value.format_message()) == set()
    assert "\n" not in caught.value.format_message()


@given(hostile_text, hostile_text)
def test_problems_are_one_line_each(one: str, two: str) -> None:
    """None of them makes two."""
    with pytest.raises(Problems) as caught, escaped_errors():
        raise Problems([one, two])
    message = caught.value.format_message()
    assert obeyed(message) == set()
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [f"--{TITLE}"],
        [TITLE],
        ["decode", f"--{TITLE}"],
        ["purge", "--older-than", TITLE],
        ["keys", "revoke", TITLE],
        ["check", "-c", TITLE],
        ["report", "-c", f"/{TITLE}"],
    ],
)
def test_a_wrong_command_line_is_quoted_without_controls(arguments: list[str]) -> None:
    """Scripts hand on what others wrote."""
    outcome = CliRunner().invoke(cli, arguments)
    assert outcome.exit_code in {1, 2}
    assert obeyed(outcome.output) == set()
    assert "owned" in outcome.output
