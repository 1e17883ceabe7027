"""Settings that documents name are settings."""

import re
from pathlib import Path

import pytest

from config.reference import catalogue
from tests.support.repository import DOCS, ROOT

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
KEYS = {table.name: {key.name for key in table.keys} for table in catalogue.tables()}
NAMED = re.compile(r"`\[\[?([a-z_.]+)\]\]? ([a-z_]+)[^`]*`")
QUOTED = re.compile(r"`([a-z]+(?:_[a-z]+)+)(?: = [^`]*)?`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_setting_that_is_named_with_its_table_exists(page: Path) -> None:
    """As in `[proxy] listen`."""
    for table, key in NAMED.findall(page.read_text()):
        assert key in KEYS.get(table, ()), f"[{table}] {key}"


def test_what_security_rests_on_is_a_setting() -> None:
    """Each name in code on that page, with its table or without."""
    page = (DOCS / "security.md").read_text()
    named = set(QUOTED.findall(page))
    assert {"max_sessions_per_address", "trust_loopback", "trusted_networks"} <= named
    assert named <= set().union(*KEYS.values())


def test_the_tracking_host_has_one_name() -> None:
    """The one that `waypost init` writes; a reader of two pages need not ask whether it is another."""
    pages = {ROOT / "README.md", *DOCS.glob("*.md"), ROOT / "compose.yaml"}
    for page in sorted(pages):
        text = page.read_text("utf-8")
        named = re.findall(r'base_url = "https?://([^/"]+)"', text)
        named += re.findall(r"TRACKING_HOST=(\S+?)[,\s]", text)
        named += re.findall(r"\b(?:clicks|go|l|links?|t|track(?:er|ing)?)\.example\.\w+", text)
        assert {name for name in named if "127.0.0.1" not in name} <= {"click.example.com"}, page
