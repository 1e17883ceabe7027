"""Which links are one link, though each reader's copy leads to a URL of its own."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.events import SentLink
from tracker.urls import slots
from tracker.urls.slots import Place, State, hashed, placed, sightings

Mail = tuple[frozenset[int], tuple[SentLink, ...]]
"""The persons who get a message, and its links."""
Slots = dict[bytes, dict[int, Place]]

HEX = [f"{random.Random(reader).getrandbits(64):016x}" for reader in range(100)]


def link(url: str, text: str = "Sale", number: int = 1) -> SentLink:
    """Return a link of a message."""
    return SentLink(number, url, None, text)


def seen(mails: Iterable[Mail]) -> Slots:
    """Return what messages tell of slots."""
    told: Slots = defaultdict(lambda: defaultdict(Place))
    for persons, links in mails:
        for each in sightings(placed(links), persons):
            told[each.slot][each.place].see(each.value, each.person)
    return told


def readers(places: dict[int, Place]) -> set[int]:
    """Return the places that are the reader's."""
    return {at for at, place in places.items() if place.is_readers}


def names(mails: Sequence[Mail], told: Slots) -> list[str]:
    """Return what the links of messages are called, in their order, each once."""
    found = [
        each.parts.without(readers(told.get(each.slot, {})))
        for _, links in mails
        for each in placed(links)
    ]
    return list(dict.fromkeys(found))


def named(*mails: Sequence[str]) -> list[str]:
    """Return what is said of links, which are given by their URLs, one message a person."""
    sent = [(frozenset({n}), tuple(map(link, urls))) for n, urls in enumerate(mails, 1)]
    return names(sent, seen(sent))


PERSONAL: list[tuple[Callable[[int], str], str]] = [
    (lambda n: f"https://example.com/a?uid={n}", "https://example.com/a"),
    (lambda n: f"https://example.com/a?kundennummer={n}&b=1", "https://example.com/a?b=1"),
    (lambda n: f"https://example.com/a?to=r{n}%40example.net", "https://example.com/a"),
    (lambda n: f"https://example.com/a?{HEX[n]}", "https://example.com/a?…"),
    (lambda n: f"https://example.com/a?x={HEX[n]}&y={n}#top", "https://example.com/a#top"),
    (lambda n: f"https://example.com/a?b=1&q=W{n}%3D%3D", "https://example.com/a?b=1"),
    (lambda n: f"https://example.com/for/r{n}@example.net", "https://example.com/for/…"),
    (lambda n: f"https://example.com/u/{HEX[n]}/sale", "https://example.com/u/…/sale"),
    (lambda n: f"https://example.com/{n}.html?page=2", "https://example.com/…?page=2"),
    (lambda n: f"https://example.com/#/a?coupon={HEX[n]}", "https://example.com/#/a"),
    (lambda n: f"https://example.com/app#/invoices/{n}", "https://example.com/app#/invoices/…"),
    (lambda n: f"https://example.com/a#key={HEX[n]}", "https://example.com/a"),
    (lambda n: f"https://example.com/a;sid={HEX[n]}?b", "https://example.com/a;…?b"),
    (
        lambda n: f"https://example.com/go?to=https%3A%2F%2Fexample.net%2F%3Fu%3D{n}",
        "https://example.com/go",
    ),
]


@pytest.mark.parametrize(("url_of", "name"), PERSONAL)
def test_a_readers_own_links_are_one(url_of, name):
    """Whatever the parameter is called, and wherever it stands; from the third person on."""
    assert named(*([url_of(n)] for n in range(1, 30))) == [name]
    assert named(*([url_of(n)] for n in range(1, 4))) == [name]
    assert named(*([url_of(n)] for n in range(1, 3))) == [url_of(1), url_of(2)]


