"""The reader's name in a subject.

Owns: who the one reader of a message is, by its To header; and which words of a subject are that
reader's: those of the display name and of the address's local part, with the titles, endings and
particles that go with them in other languages.
Does not own: encoded words (`proxy.message.encoded_words`), or the lists of words (`vocabulary`).

With several recipients in To and Cc nobody's name is removed: no copy is any one's, and all have the
same subject.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from email.utils import getaddresses
from string import ascii_lowercase
from typing import Final, NamedTuple, Self

from config.value_objects import value
from proxy.campaign.dates import Span
from proxy.campaign.vocabulary import (
    AMBIGUOUS,
    ELIDED,
    GREETINGS,
    OF,
    PARTICLES,
    ROLES,
    TITLES,
    folded,
    spellings,
)
from proxy.message.encoded_words import decode_words

MAX_TO: Final = 1_000
"""Characters of a To header that are read; a longer one names many."""
MAX_NAME_WORDS: Final = 16
"""Words of a display name or local part that are looked for."""

SHORT: Final = 2
"""Letters of a name that may stand in a subject by chance: it counts only where one is addressed."""
MAX_TITLES: Final = 4
"""Words before a name that go with it: `Sehr geehrte Frau Professor Doktor`."""

_WORD = re.compile(r"[^\W\d_]+")
_LOWER_ASCII_WORD = re.compile("[a-z]+")
_SIMPLE = re.compile(
    r"\"?([^\"<>(),;:\\@]*)\"? ?<([^\s<>(),;:\\@\"]+@[^\s<>(),;:\\@\"]+)>"
    r"|([^\s<>(),;:\\@\"]+@[^\s<>(),;:\\@\"]+)"
)
"""What most To headers look like; all others are read by the rules of RFC 5322."""
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af々]+")
_CJK_OR_GONE = re.compile(rf"{_CJK.pattern}|…")
_HONORIFIC = re.compile(r"さま|さん|ちゃん|くん|様|君|殿|氏|님|씨|先生|女士|小姐")
_GENDERED = re.compile(r"先生|女士|小姐")
_STOP = re.compile(r"\Z|[,!:?;。，！：？、]| [-–—|] ")
_OPENING = re.compile(r"[^\w…]*\Z")
_SUFFIX = re.compile(r"['’](?:[^\W\d_]{1,4}(?!\w))?")
_QUOTE = re.compile(r"['’‘]")
_INITIAL = re.compile(r" ([^\W\d_a-zß-ÿ])\.(?!\w)")
_BEFORE = re.compile(r"([^\W\d_]+)(\.? |['’])\Z")
_LOCAL_END: Final = "+"
_GONE: Final = "…"
_CYRILLIC_ENDINGS = frozenset("а я у ю е и ы о ом ем ём ой ей ою ею ии".split())  # noqa: SIM905
_GLUED_LETTERS, _USERNAME_LETTERS = 3, 4
_WINDOW = 24
_USUAL_CHARACTERS: Final = 400
"""A subject up to here is copied for each word of it that may be a name; of a longer one each word is looked at."""
_NO_NAMES: Final = ROLES | PARTICLES


@value
class Reader:
    """The one reader of a message, as its To header has them; empty where there are several.

    `words` are those of the display name and the address, as `folded`; `glued` the local part's
    where it may hold several in one. `written` are the texts that are theirs as a whole: address,
    local part. `cjk` are names in scripts without spaces. Each word of ASCII that `words` or `glued` may
    take for theirs has one of `marks` in it, in lower case.
    """

    words: frozenset[str] = frozenset()
    glued: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    cjk: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    @classmethod
    def of(cls, display: str, address: str) -> Self:
        """Return the reader of a display name and an address."""
        local = address.rpartition("@")[0]
        main = local.partition(_LOCAL_END)[0]
        shown = _words(display)
        in_local = [word for word in _words(main) if len(word) > SHORT]
        if len(main) <= SHORT:
            in_local.append(main)
        words = {*shown, *map(str.lower, in_local)}
        if not (display.isascii() and main.isascii()):
            words = {each for word in (*shown, *in_local) for each in spellings(word)}
        is_username = len(main) >= _USERNAME_LETTERS and not main.isalpha()
        named = frozenset([each for each in words if len(each) > 1 and each not in _NO_NAMES])
        glued = tuple([each for each in map(folded, in_local) if each not in ROLES])
        written = tuple([each for each in (address, main if is_username else "") if each])
        cjk = () if display.isascii() else tuple(_cjk_names(display))
        return cls(named, glued, written, cjk, _marks(named, glued))

    @classmethod
    def of_header(cls, to: str, *, has_more: bool = False) -> Self:
        """Return the reader that a To header names, if it is one. Never raises.

        `has_more`: other headers name more of them.
        """
        if not to or has_more or len(to) > MAX_TO:
            return cls()
        if simple := _SIMPLE.fullmatch(to.strip()):
            return cls.of(decode_words(simple[1] or ""), simple[2] or simple[3])
        found = getaddresses([to])
        if len(found) != 1 or "@" not in found[0][1]:
            return cls()
        display, address = found[0]
        return cls.of(decode_words(display)[:MAX_TO], address)


NOBODY: Final = Reader()


def _words(text: str) -> list[str]:
    """Return the words of a display name or local part, in lower case where all is ASCII."""
    found = _LOWER_ASCII_WORD.findall(text.lower()) if text.isascii() else _WORD.findall(text)
    return found[:MAX_NAME_WORDS]


def _marks(words: Iterable[str], glued: Iterable[str]) -> tuple[str, ...]:
    """Return `Reader.marks`: the words, and how what local parts begin and end with does."""
    marks = set(words)
    for each in glued:
        marks.update((each[:_GLUED_LETTERS], each[-_GLUED_LETTERS:]))
    return tuple([each for each in marks if each.isalpha()])


def _cjk_names(display: str) -> Iterator[str]:
    """Yield the longest first: the whole name, then its parts."""
    parts = _CJK.findall(display)
    if len(parts) > 1:
        yield "".join(parts)
    yield from sorted(parts, key=len, reverse=True)


def names(subject: str, reader: Reader) -> list[Span]:
    """Return where the reader is named; spans may overlap."""
    spans: list[Span] = []
    lower = subject.lower()
    for text in reader.written:
        if text.lower() in lower:
            spans += _written(subject, text)
    for text in reader.cjk:
        spans += _in_cjk(subject, text)
    if reader.words or reader.glued:
        words = _may_be_names(subject, lower, reader.marks)
        spans += _worded(subject, words, reader) if words else ()
    return spans


def _may_be_names(subject: str, lower: str, marks: Sequence[str]) -> Sequence[Span]:
    """Return where words stand that may be the reader's; all others are passed over by one look."""
    plain = lower if lower.isascii() else lower.replace(_GONE, " ")
    if len(plain) > _USUAL_CHARACTERS or not plain.isascii():
        words = _WORD.finditer(subject)
        return [word.span() for word in words if _may_be_name(word[0].lower(), marks)]
    spans: list[Span] = []
    for mark in marks:
        while mark in plain:
            at = plain.find(mark)
            before = plain[:at].rstrip(ascii_lowercase)
            behind = plain[at:].lstrip(ascii_lowercase)
            span = len(before), len(plain) - len(behind)
            spans.append(span)
            plain = f"{before}{' ' * (span[1] - span[0])}{behind}"  # each word is found once
    return sorted(spans)


