"""The numbers of a subject that are one reader's: of orders, customers, parcels, codes.

Owns: which numbers are, by their shape and by the words beside them.
Does not own: the words (`vocabulary`), dates and times (`dates`), or numbers in names (`names`).

Amounts of money, percentages, years and the numbers of issues stay, and so does what is in doubt:
two campaigns that became one cannot be told apart any more, one that became two can be seen.
"""

import re
from collections.abc import Iterator
from string import ascii_letters

from proxy.campaign.dates import Span
from proxy.campaign.vocabulary import (
    COUNTED,
    ISSUES,
    NEW,
    NUMBER_ENDINGS,
    NUMBERED,
    NUMBERED_CJK,
    SIGNS,
    folded,
)

_CODE = re.compile(r"(?<![0-9A-Za-z…])[0-9A-Za-z]+(?:[-/_][0-9A-Za-z]+)*(?!…)")
"""What may be a number, with letters in it and in groups; not the rest of what is gone already."""
_DIGIT = re.compile("[0-9]")
_STRETCH = re.compile("[0-9][0-9A-Za-z/_-]*+")
"""What codes stand in, from its first digit on."""
_BEFORE_DIGITS = frozenset("/_-" + ascii_letters)
"""What may stand in it before that."""
_CURRENCY = r"[€$£¥₽₺₴₩₹฿₪¢￥]"
_UNIT = re.compile(
    r"""(?:[.,'’][0-9]{1,9}|[ \u00a0\u202f][0-9]{3}(?![0-9])){0,3}(?:[.,][-–—])?  # its rest
    [ \u00a0\u202f]?(?:[-–—][ ]?[0-9]{1,9}[.,]?[0-9]{0,2}[ ]?)?  # to
    (?:[%％٪‰€$£¥₽₺₴₩₹฿₪¢￥円元]|(?:percent|per[ ]cent|per[ ]cento|prozent|procent|pour[ ]cent|por[ ]ciento
    |por[ ]cento|euros?|eur|usd|gbp|chf|sek|nok|dkk|pln|czk|huf|jpy|cny|cad|aud|rub|try|dollars?
    |pounds?|pence|cents?|franken|francs?|kr|kč|zł|ft|lei|руб|рублей|тл|tl|процентов|원|円)(?!\w))""",
    re.IGNORECASE | re.VERBOSE,
)
_MONEY_BEFORE = re.compile(
    rf"(?:{_CURRENCY}|(?<!\w)(?:eur|usd|gbp|chf|sek|nok|dkk|pln|czk|rs|kr|us\$|r\$|fr|%))"
    r"\.?[ \u00a0\u202f]?(?:[0-9]{1,9}[.,'’]){0,3}\Z|%\Z",
    re.IGNORECASE,
)
_WINDOW = 40
"""How far before a number the word is looked for that says what it is."""
_LAST_WORD = re.compile(r"([^\W\d_]+)([^\w…]*)\Z")
_BETWEEN = frozenset(" \u00a0#:.(){}[]-–№°º'’\"„“”／：（【［、")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}(?:[-/](?:[0-9]{2}|(?:19|20)[0-9]{2}))?\Z")
_ISSUE = re.compile(r"[0-9]{1,4}(?:/(?:19|20)?[0-9]{2})?\Z")
_THOUSANDS = re.compile(r"[.,'’ \u00a0\u202f][0-9]{3}(?![0-9])")
_PREFIXED = re.compile(r"[A-Z]{2,}-[0-9]{3,}\Z")
_RUNS = re.compile(r"[0-9]+|[A-Za-z]+")
_NEXT_WORD = re.compile(r" ([^\W\d_]+)")
_ISSUE_MARKS_CJK = ("第", "제")
_LONG_DIGITS, _LONG_CODE, _MIXED_RUNS = 5, 6, 4
_HASHED_ISSUE_DIGITS = 3


def numbers(subject: str) -> list[Span]:
    """Return where numbers stand that are one reader's, in order."""
    return [code.span() for code in _codes(subject) if _is_readers(subject, *code.span(), code[0])]


def _codes(subject: str) -> Iterator[re.Match[str]]:
    """Yield each code that has a digit: digits are sooner found than words passed over."""
    for stretch in _STRETCH.finditer(subject):
        start, end = stretch.span()
        while start and subject[start - 1] in _BEFORE_DIGITS:
            start -= 1
        # One character more, as what follows has a say.
        for code in _CODE.finditer(subject, start, end + 1):
            if code[0].isdigit() or _DIGIT.search(code[0]):
                yield code


def _is_readers(subject: str, start: int, end: int, code: str) -> bool:
    if _is_amount(subject, start, end):
        return False
    before = subject[max(0, start - _WINDOW) : start]
    if (stands_behind := _named(before)) is not None:
        return stands_behind or not _ISSUE.match(code)
    return _is_counted(subject, end, code) or _looks_so(before, code, subject, end)


def _is_amount(subject: str, start: int, end: int) -> bool:
    """Whether the number is money or a percentage, or a part of it."""
    return bool(
        _UNIT.match(subject, end) or _MONEY_BEFORE.search(subject, max(0, start - 16), start)
    )


def _named(before: str) -> bool | None:
    """Return what the words before a number say: one reader's, an issue's, or nothing (None)."""
    if before.endswith(NUMBERED_CJK) or before.rstrip(" ：:#").endswith(NUMBERED_CJK):
        return True
    if before.endswith(_ISSUE_MARKS_CJK):
        return False
    is_issue = None
    while found := _LAST_WORD.search(before):
        word, between = folded(found[1]), found[2]
        if not _BETWEEN.issuperset(between):
            break
        if word in NUMBERED or (word.endswith(NUMBER_ENDINGS) and word not in SIGNS):
            return True
        if word in ISSUES:
            is_issue = False
        if word not in SIGNS:
            break
        before = before[: found.start()]
    return is_issue


def _is_counted(subject: str, end: int, code: str) -> bool:
    """Whether it says how many messages or the like one reader has."""
    word = _NEXT_WORD.match(subject, end)
    if word and folded(word[1]) in NEW:
        word = _NEXT_WORD.match(subject, word.end())
    return code.isdigit() and bool(word) and folded(word[1]) in COUNTED if word else False


def _looks_so(before: str, code: str, subject: str, end: int) -> bool:
    """Whether a number of which no word tells anything has the shape of one reader's."""
    digits = sum(map(str.isdigit, code))
    if _YEAR.match(code) or (code.isdigit() and digits < _HASHED_ISSUE_DIGITS + 1):
        return False
    if code.isdigit() and digits < _LONG_DIGITS:
        is_round = code.endswith("00") or _THOUSANDS.match(subject, end)
        return before.endswith("#") or not is_round
    if digits >= _LONG_DIGITS:
        return not re.match(r"[0-9]{1,2}/(?:19|20)[0-9]{2}\Z", code)
    if _PREFIXED.match(code):
        return True
    return digits > 1 and len(code) >= _LONG_CODE and len(_RUNS.findall(code)) >= _MIXED_RUNS
