"""Who the reader is by the To header, and where a subject names them."""

import re

import pytest

from proxy.campaign.names import MAX_TO, NOBODY, Reader, names
from tests.support.checks.growth import is_linear


def found(subject: str, to: str) -> list[str]:
    """Return where the reader of this To header is named, in order; overlapping spans as one."""
    marked = bytearray(len(subject))
    for start, end in names(subject, Reader.of_header(to)):
        marked[start:end] = b"x" * (end - start)
    return [subject[slice(*each.span())] for each in re.finditer(b"x+", marked)]


@pytest.mark.parametrize(
    ("subject", "to", "expected"),
    [
        ("Anna, hi", "Anna Meyer <x@example.net>", ["Anna"]),
        ("Anna, hi", "anna.meyer@example.net", ["Anna"]),
        ("Hi anna!", "Anna <x@example.net>", ["anna"]),
        ("ANNA, hi", "anna@example.net", ["ANNA"]),
        ("Jörg und Jorg, joerg", "jörg <joerg@example.net>", ["Jörg", "Jorg", "joerg"]),
        ("Zoë’s list", '"Zoe" <z@example.net>', ["Zoë’s"]),
        ("Annas und Anna's", "Anna <x@example.net>", ["Annas", "Anna's"]),
        ("Ayşe'ye özel", "Ayşe <a@example.net>", ["Ayşe'ye"]),
        ("'Anna' as a title", "Anna <x@example.net>", ["Anna"]),
        ("For O'Brien", "Pat O'Brien <p@example.net>", ["O'Brien"]),
        ("Sinéad O’Connor: hi", '"O\'Connor, Sinéad" <x@example.net>', ["Sinéad", "O’Connor"]),
        ("Liebe Frau Dr. Meyer, hallo", "Anna Meyer <x@example.net>", ["Liebe Frau Dr. Meyer"]),
        ("Lieber Herr Groß, hallo", "Jörg Groß <x@example.net>", ["Lieber Herr Groß"]),
        ("Les favoris d'Émile", "Émile <x@example.net>", ["d'Émile"]),
        ("Les favoris de Simone", "Simone <x@example.net>", ["de Simone"]),
        ("Vincent van Gogh", "Vincent van Gogh <x@example.net>", ["Vincent van Gogh"]),
        ("Anna M. wrote", "Anna Meyer <x@example.net>", ["Anna M."]),
        ("Подборка для Анны", "Анна <x@example.net>", ["Анны"]),
        ("Письмо Ивану", "Иван <x@example.net>", ["Ивану"]),
        ("山田様、こんにちは", "山田 太郎 <x@example.net>", ["山田"]),
        ("山田様、こんにちは", "山田太郎 <x@example.net>", ["山田"]),
        ("山田太郎さん", "山田 太郎 <x@example.net>", ["山田太郎"]),
        ("张伟先生，您好", "张伟 <x@example.net>", ["张伟先生"]),
        ("김철수님, 안녕", "김철수 <x@example.net>", ["김철수"]),
        ("Jane, hi", "janedoe@example.net", ["Jane"]),
        ("jane_doe84, hi", "jane_doe84@example.net", ["jane_doe84"]),
        ("Confirm Anna@Example.net", "anna@example.net", ["Anna@Example.net"]),
        ("Anna, hi", "anna+shop@example.net", ["Anna"]),
        ("Welcome, Will!", "Will Smith <x@example.net>", ["Will"]),
        ("Will Smith joined", "Will Smith <x@example.net>", ["Will", "Smith"]),
        ("Mr. Long wrote", "Frank Long <x@example.net>", ["Mr. Long"]),
        ("Bo, hi", "bo@example.net", ["Bo"]),
    ],
)
def test_the_reader_is_found(subject, to, expected):
    """By display name or local part, in the forms of their language."""
    assert found(subject, to) == expected


@pytest.mark.parametrize(
    ("subject", "to"),
    [
        ("Your bill is ready", "Bill <bill@example.net>"),
        ("Will you join us?", "Will Smith <will@example.net>"),
        ("May sale", "May Chen <may@example.net>"),
        ("Der Sommer ist da", "Karl Sommer <k@example.net>"),
        ("Am Montag", "am@example.net"),
        ("News from the shop", "news@example.net"),
        ("Info: new hours", "info@example.net"),
        ("Customer 73", "Customer 73 <customer73@example.net>"),
        ("Hannah, hi", "Anna <anna@example.net>"),
        ("Hello Spring, hi", "anna@example.net"),
        ("Janes Addiction", "janedoe@example.net"),
        ("News van de week", "Vincent van Gogh <v@example.net>"),
        ("王者荣耀", "王 小明 <w@example.net>"),
        ("Anna, hi", "Anna <a@example.net>, Bob <b@example.net>"),
        ("Anna, hi", "friends: Anna <a@example.net>, Bob <b@example.net>;"),
        ("Anna, hi", ""),
        ("Anna, hi", "Anna"),
        ("Anna, hi", "Anna <a@example.net>" + " " * MAX_TO),
    ],
)
def test_other_words_stay(subject, to):
    """Words that are names too, roles, parts of words; and nobody's name where there are several."""
    assert found(subject, to) == []


@pytest.mark.parametrize("to", ['"Meyer, Anna" <a@example.net>', "a@example.net (Anna)", "<a@example.net>",
                                '"An\\"na" <a@example.net>', "=?utf-8?q?Anna?= <a@example.net>"])  # fmt: skip
def test_a_header_of_one_mailbox_is_one_readers(to):
    """However RFC 5322 lets it be written."""
    assert Reader.of_header(to) != NOBODY
    assert Reader.of_header(to, has_more=True) == NOBODY


@pytest.mark.parametrize("local", ['""', "-.", "1", "é-"])
def test_a_reader_without_a_letter_of_ascii_is_looked_for_and_not_found(local):
    """Looking for nothing comes to an end."""
    assert names('"" -. 1 hi', Reader.of("", f"{local}@example.net")) == []


@pytest.mark.parametrize("unit", ["Anna, hi ", "xannax "])
def test_names_in_a_long_subject_are_found_in_linear_time(unit):
    """However many words may be one, and the same ones as in a short subject."""
    reader = Reader.of("Anna", "anna@example.net")
    few, many = names(unit * 10, reader), names(unit * 1000, reader)
    assert [span for span in many if span[1] <= len(unit) * 10] == few
    assert len(many) == len(few) * 100
    assert is_linear(lambda size: names(unit * size, reader), 4000)
