"""The numbers of a subject that are one reader's, and those that are the mailing's."""

import re
from random import Random

import pytest

from proxy.campaign import numbers as module
from proxy.campaign.numbers import numbers


def found(subject: str) -> list[str]:
    """Return what is taken for one reader's number."""
    return [subject[start:end] for start, end in numbers(subject)]


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Customer 73, winter is coming", "73"),
        ("Customer No. 9", "9"),
        ("Your order #12 has shipped", "12"),
        ("Order no. 2026", "2026"),
        ("Invoice INV-2026-0042", "INV-2026-0042"),
        ("Bestellung 98-7654 ist da", "98-7654"),
        ("Ihre Kundennummer: 17", "17"),
        ("Ihre Auftragsnr. 17", "17"),
        ("votre commande n° 55-1234", "55-1234"),
        ("tu pedido 7788", "7788"),
        ("ваш заказ № 42", "42"),
        ("zamówienie nr 5512/2026", "5512/2026"),
        ("注文番号：12345", "12345"),
        ("您的订单123已发货", "123"),
        ("주문번호 20260312-001", "20260312-001"),
        ("[#48213] Your request", "48213"),
        ("[PROJ-123] was closed", "PROJ-123"),
        ("Confirmation 4XK92PL7", "4XK92PL7"),
        ("493817 is your code", "493817"),
        ("Bestätigung Nr. 88213409", "88213409"),
        ("You have 3 new messages", "3"),
        ("Du hast 12 ungelesene Nachrichten", "12"),
    ],
)
def test_numbers_of_orders_customers_and_the_like_are_the_readers(subject, number):
    """By the word before them, their shape, or what is counted."""
    assert found(subject) == [number]


@pytest.mark.parametrize(
    "subject",
    [
        "20 % off", "20% off", "-30%", "20-30 % off", "20–30 % off", "%20 indirim", "20 percent", "20 Prozent",
        "€5", "5 €", "5,99 €", "1.299,00 EUR", "$1,299.00", "CHF 20", "20 zł", "1 000 Kč", "5 Euro", "R$ 50",
        "¥500", "500円", "20.-- CHF", "10–20 €", "Order for 12345 €",
        "2026", "1999", "2025/26", "2025-2026",
        "#12", "The Weekly #12", "No. 12", "Nr. 12", "N° 12", "№ 12", "n.º 14", "Issue 12", "Week 12", "KW12",
        "Ausgabe 12", "Heft 4/2026", "Folge 1200", "Vol. 3", "第12号", "제12호", "Выпуск 12", "Semaine 12",
        "5 tips", "iPhone 15", "Windows 11", "24/7", "Release 2.4", "COVID-19", "MP3", "3 for 2", "1000",
        "10,000 steps", "Top 100", "1st", "4K",
    ],
)  # fmt: skip
def test_amounts_percentages_years_and_issues_stay(subject):
    """They tell one mailing from another; so does what is in doubt."""
    assert found(subject) == []


PIECES = """Order no. # #12 INV-2026-1 a-b-c x_1 98/7654 12345 4XK92PL7 … 12… ab12… - / _ -12 foo-bar
    12-foo é9x Customer 73 new messages 3 20 % € EUR 1 000 2026 Week KW12 第12号 ١٢ ² (4711) [A-1]"""


def test_what_is_passed_over_is_no_number(monkeypatch):
    """Looking at the whole subject finds no more."""
    random = Random(15)
    texts = [
        random.choice([" ", " ", ""]).join(random.choices(PIECES.split(), k=random.randrange(1, 9)))
        for _ in range(6000)
    ]
    quick = list(map(numbers, texts))
    monkeypatch.setattr(module, "_STRETCH", re.compile("(?s:.+)"))
    assert list(map(numbers, texts)) == quick
    assert sum(map(bool, quick)) > 1000
