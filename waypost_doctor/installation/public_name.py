"""A tracked link, opened through its public name as a reader would.

Owns: the way there (name, connection, certificate, one request), and what each failure on it means.
Does not own: the link (`tracker.tokens`), or the answer that is expected (`tracker.redirect`).
"""

import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, urlsplit

import dns.exception
import dns.resolver

from config.addresses import is_loopback, parse_ip
from config.keys.dns_answers import PATIENCE_S
from config.values import Address
from tracker.tokens import Link, mint, new_message_id, tracked_url
from waypost_doctor.findings import Kind, Result, Topic, found, ok, untried
from waypost_doctor.patient import Patient

DESTINATION = "https://example.com/waypost-doctor"
"""Where the preview leads. Nobody goes there."""
RENEW_WITHIN = timedelta(days=14)
MOST_ADDRESSES = 4
PORTS = {"http": 80, "https": 443}
X509_EXPIRED, X509_NAME = 10, 62
"""X509_V_ERR_CERT_HAS_EXPIRED and X509_V_ERR_HOSTNAME_MISMATCH, of <openssl/x509_vfy.h>."""
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en",
}
FIRST_FAULT = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What a web server answered; `certificate_ends` is None over plain HTTP."""

    status: int
    location: str
    server: str
    certificate_ends: datetime | None


class Unreachable(Exception):
    """No answer came; `kind` is the finding that stands for why."""

    def __init__(self, kind: Kind, what: str) -> None:
        super().__init__(what)
        self.kind = kind


def test(patient: Patient) -> Iterator[Result]:
    """Yield what is to be said of each `base_url`."""
    for base_url in patient.config.base_urls:
        preview = Link(new_message_id(), 1, 1, int(time.time()), DESTINATION, preview=True)
        url = tracked_url(base_url, mint(patient.keyring, preview))
        try:
            addresses = addresses_of(base_url, patient.resolver)
        except dns.exception.DNSException:
            yield untried(Topic.LINKS, f"{base_url}: the name of its host has no address")
            continue
        for address in addresses[:MOST_ADDRESSES]:
            yield from _tried(base_url, url, address)


def _tried(base_url: str, url: str, address: Address) -> Iterator[Result]:
    where = f"{base_url} at {address}"
    try:
        answer = fetch(url, address)
    except Unreachable as error:
        yield found(error.kind, f"{where}: {error}")
        return
    ends = answer.certificate_ends
    if ends is not None and ends - RENEW_WITHIN < datetime.now(UTC):
        yield found(Kind.CERTIFICATE_ENDS, f"{where}: its certificate ends on {ends:%Y-%m-%d}")
    yield _judged(where, answer)


def _judged(where: str, answer: Answer) -> Result:
    if answer.status == http.client.FOUND and answer.location == DESTINATION:
        ends = answer.certificate_ends
        until = f", with a certificate until {ends:%Y-%m-%d}" if ends else ""
        return ok(Topic.LINKS, f"{where}: a link redirects as it should{until}")
    by = f" by {answer.server}" if answer.server else ""
    told = f"{where}: answered {answer.status}{by}"
    kind = Kind.LINKS_FAIL if answer.status >= FIRST_FAULT else Kind.LINKS_ELSEWHERE
    return found(kind, told)


def addresses_of(url: str, resolver: dns.resolver.Resolver) -> list[Address]:
    """Return where a reader's browser connects to for a URL; raises DNSException."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    if parse_ip(host) is not None:
        return [Address(host, port)]
    if is_loopback(host):
        return [Address("127.0.0.1", port)]
    answers = resolver.resolve_name(f"{host}.", lifetime=PATIENCE_S)
    return [Address(text, port) for text in answers.addresses()]


def fetch(url: str, address: Address, headers: Mapping[str, str] = BROWSER) -> Answer:
    """Return what a GET is answered at one address of its host. Raises Unreachable."""
    parts = urlsplit(url)
    ends = None
    try:
        with contextlib.ExitStack() as opened:
            sock = opened.enter_context(socket.create_connection(address, PATIENCE_S))
            if parts.scheme == "https":
                context = ssl.create_default_context()
                sock = opened.enter_context(
                    context.wrap_socket(sock, server_hostname=parts.hostname)
                )
                ends = _ends(sock)
            return _asked(parts, sock, headers, ends)
    except ssl.SSLCertVerificationError as error:
        kinds = {X509_EXPIRED: Kind.CERTIFICATE_EXPIRED, X509_NAME: Kind.CERTIFICATE_NAME}
        kind = kinds.get(error.verify_code, Kind.CERTIFICATE_INVALID)
        raise Unreachable(kind, error.verify_message) from None
    except (OSError, http.client.HTTPException) as error:
        what = str(error) or type(error).__name__
        raise Unreachable(Kind.LINKS_UNREACHABLE, what) from None


def _ends(sock: ssl.SSLSocket) -> datetime | None:
    """Return when the server's certificate ends."""
    certificate = sock.getpeercert() or {}
    written = certificate.get("notAfter")
    if not isinstance(written, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(written), UTC)


def _asked(
    parts: SplitResult, sock: socket.socket, headers: Mapping[str, str], ends: datetime | None
) -> Answer:
    connection = http.client.HTTPConnection(parts.netloc)
    connection.sock = sock
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    location, server = answer.headers.get("Location", ""), answer.headers.get("Server", "")
    return Answer(answer.status, location, server, ends)
