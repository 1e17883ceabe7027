"""Whose mail it is: one mailbox, and whatever else in From some parser takes for an address."""

import random
import subprocess
from collections.abc import Iterator
from email.headerregistry import HeaderRegistry
from email.utils import getaddresses
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.mailbox import MAX_OCTETS, SeveralMailboxesError, domains_named, originator
from tests.support.checks.growth import is_linear


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        ("a@example.com", "example.com"),
        ("<a@Example.COM.>", "example.com"),
        ("Shop <a@example.com>", "example.com"),
        ("[Staging] App <a@example.com>", "example.com"),
        ("AT&T @ Home <a@example.com>", "example.com"),
        ("@ann <a@example.com>", "example.com"),
        ("Smith, John <a@example.com>", "example.com"),
        ("Jira: Issues <a@example.com>", "example.com"),
        ("Smith, John (Berlin, (Mitte)) <a@example.com>", "example.com"),
        ('"ceo@bank.test," <a@example.com>', "example.com"),
        ('"john doe"@example.com', "example.com"),
        ("(of bank.test) a@example.com (Shop)", "example.com"),
        ("Shop a@example.com", "example.com"),
        ("a@example.com,", "example.com"),
        ("Shop <a@example.com>,", "example.com"),
    ],
)
def test_one_mailbox_is_one_sender(value, domain):
    """Whatever else real programs write before it, as long as it reads as no address."""
    assert originator(value.encode()) == (domain, frozenset())


@pytest.mark.parametrize(
    ("value", "mentions"),
    [
        ("a@example.com <a@example.com>", {"example.com"}),
        ("'a@example.com' <a@example.com>", {"example.com'"}),
        ("ceo@bank.test, <app@example.com>", {"bank.test"}),
        ("ceo @ bank.test <app@example.com>", {"bank.test"}),
        ("ceo@bank. test <app@example.com>", {"bank.test"}),
        ("ceo(x)@bank.test <app@example.com>", {"bank.test"}),
        ("a@example.com evil <app@example.com>", {"example.comevil"}),
        ("ceo@b\u00e4nk\u3002test <app@example.com>", {"b\u00e4nk\u3002test"}),
    ],
)
def test_what_reads_as_an_address_is_told(value, mentions):
    """The caller knows which domains are the same sender's."""
    assert originator(value.encode()) == ("example.com", mentions)


@pytest.mark.parametrize(
    "value",
    [
        "a@example.com, b@example.com",
        "A <a@example.com>, B <b@example.com>",
        "<a@example.com> ceo@bank.test",
        "<<a@example.com>>",
        "<@bank.test:a@example.com>",
        "a@b@example.com",
        '"unclosed <a@example.com>',
        "(unclosed <a@example.com>",
        "closed) <a@example.com>",
        "ceo\\@bank.test <a@example.com>",
        'x["] ceo@bank.test, ["] <a@example.com>',
        "ceo@bank.test\0 <a@example.com>",
        "<a@example.com",
    ],
)
def test_what_readers_would_not_agree_on_is_nobodys(value):
    """Nothing is signed in doubt."""
    with pytest.raises(SeveralMailboxesError):
        originator(value.encode())


@pytest.mark.parametrize(
    "value", ["", "root", "<root>", "Shop <>", "x" * MAX_OCTETS + "<a@example.com>"]
)
def test_a_value_may_name_nobody(value):
    """Or be longer than any real one."""
    assert originator(value.encode()) is None


PIECES = (
    ["a@example.com", "<a@example.com>", "ceo@bank.test", "<ceo@bank.test>", "Shop", "@", ",", ";", ":", " ",
     '"', "\\", "(", ")", "[", "]", "<", ">", ".", "'", "bank.test", "example.com", "=?utf-8?q?a=40b.c?=",
     "\u00e9", "\u3002", "\t", "!", "%", "a", "|", "~", "--", "&", "=", "?"]
)  # fmt: skip


FUZZED = 100_000


