"""Short links: codes that stay what they are, whatever becomes of their file."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tracker import shortlinks
from tracker.shortlinks import ALPHABET, ShortLinks


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name the file of a store."""
    return shortlinks.file_of(tmp_path / "waypost.db")


def test_a_code_stands_for_its_token(file: Path) -> None:
    """At once in this process, and for whoever reads the file."""
    links = ShortLinks(file)
    code = links.add("AQ-token_1")
    assert len(code) == 7
    assert set(code) <= set(ALPHABET)
    assert links.token(code) == ShortLinks.load(file).token(code) == "AQ-token_1"
    assert links.token("unknown") is None


def test_the_file_is_for_its_owner_only(file: Path) -> None:
    """Whoever reads it can follow every link."""
    ShortLinks(file).add("token")
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
    assert shortlinks.code_in(url) == code


def test_what_others_add_is_read_when_refreshed(file: Path) -> None:
    """Another process, another object: the same file."""
    mine, theirs = ShortLinks(file), ShortLinks(file)
    codes = [theirs.add(f"token{number}") for number in range(3)]
    assert mine.token(codes[0]) is None
    mine.refresh()
    assert [mine.token(code) for code in codes] == ["token0", "token1", "token2"]


def test_a_code_is_never_used_twice(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even one that another process gave away a moment ago."""
    monkeypatch.setattr(shortlinks, "ALPHABET", "ab")
    monkeypatch.setattr(shortlinks, "CODE_CHARACTERS", 3)
    one, two = ShortLinks(file), ShortLinks(file)
    codes = [links.add(f"token{number}") for number, links in enumerate((one, two) * 4)]
    assert len(set(codes)) == 8
    read = ShortLinks.load(file)
    assert [read.token(code) for code in codes] == [f"token{number}" for number in range(8)]


def test_the_first_line_of_a_code_counts(file: Path) -> None:
    """A code that somebody holds never changes its meaning."""
    file.write_text("abc first\nabc second\n")
    assert ShortLinks.load(file).token("abc") == "first"


def test_torn_and_damaged_lines_cost_nobody_else(file: Path) -> None:
    """A write that was cut off, or an editor's slip; the next link stands on a line of its own."""
    file.write_bytes(b"abc first\nnonsense\n\xff\xff\n\ndef tor")
    links = ShortLinks(file)
    code = links.add("second")
    read = ShortLinks.load(file)
    assert (read.token("abc"), read.token(code)) == ("first", "second")
    assert file.read_bytes().endswith(f"def tor\n{code} second\n".encode())


def test_what_was_read_outlives_the_file(file: Path) -> None:
    """Deleted, cut short or replaced: known codes stay, new ones come."""
    links = ShortLinks(file)
    first = links.add("first")
    file.unlink()
    links.refresh()
    second = links.add("second")
    file.write_text("abc other\n")
    links.refresh()
    assert [links.token(code) for code in (first, second, "abc")] == ["first", "second", "other"]


def test_a_copy_that_is_put_back_is_read_whole(file: Path) -> None:
    """With `cp` into the file that was begun meanwhile, and longer than that."""
    kept = "".join(f"code{number} token{number}\n" for number in range(9))
    links = ShortLinks(file)
    code = links.add("since")
    links.refresh()
    file.write_text(f"{kept}{code} since\n")
    links.refresh()
    assert [links.token(f"code{number}") for number in (0, 8)] == ["token0", "token8"]
    assert links.token(code) == "since"


ADD = """
import sys
from pathlib import Path
from tracker.shortlinks import ShortLinks
links = ShortLinks(Path(sys.argv[1]))
for number in range(20):
    print(links.add(f"{sys.argv[2]}-{number}"))
"""


def test_processes_and_threads_add_side_by_side(file: Path) -> None:
    """Each code stands for the token that its maker gave."""

    def add(name: str) -> list[str]:
        command = [sys.executable, "-c", ADD, file, name]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    own = ShortLinks(file)
    with ThreadPoolExecutor() as threads:
        others = {name: threads.submit(add, name) for name in ("one", "two")}
        mine = list(threads.map(own.add, (f"own-{number}" for number in range(20))))
    read = ShortLinks.load(file)
    assert [read.token(code) for code in mine] == [f"own-{number}" for number in range(20)]
    for name, codes in others.items():
        assert [read.token(code) for code in codes.result()] == [f"{name}-{n}" for n in range(20)]
