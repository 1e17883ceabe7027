"""The documentation as a site: it can be built, every page is found from its index, and words are spelled right."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it as `make site` does: a link that leads nowhere, or a page that no list has, is an error."""
    folder = tmp_path_factory.mktemp("site")
    build = ["-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-c", "docs", ".", folder]
    subprocess.run([sys.executable, *build], cwd=ROOT, check=True, timeout=300)
    return folder


def test_the_site_begins_with_its_index(site: Path) -> None:
    """Also where its address alone is asked for."""
    assert "url=docs/index.html" in (site / "index.html").read_text()
    assert "I want to …" in (site / "docs" / "index.html").read_text()


def test_a_page_leads_to_all_others(site: Path) -> None:
    """At its side."""
    page = (site / "docs" / "limits.html").read_text()
    for other in ("quick-start.html", "configuration.html", "../README.html", "adr/README.html"):
        assert f'href="{other}"' in page


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """A site that somebody builds for a closed network works there."""
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert 'src="http' not in text
        assert 'rel="stylesheet" href="http' not in text


def test_words_are_spelled_right() -> None:
    """As far as common mistakes go."""
    pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs"]
    told = subprocess.run(
        [sys.executable, "-m", "codespell_lib", *pages],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.stdout == ""
    assert told.returncode == 0, told.stderr
