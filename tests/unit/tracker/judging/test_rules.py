"""The rules are declared once."""

from typing import get_args

from config.schema import ClickRule, Config
from tracker.judging.rules import BY_NAME, FLOOD, RULES, Settings
from tracker.judging.signals import SIGNALS


def test_names_are_unique_and_labels_have_versions() -> None:
    """A stored reason names one rule."""
    labels = [rule.label for rule in RULES]
    assert len(set(labels)) == len(labels)
    assert "burst/1" in labels


def test_every_rule_can_be_configured() -> None:
    """`[clicks] points` knows all names."""
    assert tuple(rule.name for rule in RULES) == get_args(ClickRule)


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


def test_a_configuration_says_points_and_limits() -> None:
    """And those of the rules without one."""
    clicks = {"threshold": 120, "doubtful": 60, "points": {"early": 10}}
    settings = Settings.of(Config.model_validate({"clicks": clicks}))
    assert settings == Settings(120, 60, {"early": 10})
    assert Settings.of(Config()) == Settings()
