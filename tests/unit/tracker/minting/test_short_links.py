"""Short links: codes that stay what they are, whatever becomes of their file."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.telemetry.observe import REGISTRY
from tests.support.checks.losses import delete, empty
from tests.support.log_lines import capture_logs
from tests.support.state import beside
from tracker.minting import short_links
from tracker.minting.short_links import ALPHABET, ShortLinks


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Name a store."""
    return tmp_path / "waypost.db"


@pytest.fixture
def file(store: Path) -> Path:
    """Name its file of short links."""
    return short_links.file_of(beside(store))


@pytest.fixture
def copy(store: Path) -> Path:
    """Name the copy of that."""
    return short_links.copy_of(beside(store))


def started(store: Path) -> ShortLinks:
    """Start a tracker."""
    links = ShortLinks(beside(store))
    links.refresh()
    return links


def metric(name: str, **labels: str) -> float | None:
    """Return a gauge as monitoring sees it."""
    return REGISTRY.get_sample_value(f"waypost_short_links_{name}", labels)


def test_a_code_stands_for_its_token(store: Path, file: Path) -> None:
    """At once in this process, and for whoever reads the file."""
    links = ShortLinks(beside(store))
    code = links.add("AQ-token_1")
    assert len(code) == 7
    assert set(code) <= set(ALPHABET)
    assert links.token(code) == ShortLinks.load(beside(store)).token(code) == "AQ-token_1"
    assert links.token("unknown") is None


def test_a_look_reads_what_another_made_and_writes_nothing(store: Path, copy: Path) -> None:
    """For whoever asks for a code between two refreshes; the copy is theirs."""
    links = started(store)
    code = ShortLinks.load(beside(store)).add("AQ-token_1")
    links.look()
    assert links.token(code) == "AQ-token_1"
    assert not copy.exists()
    links.refresh()
    assert code in copy.read_text()


def test_a_file_that_cannot_be_read_is_looked_at_in_vain(store: Path, file: Path) -> None:
    """What is known stays known."""
    links = started(store)
    code = links.add("AQ-token_1")
    file.unlink()
    file.mkdir()
    links.look()
    assert links.token(code) == "AQ-token_1"


def test_the_file_is_for_its_owner_only(store: Path, file: Path) -> None:
    """Whoever reads it can follow every link."""
    ShortLinks(beside(store)).add("token")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://click.example.com/s/x7Qm2Ab", "x7Qm2Ab"),
        (" https://example.com/go/s/x7Qm2Ab?utm_source=sms#top\n", "x7Qm2Ab"),
        ("/s/x7Qm2Ab", "x7Qm2Ab"),
        ("https://example.com/s/c/AQ_-x", None),
        ("https://example.com/c/AQ?u=/s/x7Qm2Ab", None),
        ("https://example.com/s/x7Qm2Ab/", None),
        ("https://example.com/s/x7Qm2Abc", None),
        ("x7Qm2Ab", None),
    ],
)
def test_a_code_is_found_in_a_short_link(url: str, code: str | None) -> None:
    """At the end of its path, and nowhere else."""
    assert short_links.code_in(url) == code


def test_what_others_add_is_read_when_refreshed(store: Path, file: Path) -> None:
    """Another process, another object: the same file."""
    mine, theirs = ShortLinks(beside(store)), ShortLinks(beside(store))
    codes = [theirs.add(f"token{number}") for number in range(3)]
    assert mine.token(codes[0]) is None
    mine.refresh()
    assert [mine.token(code) for code in codes] == ["token0", "token1", "token2"]


