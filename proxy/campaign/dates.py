"""Dates and times in a subject.

Owns: the forms in which people of many languages write a day (with its month) and a time of day.
Does not own: other numbers (`numbers`). Years alone, months alone, and a month with its year are no
dates here: they tell a newsletter's issues apart.

Each number is looked at once, with a bounded stretch before and behind it, so that the time is linear
in the length of the subject.
"""

import re
from typing import Final

from proxy.campaign.vocabulary import (
    ARTICLES,
    DATE_WORDS,
    MONTHS,
    TIME_WORDS,
    WEEKDAYS,
    folded,
)

Span = tuple[int, int]

_DAY = r"(?:3[01]|[12][0-9]|0?[1-9])"
_MONTH_NUMBER = r"(?:1[0-2]|0?[1-9])"
_YEAR = r"(?:19|20)[0-9]{2}(?![0-9…])"
_ORDINAL = r"(?:st|nd|rd|th|er|º|°|ª|\.|-го)?"
_RANGE = rf"(?:{_DAY}\.? ?[-–—] ?)?"
_HOUR = r"(?:2[0-4]|1[0-9]|0?[0-9])"
_MINUTES = r"[0-5][0-9]"
_HALF = r"(?:[ap]\.m\.|[ap]m(?!\w))"
_ZONE = (
    r"(?: (?:UTC|GMT|CES?T|E[SD]T|C[SD]T|M[SD]T|P[SD]T|BST|MSK|JST|KST)(?:[+-][0-9]{1,2})?(?!\w))?"
)
_NO_AMOUNT = r"(?! ?(?:[%€$£]|Euro?(?!\w)))"

_DATE = re.compile(
    "|".join((
        rf"{_YEAR}([-/.]){_MONTH_NUMBER}\1{_DAY}(?![0-9…])",
        rf"[0-9]{{1,2}}\. ?[0-9]{{1,2}}\. ?(?:{_YEAR}|[0-9]{{2}}(?![0-9%])(?! ?[%€]))",
        rf"[0-9]{{1,2}}([-/.])[0-9]{{1,2}}\2(?:{_YEAR}|[0-9]{{2}}(?![0-9…]))",
        rf"{_RANGE}{_DAY}\. ?{_MONTH_NUMBER}\.(?![0-9…])",
        r"(?:[0-9]{4}年 ?)?[0-9]{1,2}月 ?[0-9]{1,2}(?:日|号)(?: ?[(（][月火水木金土日一二三四五六][)）])?",
        r"(?:[0-9]{4}년 ?)?[0-9]{1,2}월 ?[0-9]{1,2}일(?: ?\([월화수목금토일]\))?",
    )),
    re.IGNORECASE,
)  # fmt: skip
_DAY_AND_MONTH = re.compile(
    rf"{_RANGE}{_DAY}{_ORDINAL} ?(?:de |of )?([^\W\d_]{{3,12}})(?!\w)\.?(?:,? (?:de |del )?{_YEAR})?",
    re.IGNORECASE,
)
_TIME = re.compile(
    "|".join((
        rf"{_HOUR}[:.]{_MINUTES} ?(?:{_HALF}|Uhr(?!\w)|h(?!\w)){_ZONE}",
        rf"{_HOUR}:{_MINUTES}(?::{_MINUTES})?(?![0-9:])(?:Z(?!\w))?{_ZONE}",
        rf"(?:1[0-2]|0?[1-9]) ?{_HALF}{_ZONE}",
        rf"{_HOUR} ?Uhr(?!\w)",
        rf"{_HOUR} ?h ?{_MINUTES}(?![0-9…])",
        r"[0-9]{1,2}時(?:[0-9]{1,2}分|半)?",
        r"[0-9]{1,2}시(?: ?[0-9]{1,2}분| ?반)?",
    )),
    re.IGNORECASE,
)  # fmt: skip
_DAY_BEHIND_MONTH = re.compile(
    rf"{_DAY}(?:st|nd|rd|th)?(?!\w|[.,]?[0-9]){_NO_AMOUNT}(?:,? {_YEAR})?", re.IGNORECASE
)
_BARE_DATE = re.compile(rf"{_DAY}[/.]{_MONTH_NUMBER}(?![\w%€]|[/.,]?[0-9]){_NO_AMOUNT}")
_BARE_HOUR = re.compile(rf"{_HOUR} ?h(?!\w)", re.IGNORECASE)
# A digit is sooner found than what does not stand before it.
_NUMBER = re.compile(r"[0-9](?<![0-9.,:/#№$€£¥-][0-9])")
_BEHIND: Final = frozenset("ABCDEFGHIJKLMNOPQRSUVWXYZabcdefghijklmnopqrstuvwxyz_…")
"""A letter to which a number belongs (`KW12`), or what stands for letters that are gone; a `T` may
stand between date and time (ISO 8601)."""
_LAST_WORD = re.compile(r"(?<!\w)([^\W\d_]+)(?:\.?,? )\Z")
_WORD_AHEAD = re.compile(r"[0-9]+ ([^\W\d_]+)")
_WORDS_AHEAD = MONTHS | frozenset(["a", "p", "am", "pm", "h", "uhr", "de", "of"])
"""One of these stands behind a number and a space, where both begin a date or a time."""
_WORDS_BEFORE = MONTHS | DATE_WORDS | TIME_WORDS
_HALF_DAY = re.compile(r"(?:午前|午後|上午|下午|晚上|오전|오후) ?\Z")
_WINDOW = 24


