"""A subject without what is the reader's: real subjects, and what must be true of any."""

from dataclasses import replace
from itertools import combinations
from random import Random
from string import ascii_lowercase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.campaign.names import NOBODY, Reader
from proxy.campaign.template import template
from tests.support.repository import ROOT

SUBJECTS = ROOT / "tests" / "support" / "subjects"
EVERY_WORD = tuple(ascii_lowercase)
"""Marks that let no word be passed over."""

NAMES = st.sampled_from(
    [
        "Anna Meyer",
        "Jörg Groß",
        "Will Smith",
        "Vincent van Gogh",
        "Анна",
        "山田 太郎",
        "김철수",
        "Bo",
    ]
)
READERS = st.builds(
    Reader.of,
    NAMES,
    st.sampled_from(["anna@example.net", "customer.73@example.net", "jo_84@x.org"]),
)
PIECES = """Anna Meyer Will Gogh van von Frau Herr Dr. Liebe Dear Hi de d'Anna Anna's Annas Anna, … …, ' ’ ,
    ! : # – - ( ) % 20% 20 € 5 €5 12 March März 12.03.2026 12.3. 14:30 Uhr am um at on 3月12日 2026
    Order Bestellung Nr. No. #12 #10432 Week KW12 第12号 注文番号 12345 98-7654 INV-2026-1 Customer 73
    山田様 山田太郎 김철수님 Анны Уважаемый Monday Mo. new messages 1,000 1.5 jo_84 Rose Bo M. s"""
SUBJECT = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES.split()), max_size=12).map(" ".join),
    st.lists(st.sampled_from(PIECES.split()), max_size=12).map("".join),
)


def rows(name: str) -> list[tuple[str, str, str | None]]:
    """Return mailing, subject and campaign of each line of a file."""
    lines = (SUBJECTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.split(" | ", 2) for line in lines if not line.startswith("#")]
    return [(mailing, text, template(text, Reader.of_header(to))) for mailing, to, text in parts]


@pytest.mark.parametrize(
    ("name", "lines", "precision", "recall"),
    [("tuning", 90, 1.0, 1.0), ("held_out", 100, 0.98, 0.95)],
)
def test_one_mailing_is_one_campaign(name, lines, precision, recall):
    """Of all pairs of subjects: those of one mailing agree, and no others."""
    found = rows(name)
    assert len(found) >= lines
    agree = same = both = 0
    for (one, _, mine), (other, _, yours) in combinations(found, 2):
        agree += mine == yours
        same += one == other
        both += mine == yours and one == other
    assert both / agree >= precision
    assert both / same >= recall


@pytest.mark.parametrize(
    ("subject", "to", "campaign"),
    [
        ("Customer 73, winter is coming", "", "Customer …, winter is coming"),
        ("20 % off, Anna", "Anna <anna20@example.net>", "20 % off, …"),
        ("Anna's order #12 of 12 March", "anna@example.net", "… order #… of …"),
        ("Issue #12 for Anna", "Anna <a@example.net>", "Issue #12 for …"),
        ("Nur heute: 15 Euro", "anna15@example.net", "Nur heute: 15 Euro"),
        ("Order No. 12, issue No. 12", "", "Order No. …, issue No. 12"),
        ("  Two\t spaces\r\n ", "", "Two spaces"),
        ("Wait… there is more", "", "Wait… there is more"),
        ("🎉🎉", "", "🎉🎉"),
    ],
)
def test_what_is_the_readers_is_replaced(subject, to, campaign):
    """Names, numbers and dates go; amounts, percentages, years and issues stay."""
    assert template(subject, Reader.of_header(to)) == campaign


@pytest.mark.parametrize("subject", ["", "  ", "Anna", "Anna?", "12.03.2026", "#123456", "…"])
def test_what_is_the_readers_alone_names_no_campaign(subject):
    """Else each reader would have one, or all mail of this kind would be one called `…`."""
    assert template(subject, Reader.of("Anna", "a@example.net")) is None


