"""docs/machines.md is current, and keeps what was measured."""

from tracker.judging.manual import PAGE, measured_on, page
from tracker.judging.rules import RULES


def test_the_page_is_current() -> None:
    """`python -m tracker.judging.manual` writes it."""
    text = PAGE.read_text()
    assert text == page(measured_on(text))


def test_every_rule_is_in_the_page() -> None:
    """With its name."""
    text = PAGE.read_text()
    assert [rule.name for rule in RULES if f"| `{rule.name}` |" not in text] == []


def test_the_page_has_figures() -> None:
    """`make traces` put them there."""
    assert "| precision of human |" in measured_on(PAGE.read_text())
