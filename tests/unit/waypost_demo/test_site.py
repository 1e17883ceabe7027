"""The page that links of the demo lead to, over real HTTP."""

import urllib.request

from waypost_demo import site


def test_the_page_shows_which_destination_was_reached() -> None:
    """Whole, with its query."""
    with site.serving(0) as url, urllib.request.urlopen(f"{url}/orders/7?ref=mail&copy=1") as page:
        assert f"{url}/orders/7?ref=mail&amp;copy=1" in page.read().decode()


def test_markup_in_a_url_is_no_markup_of_the_page() -> None:
    """Whoever sends the demo a link of this kind sees the link."""
    with site.serving(0) as url, urllib.request.urlopen(f"{url}/<script>x</script>") as page:
        assert "<script>" not in page.read().decode()
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_it_hears_of_clicks_as_a_webhook() -> None:
    """So that the page of the state has one to show."""
    told = urllib.request.Request("http://localhost", b'{"type": "click.created"}')
    with site.serving(0) as url:
        told.full_url = f"{url}/hooks/clicks"
        with urllib.request.urlopen(told) as answer:
            assert answer.status == 204


def test_pictures_of_the_letter_are_there() -> None:
    """A mail program that shows it asks nobody else."""
    with site.serving(0) as url, urllib.request.urlopen(f"{url}/pictures/a.svg") as picture:
        assert picture.headers["Content-Type"] == "image/svg+xml"
        assert picture.read().startswith(b"<svg ")