@pytest.mark.parametrize(
    "urls",
    [
        [f"https://example.com/{language}/sale" for language in ("en", "de", "fr", "it", "pl")],
        [f"https://example.com/sale?lang={language}" for language in ("en", "de")],
        [f"https://example.com/spring-{half}" for half in "ab"],
        [f"https://example.com/?variant={half}" for half in "AB"],
        [f"https://example.com/p/{product}" for product in range(20)],
        [f"https://example.com/#/p?product={product}" for product in range(20)],
    ],
)
def test_what_readers_share_stays_apart(urls):
    """Languages, the halves of a test, products: two persons have the same, somewhere."""
    sent = [[urls[(n * 7 + n // 5) % len(urls)]] for n in range(60)]
    assert sorted(named(*sent)) == sorted(urls)


def test_what_readers_share_stays_apart_beside_what_is_theirs():
    """Each place is judged by itself."""
    sent = [[f"https://example.com/{'ed'[n % 2]}n/{HEX[n]}?p={n % 5}"] for n in range(1, 30)]
    assert sorted(named(*sent)) == sorted(
        {f"https://example.com/{'ed'[n % 2]}n/…?p={n % 5}" for n in range(1, 30)}
    )


def test_recommended_products_stay_apart():
    """Also while nobody else got the same ones: one message has several of them."""
    sent = [[f"https://example.com/p/{n}{k}?u={HEX[n]}" for k in "abc"] for n in range(1, 20)]
    assert named(*sent) == [f"https://example.com/p/{n}{k}" for n in range(1, 20) for k in "abc"]


def test_sessions_of_a_conference_stay_apart():
    """All readers have both, or each has two of their own."""
    both = [f"https://example.com/?session={number}" for number in (101, 102)]
    assert named(*[both] * 10) == both
    own = [[f"https://example.com/?session={n}{k}" for k in (1, 2)] for n in range(1, 10)]
    assert named(*own) == [url for urls in own for url in urls]


def test_a_readers_value_in_several_links_is_one_value():
    """Above and below, and beside each product."""
    sent = [
        [
            f"https://example.com/a?u={HEX[n]}",
            f"https://example.com/a?u={HEX[n]}",
            f"https://example.com/b?u={HEX[n]}",
        ]
        for n in range(1, 10)
    ]
    assert named(*sent) == ["https://example.com/a", "https://example.com/b"]


def test_a_person_may_have_many_values():
    """Three messages to one person are no three persons; each message may have a value of its own."""
    sent = [(frozenset({1}), (link(f"https://example.com/{n}"),)) for n in range(9)]
    assert len(names(sent, seen(sent))) == 9
    sent += [(frozenset({n}), (link(f"https://example.com/r{n}"),)) for n in (2, 3)]
    assert names(sent, seen(sent)) == ["https://example.com/…"]


def test_a_message_to_several_persons_is_nobodys():
    """What stands in it is not one person's."""
    sent = [(frozenset({n}), (link(f"https://example.com/{n}"),)) for n in range(9)]
    sent.append((frozenset({20, 21}), (link("https://example.com/x"),)))
    assert len(names(sent, seen(sent))) == 10


def test_a_message_to_nobody_tells_nothing():
    """Its recipients are forgotten."""
    assert list(sightings(placed([link("https://example.com/1")]), frozenset())) == []


def test_an_empty_value_is_nobodys():
    """Readers without an account have the same link."""
    urls = [f"https://example.com/?u={n if n % 2 else ''}" for n in range(1, 20)]
    assert named(*([url] for url in urls)) == ["https://example.com/"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (link("https://example.com/1", "Buy"), link("https://example.com/1", "Sell")),
        (link("https://example.com/1"), link("https://example.net/1")),
        (link("https://example.com/1"), link("https://example.com/1/2")),
        (link("https://example.com/?a=1"), link("https://example.com/?b=1")),
    ],
)
def test_links_of_another_text_host_or_shape_stand_in_another_slot(first, second):
    """They are compared with their like alone."""
    one, other = placed([first, second])
    assert one.slot != other.slot


def test_a_text_that_is_a_url_is_none():
    """It may be the reader's own as well."""
    one, other = placed(
        [link(f"https://example.com/{n}", f"www.Example.com/{n}", n) for n in (1, 2)]
    )
    assert one.slot == other.slot
    assert (one.number, other.number) == (1, 2)


def test_a_link_in_plain_text_has_the_text_of_its_twin():
    """The same URL stands in the HTML; what is nowhere else has no text."""
    url, other = "https://example.com/u/1", "https://example.com/news/2"
    links = [link(url), link(other, "News"), link(url, "Yours"), link(url, ""), link(other, "")]
    found = [each.slot for each in placed(links)]
    assert found[3] == found[0]
    assert found[4] == found[1] != found[0]
    alone = placed([link(url, "")])[0].slot
    assert alone not in found
    assert [each.slot for each in placed(links[::-1])][:2] == [found[4], found[3]]


def test_links_that_somebody_named_stand_in_no_slot():
    """They have a name."""
    assert placed([SentLink(1, "https://example.com/1", "offer", "Sale")]) == []


def test_after_many_persons_a_place_is_the_readers_for_good(monkeypatch):
    """What comes later changes nothing, and nothing is kept."""
    monkeypatch.setattr(slots, "MAX_PERSONS", 5)
    place = Place()
    for person in range(6):
        assert place.state is State.OPEN
        place.see(person, person)
    place.see(1, 2)
    place.see(None, 3)
    assert place.is_readers
    assert (place.state, place.holders, place.counted) == (State.READERS, {}, set())


def test_after_many_values_too(monkeypatch):
    """However few persons have them all."""
    monkeypatch.setattr(slots, "MAX_VALUES", 5)
    place = Place()
    for value in range(6):
        place.see(value, 1)
    assert place.state is State.READERS


def test_what_is_shared_is_so_for_ever():
    """And nothing is kept of it."""
    place = Place()
    place.see(1, 1)
    place.see(1, 2)
    for person in range(3, 2000):
        place.see(person, person)
    assert place == Place(State.SHARED, persons=1, values=1)


def test_values_are_kept_as_numbers_that_sqlite_holds():
    """Of whatever characters they are."""
    numbers = [hashed(value) for value in (*HEX, "\ud800", "ä")]
    assert len(set(numbers)) == len(numbers)
    assert all(-(2**63) <= number < 2**63 for number in numbers)


TOKENS = st.sampled_from(("", "1", "2", "3", "4", "5"))
LINKS = st.builds(
    lambda a, b, c: link(f"https://example.com/{a}/x?b={b}#/{c}"), TOKENS, TOKENS, TOKENS
)
MAILS = st.lists(
    st.tuples(
        st.frozensets(st.integers(1, 6), min_size=0, max_size=2),
        st.lists(LINKS, max_size=2).map(tuple),
    ),
    max_size=8,
)


def verdicts(told: Slots) -> dict[tuple[bytes, int], tuple[State, int, bool]]:
    """Return what holds of each place."""
    return {
        (slot, at): (place.state, place.persons * (place.state is State.OPEN), place.is_readers)
        for slot, places in told.items()
        for at, place in places.items()
    }


@given(MAILS, st.data())
def test_any_order_gives_the_same(mails, data):
    """However often a message is told."""
    repeated = data.draw(st.lists(st.sampled_from(mails))) if mails else []
    again = data.draw(st.permutations([*mails, *repeated]))
    assert verdicts(seen(again)) == verdicts(seen(mails))


@given(MAILS)
def test_the_rule_holds(mails):
    """As it is written, over all that was told."""
    had: dict[tuple[bytes, int], set[tuple[str, int]]] = defaultdict(set)
    several: set[tuple[bytes, int]] = set()
    for persons, links in mails:
        values: dict[tuple[bytes, int], set[str]] = defaultdict(set)
        for each in placed(links if persons else ()):
            for at, value in enumerate(each.parts.values):
                values[each.slot, at] |= {value} - {""}
        several |= {key for key, found in values.items() if len(found) > 1}
        for key, found in values.items():
            had[key] |= {(value, person) for value in found for person in persons}
    told = seen(mails)
    for (slot, at), pairs in had.items():
        is_one_persons = len({value for value, _ in pairs}) == len(pairs)
        enough = len({person for _, person in pairs}) >= slots.MIN_PERSONS
        expected = enough and is_one_persons and (slot, at) not in several
        assert told[slot][at].is_readers == expected


def test_a_sighting_needs_only_what_it_is_about():
    """So that a store need not be read as a whole for each message."""
    whole, partial = Place(), Place(persons=2, values=2, holders={7: 1}, counted={1})
    for value, person in ((7, 1), (8, 2)):
        whole.see(value, person)
    for place in (whole, partial):
        place.see(7, 1)
        place.see(9, 3)
    assert (whole.persons, whole.values) == (partial.persons, partial.values) == (3, 3)
