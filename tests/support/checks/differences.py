"""What a client of Waypost hears that Postfix itself would have said otherwise, each with its reason.

Owns: the list. docs/relay.md has it as a table, and the differential test allows nothing else.
Does not own: how dialogues are compared (`likeness`).
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.support.checks.likeness import HUNG_UP, Pair


@dataclass(frozen=True)
class Difference:
    """One of them: `what` a client says, what it hears of either, and `why`.

    `said` is a regular expression for its octets. A reply is its code with its enhanced code, and
    those of `direct` and `through` have `*` for anything.
    """

    what: str
    said: bytes
    direct: tuple[str, ...]
    through: tuple[str, ...]
    why: str

    def explains(self, pair: Pair) -> bool:
        """Tell whether this is what happened."""
        said = re.match(self.said, pair.said, re.IGNORECASE | re.DOTALL)
        direct = any(fnmatchcase(pair.direct, pattern) for pattern in self.direct)
        return bool(said and direct and any(fnmatchcase(pair.through, p) for p in self.through))


DIFFERENCES = (
    Difference(
        "MAIL or AUTH before any EHLO or HELO",
        rb"(MAIL|AUTH)\b",
        ("250 2.1.0", "235 2.7.0", "334", "5*"),
        ("503 5.5.1",),
        "RFC 5321 §4.1.4; whether the relay would insist on it, nobody can know",
    ),
    Difference(
        "parameters of MAIL and RCPT after HELO",
        rb"(MAIL|RCPT) .*[> ]",
        ("250 2.1.*", "550 5.1.1", "450 4.2.1"),
        ("555 5.5.4",),
        "RFC 5321 §4.1.1.11: what was not offered cannot be used",
    ),
    Difference(
        "an address outside RFC 5321 §4.1.2, such as `<@example.net>`",
        rb"(MAIL|RCPT)\b",
        ("250 2.1.*",),
        ("501 5.1.3", "501 5.1.7"),
        "who gets a tracked message must be beyond doubt. Passed on are blanks inside the brackets, a "
        "name before the address, no brackets at all, and UTF-8 without SMTPUTF8",
    ),
    Difference(
        "a parameter twice",
        rb"(MAIL|RCPT)\b.* (\S+?)(=\S*)? (.* )?\2",
        ("250 2.1.*", "55*"),
        ("501 5.5.4",),
        "RFC 5321 §4.1.1.11; Postfix takes the last",
    ),
    Difference(
        "MAIL or RCPT with several faults",
        rb"(MAIL|RCPT)\b",
        ("5*",),
        ("5*",),
        "refused for good by both, but not for the same one of them",
    ),
    Difference(
        "MAIL after one whose SIZE was too big, or RCPT after a second MAIL",
        rb"(MAIL|RCPT)\b",
        ("552 5.3.4", "501 5.1.3"),
        ("250 2.1.*",),
        "what Postfix refused of a MAIL it goes on to hold against the next; it hears none from us",
    ),
    Difference(
        "DATA without a recipient, or with an argument",
        rb"DATA\b",
        ("5*",),
        ("503 5.5.1", "501 5.5.4"),
        "refused by both; ours are the codes of RFC 5321 §3.3 and §4.1.1",
    ),
    Difference(
        "VRFY",
        rb"VRFY\b",
        ("252 2.0.0",),
        ("252 2.5.0",),
        "RFC 5321 §3.5.3: neither yes nor no; it is not offered either",
    ),
    Difference(
        "HELP, EXPN, ETRN",
        rb"(HELP|EXPN|ETRN)\b",
        ("500 5.5.2", "459", "503"),
        ("214 2.0.0", "502 5.5.1", "500 5.5.2"),
        "not passed on, and not offered",
    ),
    Difference(
        "a header field or an HTTP request where a command is due",
        rb"",
        ("221 2.7.0",),
        ("421 4.7.0", "500 5.5.2"),
        "the session ends as well, at the first header field: no browser gets as far as to send mail",
    ),
    Difference(
        "a message with a line of one dot for whoever ends a line with CR or LF, or leaves out NUL",
        rb".*\r\n\.\r\n\Z",
        ("250 2.0.0",),
        ("550 5.6.11",),
        "it could smuggle a second message (`proxy.bare_newlines`). After LF . LF the end is waited "
        "for until the client gives up",
    ),
    Difference(
        "a command with CR or NUL in it",
        rb"[^\r]*(\0|\r(?!\n))",
        ("250 *",),
        ("500 5.5.2", "501 *"),
        "CRLF or LF ends a command, and nothing else is guessed at",
    ),
    Difference(
        "anything after many errors",
        rb"",
        ("421 *", HUNG_UP),
        ("2*", "3*", "4*", "5*"),
        "a relay session that ends is replaced, unless it was logged in; our own limit is 20 errors in "
        "a row",
    ),
)


def explained(pair: Pair) -> Difference | None:
    """Return the first of the list that fits."""
    return next((each for each in DIFFERENCES if each.explains(pair)), None)
