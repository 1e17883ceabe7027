"""Ids of persons: what they are, and how much room they take."""

import pytest

from tracker.urls.params import added
from tracker.urls.reader_id import ID_CHARACTERS, Identifier, widest

IDENTIFIER = Identifier("wp_id", bytes(range(32)))
READER = "reader@example.org"
HASHED = IDENTIFIER.hashed(READER)
URL = "https://shop.example.net/a?x=%41#top"


def test_an_id_is_a_keyed_hash_of_the_address():
    """Opaque and of fixed length; only the domain's case does not matter."""
    assert len(HASHED) == ID_CHARACTERS
    assert HASHED.replace("-", "").replace("_", "").isalnum()
    assert IDENTIFIER.id_of("reader@EXAMPLE.org") == HASHED
    assert IDENTIFIER.id_of("Reader@example.org") != HASHED
    assert Identifier("wp_id", bytes(32)).id_of(READER) != HASHED


def test_the_applications_own_id_is_told_unless_it_is_an_address():
    """What holds an @ is hashed, as if the message had gone there."""
    assert IDENTIFIER.id_of("other@example.org", "4711") == "4711"
    assert IDENTIFIER.id_of("other@example.org", READER) == HASHED


def test_a_secret_of_ids_is_never_shown():
    """Not even in a traceback."""
    assert "secret" not in repr(IDENTIFIER)


@pytest.mark.parametrize(
    "own", [None, "7", "x" * 100, "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n " * 9]
)
def test_the_room_for_an_id_is_enough(own):
    """For a hash and for the application's own id, however it is written."""
    room = len(added(URL, widest("wp_id", own)))
    assert len(IDENTIFIER.marked(URL, HASHED)) <= room
    assert len(IDENTIFIER.marked(URL, IDENTIFIER.id_of(READER, own))) <= room
