"""Single values of the configuration, as people write them and as they are written back."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from config import values
from config.addresses import LOOPBACKS
from config.values import Address

FOLDER = {"folder": Path("/etc/waypost")}
"""The context in which a file in /etc/waypost is read."""


def read(kind: Any, value: object, context: dict[str, Path] | None = FOLDER) -> object:
    """Return what a value of `kind` in a file becomes."""
    return TypeAdapter(kind).validate_python(value, context=context)


def refusal(kind: Any, value: object) -> str:
    """Return what is said about a value that is refused, with the hint in brackets."""
    with pytest.raises(ValidationError) as refused:
        read(kind, value)
    (error,) = refused.value.errors()
    hint = error.get("ctx", {}).get("hint", "")
    return f"{error['msg']} ({hint})"


def written(kind: Any, value: object) -> object:
    """Return how a value of `kind` is written back."""
    return TypeAdapter(kind).dump_python(value, mode="json")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("10min", 600), ("2h", 7200), ("90d", 7776000), ("1w", 604800), ("1.5 h", 5400)],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: float) -> None:
    """A number and a unit make seconds."""
    assert read(values.Seconds, text) == seconds


@pytest.mark.parametrize(
    "text", ["", "10", "ten", "-1s", "1y", "10 min 3s", "1e3s", "\u0663s", "NaNs"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """No unit, no number, or a unit that nobody knows."""
    assert f'"{text}" is not a duration' in refusal(values.Seconds, text)


def test_some_durations_are_an_hour_at_most() -> None:
    """Said in the units that people write."""
    assert read(values.ShortSeconds, "60min") == 3600
    assert '"2h" is more than an hour' in refusal(values.ShortSeconds, "2h")


def test_a_century_is_enough() -> None:
    """More would not fit into dates."""
    assert "more than a hundred years" in refusal(values.Seconds, "99999999d")


def test_numbers_of_seconds_are_for_code_not_for_files() -> None:
    """Tests say 0.5; in a file a bare number has no unit, and a truth value is no number at all."""
    assert read(values.Seconds, 0.5, context=None) == 0.5
    assert "is not a duration" in refusal(values.Seconds, 300.0)
    with pytest.raises(ValidationError):
        read(values.Seconds, value=True, context=None)


@given(st.integers(1, 10**9))
def test_a_written_duration_reads_as_the_same(seconds: int) -> None:
    """Writing a whole number of seconds loses nothing."""
    assert values.parse_duration(values.format_duration(float(seconds))) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.5, "0.5s"), (90.0, "90s"), (300.0, "5min"), (7200.0, "2h"), (86400.0, "1d")],
)
def test_durations_are_written_in_the_largest_unit_that_divides_them(
    seconds: float, text: str
) -> None:
    """As an operator would, and fractions without needless zeros."""
    assert written(values.Seconds, seconds) == text


@given(st.integers(65536, 10**12))
def test_a_written_size_reads_as_the_same(octets: int) -> None:
    """Writing a size loses nothing."""
    assert read(values.Octets, values.format_size(octets)) == octets


@pytest.mark.parametrize(
    ("text", "octets"), [("35MB", 35_000_000), ("32MiB", 32 * 1024 * 1024), ("64 kB", 64_000)]
)
def test_sizes_know_both_kinds_of_units(text: str, octets: int) -> None:
    """MB is a million octets, MiB is 1024 times 1024."""
    assert read(values.Octets, text) == octets


@pytest.mark.parametrize(
    ("octets", "text"), [(0, "0B"), (1, "1B"), (1024, "1024B"), (2000, "2kB"), (10**9, "1GB")]
)
def test_sizes_are_written_in_the_largest_unit_that_divides_them(octets: int, text: str) -> None:
    """Units of a thousand, as docs use them."""
    assert values.format_size(octets) == text


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:2525", Address("127.0.0.1", 2525)),
        ("[::1]:25", Address("::1", 25)),
        ("[2001:DB8:0::1]:25", Address("2001:db8::1", 25)),
        ("mail.example.com:587", Address("mail.example.com", 587)),
        ("localhost:0", Address("localhost", 0)),
    ],
)
def test_addresses_are_host_and_port(text: str, address: Address) -> None:
    """IPv6 stands in brackets; a name is fine."""
    assert Address.parse(text) == read(values.ListenAddress, text) == address


@pytest.mark.parametrize(
    "text",
    [
        "25",
        ":25",
        "127.0.0.1",
        "127.0.0.1:",
        "::1:25",
        "[::1]",
        "[::1]:x",
        "a_b..c:25",
        "h:65536",
        "h:-1",
        "h:+1",
        "[127.0.0.1]:25",
        "h:\u0662\u0665",
        "-h:25",
        "h-:25",
        "h/:25",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Each is told apart from a host and a port."""
    with pytest.raises(ValueError, match=r".*"):
        Address.parse(text)
    assert f'"{text}" is not an address' in refusal(values.ListenAddress, text)


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """And an address is written so that it reads as the same."""
    try:
        address = Address.parse(text)
    except ValueError:
        return
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (values.ListenAddress, Address("::1", 25)),
        (values.NetworkRange, ip_network("192.0.2.0/24")),
        (values.FilePath, Path("token.keys")),
    ],
)
def test_values_of_code_stay_as_they_are(kind: Any, value: object) -> None:
    """Tests and `waypost demo` make a Config without a file."""
    assert read(kind, value) is value


