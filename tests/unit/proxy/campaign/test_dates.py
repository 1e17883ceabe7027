"""Dates and times in a subject, in many languages, and what only looks like one."""

import re
from random import Random

import pytest

from proxy.campaign import dates as module
from proxy.campaign.dates import dates


def found(subject: str) -> list[str]:
    """Return what is taken for dates and times."""
    return [subject[start:end] for start, end in dates(subject)]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("on 2026-03-12 at 14:30 UTC", ["2026-03-12", "14:30 UTC"]),
        ("2026-03-12T22:00Z", ["2026-03-12", "22:00Z"]),
        ("on 03/14/2026", ["03/14/2026"]),
        ("on 12/3, or 3/12", ["12/3"]),
        ("vom 12.03.2026, 12. 3. 26 und 12.3.", ["12.03.2026", "12. 3. 26", "12.3."]),
        ("Thursday, 12 March 2026", ["Thursday, 12 March 2026"]),
        ("Thursday the 12th of March", ["Thursday the 12th of March"]),
        ("Mon, March 12th, 2026", ["Mon, March 12th, 2026"]),
        ("12–14 March", ["12–14 March"]),
        ("am Montag, den 12. März um 14 Uhr", ["Montag, den 12. März", "14 Uhr"]),
        ("15.30 Uhr", ["15.30 Uhr"]),
        ("le lundi 12 mars à 14h30 ou à 9h", ["lundi 12 mars", "14h30", "9h"]),
        ("du 1er avril", ["1er avril"]),
        ("el 12 de marzo de 2026 a las 9:00", ["12 de marzo de 2026", "9:00"]),
        ("12 марта в 14:30", ["12 марта", "14:30"]),
        ("2026年3月12日（木）午後3時", ["2026年3月12日（木）", "午後3時"]),
        ("3월 12일 오전 9시 30분", ["3월 12일", "오전 9시 30분"]),
        ("at 2:30 pm, 9am or 9 a.m.", ["2:30 pm", "9am", "9 a.m."]),
    ],
)
def test_dates_and_times_are_found(subject, expected):
    """With the weekday that stands beside them, and the time zone."""
    assert found(subject) == expected


@pytest.mark.parametrize(
    "subject",
    [
        "2026", "March 2026", "März", "Black Friday", "Week 12", "KW 12", "24/7", "50/50", "16:9", "3:1",
        "12.5 %", "Release 2.4", "9 out of 10", "a set of 5", "48h sale", "24 h", "5 tips", "3月号",
        "May 20% off", "März 15 Euro", "#12/3/2026", "$12.03", "1.234.567", "Heft 4/2026",
    ],
)  # fmt: skip
def test_other_numbers_are_no_dates(subject):
    """Years and months alone stay, and so do versions, scores, ratios and amounts."""
    assert found(subject) == []


PIECES = """12 March März 12.03.2026 12.3. 2026-03-12 14:30 Uhr UHR h H 9 10h am AM pm p.m. a.m. um at on in
    le el de of DE OF Mai mai May 5 05 31 2026 3月12日 午後3時 3시 Mo. Monday, the den – - / EUR € % off tips
    x ( # , . … à 12th 1er 1º steps Of-the dec Dec. déc x² ²"""


def test_what_is_passed_over_is_no_date(monkeypatch):
    """Asking each pattern at each number finds no more."""
    random = Random(15)
    texts = [
        random.choice([" ", " ", ""]).join(random.choices(PIECES.split(), k=random.randrange(1, 9)))
        for _ in range(6000)
    ]
    quick = list(map(dates, texts))
    monkeypatch.setattr(module, "_WORD_AHEAD", re.compile("(?!)"))
    monkeypatch.setattr(
        module, "_WORDS_BEFORE", type("All", (), {"__contains__": lambda *_: True})()
    )
    assert list(map(dates, texts)) == quick
    assert sum(map(bool, quick)) > 1000