def _may_be_name(word: str, marks: Iterable[str]) -> bool:
    return not word.isascii() or any(mark in word for mark in marks)


def _written(subject: str, text: str) -> Iterator[Span]:
    """Yield where a text stands as a whole, in any case."""
    for found in re.finditer(rf"(?<!\w){re.escape(text)}(?!\w)", subject, re.IGNORECASE):
        yield found.span()


def _in_cjk(subject: str, name: str) -> Iterator[Span]:
    """Yield where a name stands that no space ends: a long one anywhere, a short one if addressed."""
    at = subject.find(name)
    while at >= 0:
        end = at + len(name)
        if gendered := _GENDERED.match(subject, end):
            yield at, gendered.end()
        elif _is_addressed_in_cjk(subject, at, end) or len(name) > SHORT:
            yield at, end
        at = subject.find(name, end)
    if len(name) > SHORT:  # the family name alone, behind which an honorific stands
        for length in (1, 2, 3):
            yield from _family(subject, name[:length])


def _is_addressed_in_cjk(subject: str, at: int, end: int) -> bool:
    if _HONORIFIC.match(subject, end):
        return True
    return at == 0 and _STOP.match(subject, end) is not None


def _family(subject: str, name: str) -> Iterator[Span]:
    at = subject.find(name)
    while at >= 0:
        end = at + len(name)
        if _HONORIFIC.match(subject, end) and not _CJK_OR_GONE.match(subject[at - 1 : at]):
            yield at, end
        at = subject.find(name, end)


class _Candidate(NamedTuple):
    """A word of the subject that is one of the reader's; `sure`: it is surely meant as a name."""

    start: int
    end: int
    sure: bool