@given(SUBJECT, st.one_of(READERS, st.just(NOBODY)))
@example("ANNA0.0.2000", Reader.of("Anna", "anna@example.net"))
@example("Anna1234", Reader.of("Anna", "anna@example.net"))
@example("1.1.0001", NOBODY)
def test_a_template_is_its_own_template(subject, reader):
    """Who gives it as the campaign of the next message gets the same campaign."""
    made = template(subject, reader)
    assert made is None or template(made, reader) == made


@given(SUBJECT, READERS)
def test_a_template_is_no_longer_than_its_subject(subject, reader):
    """Nothing grows, whatever names are."""
    assert len(template(subject, reader) or "") <= len(subject)


@given(
    st.sampled_from(["{}, your order is here", "Hi {}!", "{} – 20 % off", "Für {}", "Welcome, {}"]),
    NAMES,
    NAMES,
)
def test_two_readers_of_one_mailing_have_one_campaign(subject, one, other):
    """Whatever they are called."""
    campaigns = {
        template(subject.format(name), Reader.of(name, "x1@example.net")) for name in (one, other)
    }
    assert len(campaigns) == 1


@pytest.mark.parametrize(
    "unit",
    ["1", "a", "-", "1-", "1.", "…", "# ", "Anna ", "Anna", "van ", "12 March ", "Mo. ", "a1", "€", "d'",
     "山田", "Frau ", "No. ", "1,000", " ", "9:", "第", "'"],
)  # fmt: skip
def test_hostile_subjects_end(unit):
    """No rule looks at a subject twice as often because it is twice as long, or this never ends."""
    subject = unit * (100_000 // len(unit))
    reader = Reader.of("Anna van Frau 山田 太郎", "anna@example.net")
    assert len(template(subject, reader) or "") <= len(subject)


TO = """Anna Meyer <anna@example.net>|Ada <ada.17@example.net>|janedoe84@example.net|Jörg Groß <joerg@x.org>|
    Vincent van Gogh <v.gogh@x.org>|Анна <a@x.org>|山田 太郎 <x@x.org>|김철수 <x@x.org>|Bo <bo@x.org>|
    "Doe, Jane" <jane_doe84@example.net>|Kate <kate@x.org>|May Rose <may.rose@x.org>|İpek <ipek@x.org>|
    A B <ab@x.org>|info@shop.org"""
WORDS = f"""{PIECES} Ada ADAS Ada's ada.17 Jane doe janedoe Doe84 Kate KAte kate ſ İpek ı Straße café naïve
    shop info for the May Rose a ab b A-B gogh's Анне Иван"""


def written(random: Random, own: list[str]) -> str:
    """Return a subject of words, some of them `own`, some with a character more, joined in some way."""
    more = "".join(random.choices("sa. ’'…-_9é", k=1))
    words = [
        each + (more if random.random() < 0.2 else "")
        for each in random.choices(WORDS.split() + own * 10, k=random.randrange(1, 10))
    ]
    return random.choice([" ", " ", "", "-"]).join(words)


def test_words_that_are_passed_over_are_nobodys_name():
    """Looking at each word of a subject finds no more."""
    random = Random(15)
    named = 0
    for _ in range(4000):
        to = random.choice(TO.split("|")).strip()
        subject, reader = written(random, to.partition("@")[0].split()), Reader.of_header(to)
        made = template(subject, reader)
        assert made == template(subject, replace(reader, marks=EVERY_WORD)), (subject, reader)
        named += made != template(subject)
    assert named > 1000


@pytest.mark.parametrize("name", ["tuning", "held_out"])
def test_in_real_subjects_no_more_is_found_either(name):
    """Of many languages."""
    lines = (SUBJECTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    for _, to, text in (line.split(" | ", 2) for line in lines if not line.startswith("#")):
        reader = Reader.of_header(to)
        assert template(text, reader) == template(text, replace(reader, marks=EVERY_WORD))


def test_a_very_long_local_part_is_known_by_its_beginning():
    """However many beginnings it has."""
    reader = Reader.of("", "annabella" + "x" * 60 + "@example.net")
    assert template("Annabella, hi", reader) == "…, hi"


def test_what_a_local_part_ends_with_is_not_passed_over():
    """As little as what it begins with."""
    assert template("Doe, hi", Reader.of("", "janedoe@example.net")) == "…, hi"
    assert template("Jane, hi", Reader.of("", "janedoe@example.net")) == "…, hi"
