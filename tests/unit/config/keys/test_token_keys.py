"""Token keys: what their file holds, new ones, rotation, revocation."""

import base64
import dataclasses
from datetime import date
from pathlib import Path

import pytest

from config.keys import token_keys
from config.keys.secret_files import KeyFileError, write_secret
from config.keys.token_keys import (
    TokenKey,
    minting_key,
    new_token_key,
    read_token_keys,
    write_token_keys,
)

SECRET = bytes(range(64))
DAY = date(2026, 11, 23)


def written(folder: Path, text: str) -> Path:
    """Write a key file by hand."""
    file = folder / "token.keys"
    write_secret(file, text.encode())
    return file


def entry(number: int = 1, secret: bytes = SECRET, more: str = "") -> str:
    """Return one key as the file has it."""
    encoded = base64.b64encode(secret).decode()
    return f'[[key]]\nid = {number}\ncreated = 2026-11-23\nsecret = "{encoded}"\n{more}'


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Ids, secrets, dates and revocations, in their order."""
    made = (
        TokenKey(3, SECRET, DAY, revoked=True),
        TokenKey(255, bytes(64), date(2020, 1, 1)),
        new_token_key(),
    )
    write_token_keys(tmp_path / "token.keys", made)
    assert read_token_keys(tmp_path / "token.keys") == made


def test_a_secret_is_never_shown() -> None:
    """Not even in a traceback."""
    assert "secret" not in repr(TokenKey(1, SECRET, DAY))


def test_no_error_shows_a_secret(tmp_path: Path) -> None:
    """What is wrong with a key file is told without quoting it."""
    encoded = base64.b64encode(SECRET).decode()
    for name, text in enumerate((entry() + "x", entry(more="extra = 1\n"), entry(0), entry()[:-3])):
        file = tmp_path / str(name)
        write_secret(file, text.encode())
        with pytest.raises(KeyFileError) as refused:
            read_token_keys(file)
        assert encoded[:20] not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is not a token key file: key: Field required"),
        ("key = []\n", "at least 1 item"),
        ("not toml", "is not a token key file"),
        (entry(256), "less than or equal to 255"),
        (entry(0), "greater than or equal to 1"),
        (entry(secret=bytes(63)), "holds a key of 63 octets, not 64: id 1"),
        (entry().replace("AAEC", "A*EC"), "not base64: id 1"),
        (entry() + entry(), "two keys with the id 1"),
        (entry(more="revoked = true\n"), "no key that is not revoked"),
        (entry(more='revoked = "no"\n'), "key.0.revoked"),
    ],
)
def test_a_broken_key_file_is_refused(tmp_path: Path, text: str, what: str) -> None:
    """Each says what is wrong."""
    with pytest.raises(KeyFileError, match=what):
        read_token_keys(written(tmp_path, text))


def test_a_key_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """A binary file, by mistake."""
    write_secret(tmp_path / "token.keys", b"\xff\x00")
    with pytest.raises(KeyFileError, match="it is not text"):
        read_token_keys(tmp_path / "token.keys")


def test_new_keys_differ_and_are_of_today() -> None:
    """64 random octets each, and the next id."""
    first = new_token_key()
    second = new_token_key([first])
    assert (first.id, second.id, len(first.secret)) == (1, 2, 64)
    assert first.secret != second.secret


def test_after_the_last_id_the_unused_ones_come() -> None:
    """Ids stay unique for 255 keys; then old ones must go first."""
    made: list[TokenKey] = [TokenKey(250, SECRET, DAY)]
    for _ in range(254):
        made.append(new_token_key(made))
    assert sorted(key.id for key in made) == list(range(1, 256))
    with pytest.raises(ValueError, match="all 255 ids are taken"):
        new_token_key(made)


def test_the_newest_usable_key_mints() -> None:
    """By date, and of the same day the one further down."""
    old, one, two = (TokenKey(number, SECRET, DAY) for number in (9, 1, 2))
    older = TokenKey(10, SECRET, date(2026, 1, 1))
    gone = TokenKey(11, SECRET, date(2026, 12, 1), revoked=True)
    assert minting_key([old, one, two, older, gone]) is two


def test_revoking_marks_one_key_only() -> None:
    """All others stay as they are, and a second time changes nothing."""
    pair = (TokenKey(1, SECRET, DAY), TokenKey(2, SECRET, DAY))
    revoked = token_keys.revoke(pair, 1)
    assert [key.revoked for key in revoked] == [True, False]
    assert token_keys.revoke(revoked, 1) == revoked


def test_the_last_usable_key_cannot_be_revoked() -> None:
    """Nothing would be left to make links with."""
    with pytest.raises(ValueError, match="only key left"):
        token_keys.revoke([TokenKey(1, SECRET, DAY)], 1)
    with pytest.raises(ValueError, match="no key 2"):
        token_keys.revoke([TokenKey(1, SECRET, DAY)], 2)


def test_rotating_keys_changes_no_id(tmp_path: Path) -> None:
    """A file without a secret has that of its oldest key; it is written down with the next change."""
    file = tmp_path / "token.keys"
    old = dataclasses.replace(new_token_key(), created=new_token_key().created.replace(year=2020))
    token_keys.write_token_keys(file, [old])
    before = token_keys.read_identify_secret(file)
    new = new_token_key([old])
    token_keys.write_token_keys(file, [new, old], replace=True)
    assert token_keys.read_identify_secret(file) == before
    token_keys.write_token_keys(file, [new], identify_secret=before, replace=True)
    assert token_keys.read_identify_secret(file) == before
    assert token_keys.read_token_keys(file) == (new,)
