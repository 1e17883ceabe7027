"""waypost.toml(5)."""

from config.reference import roff
from config.reference.catalogue import tables
from config.reference.settings_page import settings_page


def test_every_key_is_told_with_its_description() -> None:
    """The page says as much as the schema."""
    page = settings_page("1.2.3")
    for entry in tables():
        assert roff.subheading(entry.header) in page
        for key in entry.keys:
            assert f".TP\n\\fB{key.name}\\fR\n" in page
            assert roff.marked(key.description) in page


def test_the_page_is_in_section_five_and_names_the_version() -> None:
    """As `man 5 waypost.toml` looks for it."""
    assert settings_page("1.2.3").startswith('.TH "WAYPOST.TOML" "5" "" "Waypost 1.2.3"')
