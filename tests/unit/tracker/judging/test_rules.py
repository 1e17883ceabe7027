"""The rules are declared once."""

from tracker.judging.rules import BY_NAME, FLOOD, RULES, Settings
from tracker.judging.signals import SIGNALS


def test_names_are_unique_and_labels_have_versions() -> None:
    """A stored reason names one rule."""
    labels = [rule.label for rule in RULES]
    assert len(set(labels)) == len(labels) == 18
    assert "burst/1" in labels


def test_every_signal_is_a_rule() -> None:
    """What is kept of a request is looked at."""
    assert SIGNALS.keys() <= {rule.name for rule in RULES}


def test_a_flood_is_as_large_as_its_rule_says() -> None:
    """Operators read the number in the table of docs/machines.md."""
    assert f"{FLOOD:,} times" in BY_NAME["flood"].sees


def test_points_can_be_set() -> None:
    """Of single rules; the others keep theirs."""
    settings = Settings(points={"early": 10})
    assert settings.weight("early") == 10
    assert settings.weight("head") == 100