def dates(subject: str) -> list[Span]:
    """Return where dates and times stand, in order."""
    found, done = [], 0
    for number in _NUMBER.finditer(subject):
        at = number.start()
        if at < done or (at and subject[at - 1] in _BEHIND):
            continue
        if (span := _at(subject, at)) is not None:
            found.append(span)
            done = span[1]
    return found


def _at(subject: str, at: int) -> Span | None:
    """Return the span of the date or time whose first number stands there."""
    word = _WORD_AHEAD.match(subject, at)
    if word is None or folded(word[1]) in _WORDS_AHEAD:
        span = _beginning(subject, at)
        if span is not None:
            return span
    return _behind(subject, at)


def _beginning(subject: str, at: int) -> Span | None:
    """Return the span of what is a date or time by how it begins."""
    date = _DATE.match(subject, at) or _DAY_AND_MONTH.match(subject, at)
    if date and (date.re is _DATE or folded(date[1]) in MONTHS):
        return _with_weekday(subject, at), date.end()
    if hour := _TIME.match(subject, at):
        half = _HALF_DAY.search(subject, max(0, at - 4), at)
        return half.start() if half else at, hour.end()
    return None


def _behind(subject: str, at: int) -> Span | None:
    """Return the span of what is a date or time by the word before it: `March 12`, `on 12/3`."""
    before = _word_before(subject, at)
    if before is None:
        return None
    word = folded(before[1])
    if word in MONTHS and (day := _DAY_BEHIND_MONTH.match(subject, at)):
        return _with_weekday(subject, before.start()), day.end()
    if word in DATE_WORDS and (date := _BARE_DATE.match(subject, at)):
        return date.span()
    if word in TIME_WORDS and (hour := _BARE_HOUR.match(subject, at)):
        return hour.span()
    return None


def _word_before(subject: str, at: int) -> re.Match[str] | None:
    """Return the word before a number; None where there is none, or one of no date is seen at once."""
    last = subject[max(0, at - _WINDOW) : at].split(" ")[-2:]
    if last[-1] or (last[0].isalpha() and folded(last[0]) not in _WORDS_BEFORE):
        return None
    return _LAST_WORD.search(subject, max(0, at - _WINDOW), at)


def _with_weekday(subject: str, at: int) -> int:
    """Return where a date begins whose day or month begins there: at its weekday, if it has one."""
    start = at
    for _ in range(2):
        before = _LAST_WORD.search(subject, max(0, start - _WINDOW), start)
        word = folded(before[1]) if before else ""
        if before and word in WEEKDAYS:
            return before.start()
        if not before or word not in ARTICLES:
            return at
        start = before.start()
    return at
