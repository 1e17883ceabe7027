"""Real material is rewritten without a fault, and the tool that says so can see faults."""

import dataclasses
import os
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

import proxy.rewrite.candidates
import tests.corpus.check
from proxy.policy import Policy
from proxy.rewrite.planned import Plan
from proxy.rewrite.planner import plan
from tests.corpus.material import cases
from tests.corpus.reasons import LONG_LINE, TRACKED, Histogram, histogram
from tests.corpus.run import main, passed, table, tally

DOCUMENT = b"""<a href="http://one.example/?a=1&amp;b">1</a> <a href=http://two.example/>2</a>
<!--[if mso]><v:rect href="http://three.example/"></v:rect><![endif]-->"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one document of three links (by its name, sent as 8bit)."""
    (tmp_path / "8bit.html").write_bytes(DOCUMENT)
    return tmp_path


@pytest.mark.corpus
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("eml", 1),
        ("dkim", 1),
        ("url", 1),
        ("html", 3),
        ("html5lib/tree", 3),
        ("html5lib/tokens", 40),
    ],
)
def test_real_material_is_rewritten_without_a_fault(corpus, kind, step):
    """Nothing is changed, missed, invented or altered; of the many cases every few are taken.

    `WAYPOST_CORPUS_ALL=1` takes them all, as `make corpus` does.
    """
    name, _, part = kind.partition("/")
    if os.environ.get("WAYPOST_CORPUS_ALL"):
        step = 1
    material = (case for case in cases(corpus / name) if part in ("", case.kind))
    figures = tally(islice(material, 0, None, step))
    assert passed(figures), table(figures) + "\n" + "\n".join(figures.details[:20])


@pytest.mark.corpus
@pytest.mark.timeout(300)
@pytest.mark.parametrize("plain_text", [False, True])
def test_hardly_a_message_is_left_alone_that_could_be_tracked(corpus, plain_text):
    """At most 3 of 100, from senders that sign; long lines apart."""
    found = histogram(cases(corpus / "eml"), plain_text=plain_text)
    assert found.reasons[TRACKED]
    assert found.share_left_alone <= 0.03, found.left_alone


def test_what_is_left_alone_is_counted_but_for_long_lines():
    """One of two that have no long line."""
    found = Histogram(Counter({TRACKED: 1, LONG_LINE: 3, "no_from": 1}))
    assert found.share_left_alone == 0.5


def test_a_message_is_tracked_or_left_alone_for_a_reason(tmp_path):
    """A reason that has to do with links, or with who may say so, is none to be mended."""
    link = b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<a href='http://one.example/'>1</a>\r\n"
    sent = {
        "own": b"From: a@own.example\r\n" + link,
        "nobodys": link,
        "opted-out": b"From: a@own.example\r\nX-Track-Links: off\r\n" + link,
        "empty": b"From: a@own.example\r\n\r\nHello\r\n",
        "folded": b"From: a@own.example\r\n" + link + b"x" * 1200 + b"\r\n",
    }
    for name, message in sent.items():
        (tmp_path / f"{name}.eml").write_bytes(message)
    found = histogram(cases(tmp_path), plain_text=False)
    assert found.reasons == {TRACKED: 1, "no_from": 1, LONG_LINE: 1}


def test_the_tool_passes_what_is_right(folder, capsys):
    """A folder without faults ends with 0 and a table of zeros."""
    assert main([str(folder)]) == 0
    assert "links missed                                    0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("links missed", lambda hrefs: hrefs[1:]),
        ("links missed", lambda hrefs: hrefs[:2]),
        ("links invented", lambda hrefs: [hrefs[0]._replace(value="http://x/"), *hrefs[1:]]),
        ("destinations altered", lambda hrefs: [hrefs[0]._replace(value=hrefs[1].value), hrefs[1]._replace(value=hrefs[0].value), hrefs[2]]),
        ("destinations altered", lambda hrefs: [hrefs[0]._replace(end=hrefs[0].end - 1), *hrefs[1:]]),
    ],
)  # fmt: skip
def test_the_tool_sees_wrong_links(folder, monkeypatch, fault, change):
    """A link lost, invented or led astray is counted as such."""
    found = proxy.rewrite.candidates.links
    monkeypatch.setattr(proxy.rewrite.candidates, "links", lambda *given: change(found(*given)))
    figures = tally(cases(folder))
    assert figures.faults[fault] > 0
    assert not passed(figures)


def test_the_tool_sees_octets_that_changed(folder, monkeypatch):
    """An octet changed outside of the links is counted."""

    class Careless(Plan):
        def render(self, url_for):
            """Render, and lose a space."""
            return super().render(url_for).replace(b"</a> <a", b"</a><a")

    def careless(message: bytes, policy: Policy) -> Plan:
        made = plan(message, policy)
        return Careless(**{f.name: getattr(made, f.name) for f in dataclasses.fields(made)})

    monkeypatch.setattr(tests.corpus.check, "plan", careless)
    (folder / "8bit.html").write_bytes(DOCUMENT.replace(b"\n", b"")[:80])
    figures = tally(cases(folder))
    assert figures.faults["changed when they should not be"] > 0


def test_the_tool_sees_exceptions(folder, monkeypatch):
    """A fault of ours is counted, though mail would pass."""
    monkeypatch.setattr(proxy.rewrite.candidates, "links", lambda *_: 1 / 0)
    assert tally(cases(folder)).faults["exceptions"] == 1


def test_an_empty_folder_proves_nothing(tmp_path):
    """Nothing to read is no success."""
    assert main([str(tmp_path)]) == 1
    assert main([str(tmp_path / "missing")]) == 2