def test_an_address_is_written_as_it_is_read() -> None:
    """`str` puts IPv6 into brackets."""
    assert [str(Address("::1", 25)), str(Address("127.0.0.1", 25))] == ["[::1]:25", "127.0.0.1:25"]


@pytest.mark.parametrize(("host", "loopback"), [("localhost", True), ("::1", True), ("::", False)])
def test_an_address_knows_whether_only_this_machine_reaches_it(
    host: str, *, loopback: bool
) -> None:
    """Any port of the loopback; a wildcard is more than that."""
    assert Address(host, 25).is_loopback is loopback


def test_a_single_address_is_a_network() -> None:
    """A bare address means that one client."""
    assert read(values.NetworkRange, "192.0.2.7") == ip_network("192.0.2.7/32")
    assert read(values.NetworkRange, "2001:db8::/32") == ip_network("2001:db8::/32")


def test_a_network_with_host_bits_is_refused_with_the_one_that_was_meant() -> None:
    """It could mean either the network or one client of it."""
    assert refusal(values.NetworkRange, "10.1.2.3/8") == (
        '"10.1.2.3/8" has host bits set (did you mean "10.0.0.0/8"?)'
    )


@pytest.mark.parametrize("text", ["localhost", "192.0.2.0/33", "192.0.2.0/-1", "", "192.0.2"])
def test_what_is_no_network_is_refused(text: str) -> None:
    """A name is none: who it means may change."""
    assert f'"{text}" is not a network' in refusal(values.NetworkRange, text)


def test_relative_paths_start_from_the_folder_of_the_file() -> None:
    """A configuration can be moved together with its keys and its store."""
    assert read(values.FilePath, "token.keys") == Path("/etc/waypost/token.keys")
    assert read(values.FilePath, "/srv/token.keys") == Path("/srv/token.keys")


def test_a_path_may_start_from_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a shell."""
    monkeypatch.setenv("HOME", "/home/alice")
    assert read(values.FilePath, "~/token.keys") == Path("/home/alice/token.keys")


@pytest.mark.parametrize("value", ["", "a\0b", 7])
def test_what_is_no_path_is_refused(value: object) -> None:
    """No file has such a name."""
    assert "is not a path" in refusal(values.FilePath, value)


def test_a_regular_expression_is_compiled_when_it_is_read() -> None:
    """What is wrong with it is told by the file's line, not by the first message."""
    assert read(values.Regex, r"/orders/\d+") == r"/orders/\d+"
    assert "is not a regular expression: missing )" in refusal(values.Regex, "(")


def test_host_names_are_lower_case() -> None:
    """A domain is compared with From in lower case."""
    assert read(values.HostName, "Example.COM") == "example.com"


def test_a_name_beyond_ascii_is_shown_as_dns_has_it() -> None:
    """Headers and certificates carry it so."""
    assert "xn--bcher-kva.example" in refusal(values.HostName, "b\u00fccher.example")


@pytest.mark.parametrize(
    "text",
    ["", "https://example.com", "example.com:25", "a@example.com", "a..b", "-a.b", "x" * 64, "a b"],
)
def test_what_is_no_host_name_is_refused(text: str) -> None:
    """A scheme, a port or a mailbox belongs elsewhere."""
    assert f'"{text}" is not a host name' in refusal(values.HostName, text)


def test_a_header_is_named_in_lower_case() -> None:
    """As it is looked for; none that means something else, or that web servers could mistake."""
    assert read(values.HeaderName, "X-Auth-Request-Email") == "x-auth-request-email"
    for name in ("Remote_User", "Remote User", "-", "", "Benutzer-ä", 7):
        assert "is not the name of an HTTP header" in refusal(values.HeaderName, name)
    for name in ("Authorization", "cookie", "Host", "X-Forwarded-For"):
        assert "has a meaning of its own" in refusal(values.HeaderName, name)


def test_a_server_may_be_an_ipv6_address() -> None:
    """With or without brackets, as the port stands under its own key."""
    assert read(values.ServerName, "[::1]") == read(values.ServerName, "::1") == "::1"
    assert "under its own key" in refusal(values.ServerName, "mail.example.com:25")


@pytest.mark.parametrize("text", ["https://click.example.com", "http://[::1]:8080", "https://h/t"])
def test_base_urls_are_scheme_and_host(text: str) -> None:
    """A port and a path are fine; one closing slash is taken away."""
    assert read(values.BaseUrl, text) == read(values.BaseUrl, f"{text}/") == text


