"""docs/doctor.md says what the code says."""

from tests.support.repository import DOCS
from waypost_doctor import manual
from waypost_doctor.findings import Kind, Topic


def test_the_page_is_what_the_findings_say() -> None:
    """`make docs` writes it anew."""
    assert (DOCS / "doctor.md").read_text() == manual.page()


def test_the_page_has_every_finding_once_under_what_is_tried() -> None:
    """By its name."""
    page = manual.page()
    assert [page.count(f"| `{kind}` |") for kind in Kind] == [1] * len(Kind)
    assert all(f"## {topic.capitalize()}\n\n{topic.help}" in page for topic in Topic)
