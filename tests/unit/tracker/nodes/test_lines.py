"""Lines as they go to the log of all nodes, and as they come from there."""

from dataclasses import replace
from pathlib import Path

import pytest

from config.schema import StateFile
from tests.support.state import beside
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import decision
from tracker.decisions.shared_log import Line, LoggedLine
from tracker.minting import short_links
from tracker.minting.short_links import ShortLinks
from tracker.nodes.lines import START, Codes, Records, code_line

MADE = decision("revoke", "host", "one.test")


@pytest.fixture
def state(tmp_path: Path) -> StateFile:
    """Return the files of a machine."""
    return beside(tmp_path / "waypost.db")


def logged(lines: list[Line], first: int = 1) -> list[LoggedLine]:
    """Return lines as the log gives them."""
    return [LoggedLine(at, *line) for at, line in enumerate(lines, first)]


def test_what_is_written_down_here_is_to_be_sent_once(state: StateFile) -> None:
    """Until it is known that the log has it, also after a start."""
    records = Records(DECISIONS, state)
    assert records.unsent() == []
    DECISIONS.append(state, MADE)
    lines = records.unsent()
    assert [line.octets for line in lines] == [DECISIONS.adapter.dump_json(MADE)]
    records.take(logged(lines))
    assert Records(DECISIONS, state).unsent() == []


def test_equal_lines_are_told_apart_by_their_number(state: StateFile) -> None:
    """Somebody wrote them twice, and meant it."""
    for _ in range(2):
        DECISIONS.append(state, MADE)
    one, other = Records(DECISIONS, state).unsent()
    assert one.octets == other.octets
    assert one.digest != other.digest


def test_lines_are_numbered_alike_however_they_came(state: StateFile) -> None:
    """One after another, all at once, or anew, as others stand before them now."""
    records, one_by_one = Records(DECISIONS, state), []
    for host in ("one.test", "two.test", "one.test"):
        DECISIONS.append(state, replace(MADE, value=host))
        one_by_one += records.unsent()[len(one_by_one) :]
    assert one_by_one == Records(DECISIONS, state).unsent()
    file = DECISIONS.file_of(state)
    _, *others = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(others))
    assert records.unsent() == [one_by_one[1], one_by_one[0]]


def test_what_the_log_says_is_read_as_a_record(state: StateFile) -> None:
    """With a number and a digest that say how far this machine has read."""
    records = Records(DECISIONS, state)
    line = Line(b"\1" * 32, DECISIONS.adapter.dump_json(MADE))
    records.take([LoggedLine(12, *line)])
    assert DECISIONS.merged(state).records == (MADE,)
    place = Records(DECISIONS, state).place
    assert (place.seq, place.digest) == (12, line.digest)


def test_an_erased_line_leaves_nothing_here(state: StateFile) -> None:
    """But its number, so that we read on from there."""
    records = Records(DECISIONS, state)
    records.take([LoggedLine(12, b"\1" * 32, b"")])
    assert records.place.seq == 12
    assert DECISIONS.merged(state).records == ()


def test_another_log_takes_the_place_of_what_was_read(state: StateFile) -> None:
    """As where the database was restored."""
    records = Records(DECISIONS, state)
    DECISIONS.append(state, MADE)
    records.take(logged(list(records.everything()), 40))
    records.begin_anew(logged(list(records.everything())))
    assert records.place.seq == 1
    assert DECISIONS.merged(state).records == (MADE,)
    records.begin_anew([])
    assert records.place == START


def test_a_code_is_one_line_whatever_it_stands_for() -> None:
    """So that no two nodes give it out for different links."""
    assert code_line("abc", "one").digest == code_line("abc", "two").digest
    assert code_line("abc", "one").digest != code_line("abd", "one").digest


def test_codes_go_and_come(state: StateFile, tmp_path: Path) -> None:
    """Each is sent once, and known where it came to."""
    code = ShortLinks(state).add("AQ-token")
    codes, elsewhere = Codes(state), beside(tmp_path / "other.db")
    lines = codes.unsent()
    assert [line.octets for line in lines] == [f"{code} AQ-token".encode()]
    codes.sent(lines)
    assert codes.unsent() == []
    there = Codes(elsewhere)
    there.take(logged(lines))
    assert ShortLinks.load(elsewhere).token(code) == "AQ-token"
    assert Codes(elsewhere).place == there.place
    assert list(there.everything()) == lines
    there.begin_anew([])
    assert short_links.shared_of(elsewhere).read_bytes() == b""
