"""docs/privacy.md tells of every setting there is, and its example is a configuration."""

import re
import tomllib

import pytest

from config.schema import Config, PrivacyConfig
from tests.support.repository import DOCS

PAGE = (DOCS / "privacy.md").read_text()
EXAMPLE = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_example_is_a_configuration() -> None:
    """Which keeps less of everything than without it."""
    (example,) = EXAMPLE
    kept = Config.model_validate(tomllib.loads(example)).privacy
    assert kept.model_fields_set == set(PrivacyConfig.model_fields)
    usual = PrivacyConfig()
    assert all(getattr(kept, name) != getattr(usual, name) for name in kept.model_fields_set)
    assert (kept.retention, kept.details) < (usual.retention, usual.details)


@pytest.mark.parametrize("name", PrivacyConfig.model_fields)
def test_every_setting_of_privacy_is_told_of(name: str) -> None:
    """In words, besides the example."""
    assert re.search(rf"`{name}\b", PAGE)


@pytest.mark.parametrize("name", ["retention", "details"])
def test_how_long_things_are_kept_is_told_in_days(name: str) -> None:
    """As long as nobody says otherwise."""
    days = round(getattr(PrivacyConfig(), name) / 86400)
    rows = [row for row in PAGE.splitlines() if row.startswith("|") and f"`{name}`" in row]
    assert any(f"| {days} days |" in row for row in rows)