def test_a_code_is_never_used_twice(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even one that another process gave away a moment ago."""
    monkeypatch.setattr(short_links, "ALPHABET", "ab")
    monkeypatch.setattr(short_links, "CODE_CHARACTERS", 3)
    one, two = ShortLinks(beside(store)), ShortLinks(beside(store))
    codes = [links.add(f"token{number}") for number, links in enumerate((one, two) * 4)]
    assert len(set(codes)) == 8
    read = ShortLinks.load(beside(store))
    assert [read.token(code) for code in codes] == [f"token{number}" for number in range(8)]


def test_the_first_line_of_a_code_counts(store: Path, file: Path) -> None:
    """A code that somebody holds never changes its meaning."""
    file.write_text("abc first\nabc second\n")
    assert ShortLinks.load(beside(store)).token("abc") == "first"


def test_torn_and_damaged_lines_cost_nobody_else(store: Path, file: Path) -> None:
    """A write that was cut off, or an editor's slip; the next link stands on a line of its own."""
    file.write_bytes(b"abc first\nnonsense\n\xff\xff\n\ndef tor")
    links = started(store)
    assert metric("damaged_lines") == 2
    code = links.add("second")
    read = ShortLinks.load(beside(store))
    assert (read.token("abc"), read.token(code)) == ("first", "second")
    assert file.read_bytes().endswith(f"def tor\n{code} second\n".encode())


def test_what_was_read_outlives_the_file(store: Path, file: Path) -> None:
    """Deleted, cut short or replaced: known codes stay, new ones come."""
    links = ShortLinks(beside(store))
    first = links.add("first")
    file.unlink()
    links.refresh()
    second = links.add("second")
    file.write_text("abc other\n")
    links.refresh()
    assert [links.token(code) for code in (first, second, "abc")] == ["first", "second", "other"]


def tear(file: Path) -> None:
    """Cut it in the middle of its last token."""
    file.write_bytes(file.read_bytes()[:-4])


def replace(file: Path) -> None:
    """Put another into its place."""
    file.unlink()
    file.write_text("abc other\n")


def cover(file: Path) -> None:
    """Put something into its place that cannot be read."""
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "lose", [delete, empty, tear, replace, cover], ids=lambda lose: lose.__name__
)
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_a_lost_file_kills_no_link(
    store: Path, file: Path, lose: Callable[[Path], None], *, restarted: bool
) -> None:
    """Neither while the tracker runs nor after a restart; what is missing is told."""
    links = started(store)
    codes = {links.add(token): token for token in ("AQ-first", "AQ-second")}
    links.refresh()
    lose(file)
    if restarted:
        links = ShortLinks(beside(store))
    links.refresh()
    assert {code: links.token(code) for code in codes} == codes
    if lose is cover:
        assert metric("unusable", what="file") == 1
        return
    assert metric("lost") == (1 if lose is tear else 2)
    codes[links.add("AQ-third")] = "AQ-third"
    links.refresh()
    assert metric("lost") == (1 if lose is tear else 2)
    for later in (links, started(store), ShortLinks.load(beside(store))):
        assert {code: later.token(code) for code in codes} == codes


def test_a_file_mended_from_the_copy_lacks_nothing(store: Path, file: Path, copy: Path) -> None:
    """And that is told as well."""
    links = started(store)
    links.add("AQ-first")
    links.refresh()
    file.unlink()
    with capture_logs() as logged:
        for _ in range(2):
            links.refresh()
        file.write_bytes(copy.read_bytes())
        links.refresh()
    assert [each["event"] for each in logged] == ["short_links_lost", "short_links_found"]
    assert metric("lost") == 0


def test_a_first_start_is_nothing_to_be_told_of(store: Path) -> None:
    """No file, no copy, no links: and none is made."""
    with capture_logs() as logged:
        started(store)
    assert (logged, list(store.parent.iterdir())) == ([], [])
    assert [metric("unusable", what=what) for what in ("file", "copy")] == [0, 0]


def test_a_copy_of_links_from_before_is_made(store: Path, file: Path, copy: Path) -> None:
    """By the first tracker that knows of copies; for its owner only."""
    file.write_text("abc first\ndef second\n")
    started(store)
    assert sorted(copy.read_text().splitlines()) == ["abc first", "def second"]
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_lost_copy_is_written_anew(store: Path, file: Path, copy: Path) -> None:
    """From memory, even with the file gone as well."""
    links = started(store)
    code = links.add("AQ-first")
    links.refresh()
    file.unlink()
    copy.unlink()
    links.refresh()
    assert started(store).token(code) == "AQ-first"


def test_a_file_that_is_lost_at_once_is_missed(store: Path, file: Path) -> None:
    """There was none when the tracker last looked, and there is none now."""
    links = started(store)
    code = links.add("AQ-first")
    file.unlink()
    links.refresh()
    assert metric("lost") == 1
    assert started(store).token(code) == "AQ-first"