@pytest.mark.parametrize(
    "text",
    [
        "https://",
        "https:///c",
        "//h",
        "h",
        "https://h?",
        "https://h#",
        "https://u@h",
        "https://h//",
        "https://h/\u00e9",
        "javascript:x",
        "https://[::1",
        "HTTPS://h",
        'https://h/"x"',
        "https://h/a&b",
        "https://h:99999",
        "",
        "https://h\n",
        "https://h/a b",
    ],
)
def test_what_is_no_base_url_is_refused(text: str) -> None:
    """Nothing that could make a link of it that leads elsewhere."""
    assert refusal(values.BaseUrl, text)


KINDS = (
    values.Seconds,
    values.ListenAddress,
    values.NetworkRange,
    values.Account,
    values.FilePath,
    values.Regex,
    values.HostName,
    values.ServerName,
    values.HeaderName,
    values.BaseUrl,
    values.NodeName,
)


@given(st.sampled_from(KINDS), st.text() | st.integers() | st.booleans() | st.none())
def test_whatever_stands_in_a_file_is_read_or_refused(kind: Any, value: object) -> None:
    """With what is wrong and what would be right, never with a traceback."""
    try:
        read(kind, value)
    except ValidationError as error:
        (told,) = error.errors()
        assert told["ctx"]["what"]
        assert told["ctx"]["hint"]


@pytest.mark.parametrize(
    "text",
    [
        "alice",
        "alice@example.com",
        "DOM\\alice",
        "apikey",
        "4711",
        "abc.de",
        "host/mail.example.com@REALM",
        "a b",
        "ünï",
    ],
)
def test_a_login_name_is_taken_as_it_is(text: str) -> None:
    """Case and all: only the relay knows which of them are one."""
    assert read(values.Account, text) == text


def test_an_account_may_be_this_machine_or_a_network() -> None:
    """For clients that have no login."""
    assert values.networks_of(read(values.Account, "loopback")) == LOOPBACKS
    assert values.networks_of(read(values.Account, "192.0.2.7")) == (ip_network("192.0.2.7"),)
    assert values.networks_of("alice") == ()


@pytest.mark.parametrize(
    "text",
    ["", " alice", "al\nice", "Loopback", "localhost", "any", "*", "*@example.com", "192.0.2.0/33",
     "192.0.2.1/24", "1.2.3", "x/24", "2001:db8::/129", "x" * 256],
)  # fmt: skip
def test_what_is_nobodys_account_is_refused(text: str) -> None:
    """Who mistypes a network has not named a login."""
    assert refusal(values.Account, text)


@pytest.mark.parametrize(
    ("text", "per_s", "written"),
    [
        ("14/s", 14.0, "14/s"),
        ("100/min", 100 / 60, "100/min"),
        ("120 / min", 2.0, "2/s"),
        ("5000/h", 5000 / 3600, "5000/h"),
        ("7/d", 7 / 86400, "7/d"),
    ],
)
def test_a_rate_is_a_number_in_a_unit_of_time(text: str, per_s: float, written: str) -> None:
    """It is written in the smallest unit in which it is whole."""
    assert values.parse_rate(text) == pytest.approx(per_s)
    assert values.format_rate(per_s) == written


@pytest.mark.parametrize(
    "text", ["14", "0/s", "-1/s", "1.5/s", "14/fortnight", "/s", "14/", "1/s/s"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=re.escape(text)):
        values.parse_rate(text)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/clicks?key=1",
        "https://192.0.2.1:8443",
        "https://[2001:db8::1]/",
        "http://127.0.0.1:9000/",
        "http://localhost/",
        "http://[::1]:9000/",
    ],
)
def test_the_url_of_a_webhook_stays_as_it_was_written(url: str) -> None:
    """Https to anywhere, http to this machine."""
    assert read(values.WebhookUrl, url) == url


@pytest.mark.parametrize(
    ("url", "what"),
    [
        (1, "is not a URL"),
        ("https://ex ample.com/", "holds characters"),
        ("https://example.com/" + "x" * 2048, "or too many"),
        ("https://exämple.com/", "xn--"),
        ("https://[::1/", "is not a URL"),
        ("https://example.com:99999/", "is not a URL"),
        ("https:///clicks", "is not an https URL"),
        ("ftp://example.com/", "is not an https URL"),
        ("https://example.com:0/", "is not an https URL"),
        ("https://exa$mple.com/", "is not a host name"),
        ("https://user@example.com/", "has a login"),
        ("https://example.com/#x", "has a login or a fragment"),
        ("http://example.com/", "unencrypted"),
        ("http://127.0.0.1.example.com/", "unencrypted"),
    ],
)
def test_what_no_webhook_can_be_is_refused(url: object, what: str) -> None:
    """What is wrong is said, and not the URL, which may hold a secret."""
    assert what in refusal(values.WebhookUrl, url)
