"""What receivers and readers find in the DNS: DKIM, SPF, DMARC, and addresses.

Owns: which names are asked, and what the answers mean for mail of each [[sender]].
Does not own: comparing DKIM keys (`config.keys.dns_answers`).

Whether SPF passes, only the receiver of a message can tell: it depends on the envelope sender and on the
machine that the relay sends from. Seen here is what is wrong whichever these are.
"""

from collections.abc import Iterator, Sequence

import dns.exception
import dns.resolver

from config.addresses import is_loopback, is_public, parse_ip
from config.keys.dns_answers import PATIENCE_S, Answer, State, check
from config.keys.dns_records import Record, records
from config.schema import Config, SenderConfig
from waypost_doctor.findings import Kind, Result, Topic, found, ok, untried
from waypost_doctor.patient import Patient

DKIM_KINDS = {
    State.MISSING: Kind.DKIM_MISSING,
    State.DIFFERENT: Kind.DKIM_DIFFERENT,
    State.SEVERAL: Kind.DKIM_SEVERAL,
    State.REVOKED: Kind.DKIM_REVOKED,
    State.UNKNOWN: Kind.DNS_SILENT,
}
MOST_LABELS = 8
"""How many domains above a sender's are asked for DMARC."""


def test(patient: Patient) -> Iterator[Result]:
    """Yield what is to be said of each record."""
    config, resolver = patient.config, patient.resolver
    for record in records(config):
        answer = check(record, resolver)
        yield from _key(answer) if record.value else _host(answer)
    for sender in config.sender:
        yield from _sender(sender, resolver)
    if not config.sender:
        yield untried(Topic.DNS, "DKIM, SPF, DMARC: there is no [[sender]]")
    yield from _hostname(config, resolver)


def _key(answer: Answer) -> Iterator[Result]:
    name = answer.record.name
    if answer.ok:
        yield ok(Topic.DNS, f"{name}: the key that we sign with")
        return
    seen = f": {', '.join(answer.found)}" if answer.found else ""
    yield found(DKIM_KINDS[answer.state], f"{name} {answer.state}{seen}")


def _host(answer: Answer) -> Iterator[Result]:
    name = answer.record.name
    if answer.state is State.UNKNOWN:
        yield found(Kind.DNS_SILENT, f"{name}: {', '.join(answer.found)}")
        return
    if not answer.ok:
        yield found(Kind.HOST_MISSING, f"{name} has neither A nor AAAA")
        return
    inside = [text for text in answer.found if _is_inside(text)]
    if inside:
        yield found(
            Kind.HOST_PRIVATE,
            f"{name} leads to {', '.join(inside)}, which readers elsewhere do not reach",
        )
    else:
        yield ok(Topic.DNS, f"{name}: {', '.join(answer.found)}")


def _is_inside(text: str) -> bool:
    address = parse_ip(text)
    return address is not None and not is_public(address)


def _sender(sender: SenderConfig, resolver: dns.resolver.Resolver) -> Iterator[Result]:
    try:
        yield from _spf(sender.domain, _texts(sender.domain, resolver))
        yield from _dmarc(sender, resolver)
    except dns.exception.DNSException as error:
        yield found(Kind.DNS_SILENT, f"{sender.domain}: {error}")


def _texts(name: str, resolver: dns.resolver.Resolver) -> list[str]:
    """Return the TXT records of a name; raises DNSException where there is no answer."""
    try:
        answer = resolver.resolve(f"{name}.", "TXT", lifetime=PATIENCE_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    return [b"".join(entry.strings).decode("utf-8", "replace") for entry in answer]


def _spf(domain: str, texts: Sequence[str]) -> Iterator[Result]:
    """RFC 7208 §4.5: a record begins with the version, and stands alone."""
    policies = [text for text in texts if text.lower().split(" ")[0] == "v=spf1"]
    if not policies:
        yield found(Kind.SPF_MISSING, f"{domain} has no SPF record")
    elif len(policies) > 1:
        yield found(Kind.SPF_SEVERAL, f"{domain} has several SPF records: {' and '.join(policies)}")
    elif _lets_everybody_send(policies[0]):
        yield found(Kind.SPF_EVERYBODY, f"{domain} lets everybody send: {policies[0]}")
    else:
        yield ok(Topic.DNS, f"{domain}: {policies[0]}")


def _lets_everybody_send(policy: str) -> bool:
    """Return whether what matches nothing else passes, or is neutral for want of a word on it.

    RFC 7208 §4.7: without `all` or `redirect=` the result is neutral.
    """
    terms = [term.lower() for term in policy.split()[1:]]
    if any(term.startswith("redirect=") for term in terms):
        return False
    ends = [term for term in terms if term.lstrip("+-~?") == "all"]
    return not ends or ends[0] in {"all", "+all"}


def _dmarc(sender: SenderConfig, resolver: dns.resolver.Resolver) -> Iterator[Result]:
    """Look for the policy at the domain, and then above it (RFC 7489 §6.6.3)."""
    for domain in _upwards(sender.domain):
        texts = _texts(f"_dmarc.{domain}", resolver)
        policies = [text for text in texts if _tags(text).get("v") == "DMARC1"]
        if len(policies) > 1:
            yield found(
                Kind.DMARC_SEVERAL,
                f"_dmarc.{domain} has several policies: {' and '.join(policies)}",
            )
            return
        if policies:
            yield from _alignment(sender, domain, policies[0])
            return
    yield found(Kind.DMARC_MISSING, f"_dmarc.{sender.domain} has no DMARC record")


def _upwards(domain: str) -> Iterator[str]:
    """Yield a domain and those above it, without the top level."""
    labels = domain.split(".")
    for start in range(min(len(labels) - 1, MOST_LABELS)):
        yield ".".join(labels[start:])


def _alignment(sender: SenderConfig, domain: str, policy: str) -> Iterator[Result]:
    """Our d= is the domain of the [[sender]], which is From's, or one above it."""
    tags = _tags(policy)
    below = tags.get("sp", tags.get("p", "none")) if domain != sender.domain else tags.get("p")
    signs = bool(sender.dkim) and sender.sign != "never"
    told = f"{sender.domain}: {policy}"
    if signs and sender.subdomains and tags.get("adkim") == "s":
        yield found(Kind.DMARC_STRICT, told)
    elif not signs and below in {"quarantine", "reject"}:
        yield found(Kind.DMARC_UNSIGNED, told)
    else:
        aligned = ", and our signature is aligned" if signs else ""
        yield ok(Topic.DNS, f"{told}{aligned}")


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _hostname(config: Config, resolver: dns.resolver.Resolver) -> Iterator[Result]:
    """Relays on this machine do not care."""
    name = config.proxy.hostname
    if name is None or all(is_loopback(relay.host) for relay in config.relays):
        return
    answer = check(Record(name, "A or AAAA", None, "our name in EHLO"), resolver)
    if answer.state is State.MISSING:
        yield found(Kind.HOSTNAME_UNKNOWN, f"{name} has neither A nor AAAA")
