"""What whoever feeds the store tells others of its troubles."""

import pytest

from tracker.ingest.trouble import Trouble


def test_what_is_told_can_be_read_back() -> None:
    """Whole."""
    told = Trouble("locked: database is locked", {"a.log": "Permission denied"}, 17)
    assert Trouble.decode(told.encode()) == told


@pytest.mark.parametrize(
    "octets",
    [b"", b"{", b"[]", b"7", b"null", b"{}", b'{"failing":"","unreadable":[],"vanished_octets":0}'],
)
def test_what_nobody_told_is_no_trouble(octets: bytes) -> None:
    """A holder of another version, or one that is writing this moment."""
    assert Trouble.decode(octets) == Trouble()


def test_in_words_it_names_causes_and_is_not_endless() -> None:
    """A few segments by their names, of the others how many there are."""
    many = {f"{number}.log": "Is a directory" for number in range(8)}
    sentences = list(Trouble("full: no room", many).sentences())
    assert sentences[:2] == ["full: no room", "0.log cannot be read: Is a directory"]
    assert sentences[-1] == "and 3 more segments cannot be read"
    assert len(sentences) == 7
    assert list(Trouble().sentences()) == []