def test_a_copy_is_only_added_to(store: Path, copy: Path) -> None:
    """With a million links, each new one costs one line."""
    links = started(store)
    links.add("AQ-first")
    links.refresh()
    before = copy.stat()
    links.add("AQ-second")
    links.refresh()
    links.refresh()
    assert copy.stat().st_ino == before.st_ino
    assert copy.stat().st_size == before.st_size + len("1234567 AQ-second\n")


def test_a_copy_that_cannot_be_written_is_told_once_and_tried_again(
    store: Path, file: Path, copy: Path
) -> None:
    """Links work all the same."""
    copy.mkdir()
    links = ShortLinks(beside(store))
    code = links.add("AQ-first")
    with capture_logs() as logged:
        for _ in range(3):
            links.refresh()
    assert [each["event"] for each in logged] == ["short_links_not_copied"]
    assert (links.token(code), metric("unusable", what="copy")) == ("AQ-first", 1)
    copy.rmdir()
    links.refresh()
    assert metric("unusable", what="copy") == 0
    file.unlink()
    assert started(store).token(code) == "AQ-first"


@pytest.mark.parametrize("torn", ["x7Qm2Ab AQ-fi", "x7Qm2Ab ", "x7Qm", ""])
def test_a_line_of_the_copy_that_was_torn_costs_no_link(
    store: Path, file: Path, copy: Path, torn: str
) -> None:
    """A full disk, or a loss of power: part of a token means nothing, and the whole one counts."""
    file.write_text("x7Qm2Ab AQ-first\n")
    copy.write_text(torn)
    started(store)
    file.unlink()
    assert started(store).token("x7Qm2Ab") == "AQ-first"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_made_is_the_services(store: Path, file: Path, copy: Path) -> None:
    """`sudo waypost link --short` must leave nothing that the tracker cannot open."""
    os.chown(store.parent, 12345, 12345)
    links = started(store)
    links.add("AQ-first")
    links.refresh()
    assert {file.stat().st_uid, copy.stat().st_uid} == {12345}


def test_two_trackers_copy_each_link_once(store: Path, copy: Path) -> None:
    """And neither takes for lost what the other was quicker to copy."""
    one, two = started(store), started(store)
    with capture_logs() as logged:
        code = one.add("AQ-first")
        one.refresh()
        two.refresh()
        one.refresh()
    assert copy.read_text() == f"{code} AQ-first\n"
    assert (two.token(code), logged) == ("AQ-first", [])


def test_a_copy_that_is_put_back_is_read_whole(store: Path, file: Path) -> None:
    """With `cp` into the file that was begun meanwhile, and longer than that."""
    kept = "".join(f"code{number} token{number}\n" for number in range(9))
    links = ShortLinks(beside(store))
    code = links.add("since")
    links.refresh()
    file.write_text(f"{kept}{code} since\n")
    links.refresh()
    assert [links.token(f"code{number}") for number in (0, 8)] == ["token0", "token8"]
    assert links.token(code) == "since"


ADD = """
import sys
from config.schema import StoreConfig
from tracker.minting.short_links import ShortLinks
links = ShortLinks(StoreConfig(url=f"sqlite:///{sys.argv[1]}").file)
for number in range(20):
    print(links.add(f"{sys.argv[2]}-{number}"))
"""


def test_processes_and_threads_add_side_by_side(store: Path) -> None:
    """Each code stands for the token that its maker gave."""

    def add(name: str) -> list[str]:
        command = [sys.executable, "-c", ADD, store, name]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    own = ShortLinks(beside(store))
    with ThreadPoolExecutor() as threads:
        others = {name: threads.submit(add, name) for name in ("one", "two")}
        mine = list(threads.map(own.add, (f"own-{number}" for number in range(20))))
    read = ShortLinks.load(beside(store))
    assert [read.token(code) for code in mine] == [f"own-{number}" for number in range(20)]
    for name, codes in others.items():
        assert [read.token(code) for code in codes.result()] == [f"{name}-{n}" for n in range(20)]


def test_codes_of_other_nodes_are_known(store: Path) -> None:
    """They are in the copy, and the file of this node has not lost them."""
    short_links.shared_of(beside(store)).write_text("far AQ-token 12\n")
    links = ShortLinks(beside(store))
    links.refresh()
    assert links.token("far") == ShortLinks.load(beside(store)).token("far") == "AQ-token"
    assert short_links.copy_of(beside(store)).read_text() == "far AQ-token\n"
    assert REGISTRY.get_sample_value("waypost_short_links_lost") == 0