def texts(count: int) -> Iterator[str]:
    """Yield From values put together from what parsers trip over, the same in every run."""
    draw = random.Random(5322)
    for _ in range(count):
        yield "".join(draw.choices(PIECES, k=draw.randint(1, 9))) + draw.choice(
            [" <app@example.com>", "<app@example.com>", " <app@example.com>", ""]
        )


def signed(value: str) -> bool:
    """Whether mail with this From would be signed for example.com, and no other domain."""
    try:
        found = originator(value.strip().encode())
    except SeveralMailboxesError:
        return False
    return found is not None and {found.domain} | found.mentions == {"example.com"}


def strangers(addresses: list[str]) -> set[str]:
    """Return the domains of these addresses that are not example.com; one has a dot."""
    domains = {
        address.rpartition("@")[2].strip().rstrip(".").lower()
        for address in addresses
        if "@" in address
    }
    return {domain for domain in domains if "." in domain and domain != "example.com"}


def by_policy(value: str) -> list[str]:
    """Return the addresses that Python's newer parser finds."""
    try:
        return [each.addr_spec for each in HeaderRegistry()("from", value).addresses]
    except Exception:  # noqa: BLE001 - it has faults of its own on such values
        return []


def test_no_parser_of_python_finds_a_stranger_in_what_we_sign():
    """Of many thousand odd values; both parsers are lenient, each in its own way."""
    taken = [value for value in texts(FUZZED) if signed(value)]
    assert len(taken) > 1_000
    found = [(value, strangers([each for _, each in getaddresses([value])])) for value in taken]
    assert [pair for pair in found if pair[1]] == []
    found = [(value, strangers(by_policy(value))) for value in taken[:2_000]]
    assert [pair for pair in found if pair[1]] == []


PERL = 'while(<STDIN>){chomp; print join("\\t", map {$_->address // ""} Mail::Address->parse($_)), "\\n"}'


@pytest.mark.skipif(which("perl") is None, reason="no perl (Debian: perl, libmailtools-perl)")
def test_perl_finds_no_stranger_in_what_we_sign():
    """Mail::Address reads as many old programs do."""
    taken = [value for value in texts(FUZZED) if signed(value)]
    ran = subprocess.run(
        ["perl", "-MMail::Address", "-e", PERL],
        input="\n".join(taken) + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        pytest.skip(f"no Mail::Address (Debian: libmailtools-perl): {ran.stderr[:80]}")
    found = [
        (value, strangers(line.split("\t")))
        for value, line in zip(taken, ran.stdout.splitlines(), strict=True)
    ]
    assert [pair for pair in found if pair[1]] == []


@given(st.text(alphabet=st.sampled_from('a@."<>(),;:\\[]é \t\r\n\0'), max_size=40))
def test_whatever_it_is_it_is_read(text):
    """Without a fault, and never with an empty domain."""
    try:
        found = originator(text.encode())
    except SeveralMailboxesError:
        return
    assert found is None or (found.domain and found.domain == found.domain.lower())


@pytest.mark.parametrize("piece", ["(", "a ", "a@", '"', "[a", "<", "a, ", "a@b <", "\\"])
def test_time_grows_with_the_length_alone(piece):
    """Whatever a value repeats."""

    def read(octets: int) -> None:
        try:
            originator(piece.encode() * (octets // len(piece)))
        except SeveralMailboxesError:
            return

    assert is_linear(read, MAX_OCTETS)


@pytest.mark.parametrize(
    ("value", "domains"),
    [
        (b"A <a@B.test>, c@d.test.", {"b.test", "d.test"}),
        (b'"a@b.test" <c@d.test>, (e@f.test) g@h.test', {"d.test", "h.test"}),
        (b'"unclosed a@b.test', {"b.test"}),
        (b"root, AT&T @ Home <a@b.test>", {"home", "b.test"}),
        (b"", set()),
    ],
)
def test_the_domains_of_all_mailboxes_are_named(value: bytes, domains: set[str]) -> None:
    """However many; what stands in quotes is none."""
    assert domains_named(value) == domains
