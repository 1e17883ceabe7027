"""Which pages there are."""

import pytest

from config.schema import Config
from tests.support.pages import ask
from tracker.access.access import Scope
from tracker.pages.rendering.page import NAVIGATION
from tracker.pages.site import Site


def test_the_site_has_every_page_that_its_navigation_names() -> None:
    """And no two pages of one address."""
    paths = [route.path for route in Site(Config).routes]
    assert {path for path, _ in NAVIGATION} <= set(paths)
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    "path",
    ["/clicks", "/clicks.csv", "/people", "/people/ann@example.net", "/messages", "/messages/1"],
)
def test_pages_of_persons_need_more_than_figures(config: Config, path: str) -> None:
    """Whoever may see sums alone is refused, before anything is asked of the store."""
    assert ask(config, path, Scope.FIGURES).status_code == 403
    assert not config.store.path.exists()


@pytest.mark.parametrize("path", ["/machines", "/state"])
def test_pages_of_sums_need_no_more(config: Config, path: str) -> None:
    """They name nobody then."""
    assert ask(config, path, Scope.FIGURES).status_code == 200
    assert ask(config, path, Scope.LINKS).status_code == 403
