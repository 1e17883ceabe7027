"""Which pages there are."""

from config.schema import Config
from tracker.pages.rendering.page import NAVIGATION
from tracker.pages.site import Site


def test_the_site_has_every_page_that_its_navigation_names() -> None:
    """And no two pages of one address."""
    paths = [route.path for route in Site(Config).routes]
    assert {path for path, _ in NAVIGATION} <= set(paths)
    assert len(paths) == len(set(paths))