def _worded(subject: str, words: Iterable[Span], reader: Reader) -> Iterator[Span]:
    """Yield where the reader is named by these words."""
    found = [each for span in words if (each := _candidate(subject, span, reader))]
    for at, each in enumerate(found):
        beside = found[max(0, at - 1) : at] + found[at + 1 : at + 2]
        if each.sure or any(_touch(subject, each, other) for other in beside):
            yield _whole(subject, each.start, each.end, reader)
        if beside and each is not found[-1] and _is_within(subject[each.end : found[at + 1].start]):
            yield each.end, found[at + 1].start


def _candidate(subject: str, span: Span, reader: Reader) -> _Candidate | None:
    start, end = span
    text = subject[start:end]
    name = _name(text, reader.words)
    if name is None:
        is_part = _is_glued(text, reader) and _is_addressed(subject, start, end)
        return _Candidate(start, end, sure=True) if is_part else None
    is_clear = name not in AMBIGUOUS and len(name) > SHORT and not text[0].islower()
    return _Candidate(start, end, sure=is_clear or _is_addressed(subject, start, end))


def _name(text: str, words: frozenset[str]) -> str | None:
    """Return the name that a word is, or is a form of: `Anna`, `Annas`, `Анны`."""
    if text.isascii():
        word = text.lower()
        if word in words:
            return word
        is_genitive = word[-1] == "s" and len(word) > SHORT + 1 and not text[0].islower()
        return word[:-1] if is_genitive and word[:-1] in words else None
    found = next((each for each in spellings(text) if each in words), None)
    if found is None and text[-1] == "s" and len(text) > SHORT + 1 and not text[0].islower():
        found = next((each for each in spellings(text[:-1]) if each in words), None)
    is_cyrillic = "\u0400" <= text[0] <= "\u04ff"
    return _inflected(folded(text), words) if found is None and is_cyrillic else found


def _inflected(word: str, words: frozenset[str]) -> str | None:
    """Return the stem of a Russian name that a word is a form of."""
    for length in (1, 2, 3):
        stem = word[: len(word) - length]
        is_form = len(stem) > SHORT and word[-length:] in _CYRILLIC_ENDINGS
        if is_form and any(each == stem or _is_stem(stem, each) for each in words):
            return stem
    return None


def _is_stem(stem: str, name: str) -> bool:
    return name[:-1] == stem and name[-1] in "аяеоийыь"


def _is_glued(text: str, reader: Reader) -> bool:
    """Whether the local part begins or ends with the word: `Jane` in `janedoe`."""
    word = folded(text)
    for each in reader.glued:
        if each.startswith(word) or each.endswith(word):
            return len(word) >= _GLUED_LETTERS and word not in ROLES and word not in GREETINGS
    return False


def _is_addressed(subject: str, start: int, end: int) -> bool:
    """Whether a word stands where people are addressed: `Will, …`, `Hi Will!`, `…, Will`."""
    before = subject[max(0, start - _WINDOW) : start]
    word = _BEFORE.search(before)
    if word and folded(word[1]) in TITLES:
        return True
    ends = _STOP.match(subject, end) or _SUFFIX.match(subject, end)
    if not ends:
        return False
    if _OPENING.fullmatch(before) and start < _WINDOW:
        return end < len(subject)
    if before.rstrip().endswith((",", "，", "、")):
        return True
    return word is not None and folded(word[1]) in GREETINGS


def _touch(subject: str, one: _Candidate, other: _Candidate) -> bool:
    between = subject[min(one.end, other.end) : max(one.start, other.start)]
    return len(between) <= SHORT and not between.strip(" -.‐‑")


def _is_within(between: str) -> bool:
    """Whether it stands between the words of one name: `van` in `Vincent van Gogh`."""
    return (
        len(between) <= _WINDOW
        and PARTICLES.issuperset(map(folded, between.split()))
        and (between.strip() != "")
    )


def _whole(subject: str, start: int, end: int, reader: Reader) -> Span:
    """Return the span of a name with what goes along: titles before it, endings and initials."""
    if (suffix := _SUFFIX.match(subject, end)) and not _QUOTE.match(subject, start - 1):
        end = suffix.end()
    if (initial := _INITIAL.match(subject, end)) and _begins(initial[1], reader):
        end = initial.end()
    for _ in range(MAX_TITLES if start else 0):
        before = _BEFORE.search(subject, max(0, start - _WINDOW), start)
        if before is None:
            break
        word = folded(before[1])
        is_elided = word in ELIDED and before[2] in "'’"
        if not is_elided and (word not in TITLES | OF or before[2] in "'’"):
            break
        start = before.start()
    return start, end


def _begins(initial: str, reader: Reader) -> bool:
    return any(each.startswith(folded(initial)) for each in reader.words)
