"""Whether a piece of a URL looks as if a machine had drawn it, or somebody had thought of it.

Owns: telling random text (hexadecimal, base64url, UUIDs, codes) from words, titles, dates, numbers,
versions and coupons, and how many characters of it are random.
Does not own: what random text opens, which depends on where it stands (`rules`).

Noise is counted, piece by piece: letters that read as words are none, nor are numbers, nor a word with
a short number ("oauth2", "SAVE20", "2026update").
"""

import re
from functools import lru_cache
from typing import Final

MAX_OCTETS: Final = 2_048
"""Of a text that is looked at; a longer one counts by its beginning."""
LONG: Final = 14
"""Characters of noise in what nobody would think of."""
SHORT: Final = 6
"""Characters of noise in what may be a code: something else has to say so."""

_PLAIN = re.compile(r"[a-z.,_%+ -]*|[0-9.,_-]*")
_PIECE = re.compile(r"[A-Za-z0-9]++")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
UUID_CHARACTERS: Final = 36
_HEXADECIMAL = re.compile(
    r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{14,}|(?=[A-F]*[0-9])[0-9A-F]{14,}"
)
_NUMBERED = re.compile(r"([A-Za-z]+)([0-9]+)|([0-9]+)([A-Za-z]+)")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")  # three times as fast as without case
_CONSONANTS = re.compile(r"[^aeiouyAEIOUY]{6}")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_LETTERS_A_HUMP = 3
_WORDS_OF_A_TITLE = 2
_DIGITS_OF_A_NUMBER = 2
_LETTERS_OF_A_WORD = 4
_ETHEREUM = re.compile(r"0x[0-9a-fA-F]{40,64}")


@lru_cache(maxsize=4096)
def noise(text: str) -> int:
    """Return how many characters of a text look random; 0 for a title, whatever it ends with."""
    text = text[:MAX_OCTETS]
    if _PLAIN.fullmatch(text):
        return 0
    if len(text) == UUID_CHARACTERS and _UUID.fullmatch(text):
        return len(text)
    if text.startswith("0x") and _ETHEREUM.fullmatch(text):
        return 0  # public, as all contracts and accounts are
    pieces = _PIECE.findall(text)
    if _is_title(pieces, least=_WORDS_OF_A_TITLE + ("_" in text)):
        return 0
    # What base64url's own hyphens cut off is as random as the rest.
    found = [len(piece) for piece in pieces if _is_noise(piece)]
    rest = [len(piece) for piece in pieces if not _is_noise(piece) and len(piece) <= SHORT]
    return sum(found) + (sum(rest) if sum(found) >= LONG else 0)


def is_random(text: str) -> bool:
    """Return whether nobody would think of this text."""
    return noise(text) >= LONG


def is_code(text: str) -> bool:
    """Return whether the text may be a code that somebody is to type in or to send back."""
    return noise(text) >= SHORT


def reads(text: str) -> bool:
    """Return whether no piece of a text looks random by itself.

    Texts of which this is true have no noise when they are put together by hyphens, but for a UUID.
    """
    return not any(map(_is_noise, _PIECE.findall(text)))


def _is_title(pieces: list[str], *, least: int) -> bool:
    """Whether a text begins as a title does: `release-notes-0f3a…`, `ann-smith-42`."""
    words = longest = 0
    for piece in pieces:
        if not (piece.isalpha() and _is_word(piece)):
            break
        words += 1
        longest = max(longest, len(piece))
    return words >= least and longest >= _LETTERS_OF_A_WORD


def _is_noise(piece: str) -> bool:
    if piece.isdigit():
        return False
    if piece.isalpha():
        return not _is_word(piece)
    if _HEXADECIMAL.fullmatch(piece):
        return True
    numbered = _NUMBERED.fullmatch(piece)
    if numbered is None:
        return len(piece) >= SHORT - 2
    if numbered[1]:
        return not _goes_with(numbered[1], numbered[2])
    number, word = numbered[3], numbered[4]
    is_amount = len(number) == _DIGITS_OF_A_NUMBER or len(word) <= _LETTERS_OF_A_WORD
    return not (is_amount or _YEAR.fullmatch(number)) or not _goes_with(word, number)


def _goes_with(word: str, number: str) -> bool:
    """Whether somebody puts this number to this word: `oauth2`, `spring2026`, `WELCOME100`."""
    if len(number) <= _DIGITS_OF_A_NUMBER or _YEAR.fullmatch(number):
        return _is_word(word)
    return len(word) >= _LETTERS_OF_A_WORD and len(number) <= len(word) and _is_word(word)


@lru_cache(maxsize=4096)
def _is_word(letters: str) -> bool:
    """Whether letters read as a word, an abbreviation, or several words in camel case."""
    humps = _HUMP.findall(letters)
    if len(humps) > 1 and len(letters) < _LETTERS_A_HUMP * len(humps):
        return False
    if len(letters) <= _LETTERS_OF_A_WORD:
        return True
    return _VOWEL.search(letters) is not None and _CONSONANTS.search(letters) is None
