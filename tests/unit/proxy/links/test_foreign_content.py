"""In SVG and MathML tags mean something else, until HTML is back."""

import pytest

from proxy.links.foreign_content import MAX_DEPTH, Foreign
from proxy.links.html import links


@pytest.mark.parametrize(
    "html",
    [
        b"<svg><title><style><a href=no></style></title><style><a href=x>",
        b"<svg><desc><textarea><a href=no></textarea></desc><textarea><a href=x>",
        b"<svg><p><style><a href=no></style><a href=x>",
        b"<svg></p><style><a href=no></style><a href=x>",
        b"<svg><font><style></font><a href=x>",
        b"<svg><font color=red><style><a href=no></style><a href=x>",
        b"<svg/><style><a href=no></style><a href=x>",
        b"<svg><g/></svg><style><a href=no></style><a href=x>",
        b"<math><mi><style><a href=no></style></mi><style><a href=x>",
        b"<math><mi><mglyph><style><a href=x>",
        b"<math><annotation-xml><style><a href=x>",
        b"<math><annotation-xml encoding='text/html'><style><a href=no></style><a href=x>",
        b"<math><annotation-xml><svg><desc><style><a href=no></style><a href=x>",
        b"<svg><![CDATA[<a href=no>]]><a href=x>",
        b"<svg><foreignObject><p></foreignObject><![CDATA[<a href=no>]]><a href=x>",
        b"<svg><title><title></title><title><a href=no></title></title><style><a href=x>",
        b"<svg><desc><desc></desc><style><a href=no></style></desc><style><a href=x>",
        b"<svg><desc><desc></svg><style><a href=no></style><a href=x>",
        b"<svg><title><br><![CDATA[<a href=no>]]><b><![CDATA[><a href=x>",
        b"<math><mi><mi><mglyph><style><a href=no></style><a href=x>",
        b"<table><tr><td><svg><g></td><style><a href=no></style><a href=x>",
        b"<div><svg><desc><svg></div><style></style></desc></svg><style><a href=no></style><a href=x>",
        b"<div><svg><g></div><style><a href=no></style><a href=x>",
        b"<svg id=a/><style></svg><style><a href=no></style><a href=x>",
        b"<svg id='a=b'/><style><a href=no></style><a href=x>",
        b"<svg id=a / ><style></svg><style><a href=no></style><a href=x>",
        b"<p><svg><g></p></g></svg><title><a href=no></title><a href=x>",
    ],
)
def test_raw_text_is_raw_only_in_html(html):
    """`<style>` and its like hold markup in foreign content, and text in HTML."""
    assert [href.value for href in links(html)] == ["x"]


def test_depth_is_bounded():
    """What is opened deeper than browsers nest is not followed."""
    foreign = Foreign()
    for _ in range(2 * MAX_DEPTH):
        foreign.enter(b"svg", b">")
    assert len(foreign.open) == MAX_DEPTH
    foreign.close()
    assert not foreign.open
