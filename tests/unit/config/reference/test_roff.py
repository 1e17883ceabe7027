"""Text in a manual page."""

import pytest

from config.reference import roff


@pytest.mark.parametrize(
    ("written", "source"),
    [
        (".hidden is a file", "\\&.hidden is a file"),
        ("first\n'quoted' second", "first\n\\&'quoted' second"),
        ("a\\b", "a\\eb"),
        ("--json", "\\-\\-json"),
    ],
)
def test_text_is_never_a_request_to_roff(written: str, source: str) -> None:
    """Or a line that begins with a full stop would not be printed."""
    assert roff.plain(written) == source


def test_code_is_bold() -> None:
    """As the terminal shows what one may type."""
    assert roff.marked("see `--json` there") == "see \\fB\\-\\-json\\fR there"


def test_a_link_is_told_with_its_url() -> None:
    """Nothing can be clicked on in a manual page."""
    assert roff.marked("[here](https://example.com/)") == "here (https://example.com/)"


def test_paragraphs_are_filled() -> None:
    """Line breaks of the source mean nothing."""
    assert roff.paragraphs("one\ntwo\n\nthree") == ".PP\none two\n.PP\nthree\n"


def test_a_paragraph_that_click_leaves_as_it_is_keeps_its_lines() -> None:
    r"""Marked by `\b`."""
    assert roff.paragraphs("\b\n  one\n    two") == ".PP\n.nf\none\n  two\n.fi\n"


def test_a_heading_of_markdown_is_one_here() -> None:
    """As the page of the same text in `docs/` has it."""
    assert roff.paragraphs("## From the top\n\none") == ".SH FROM THE TOP\n.PP\none\n"
