"""What SMTP clients say, made up from a seed: in order and out of order, in bursts and in pieces.

Owns: dialogues as octets, and how many replies each part of them has to get.
Does not own: saying them, or comparing what was answered (`likeness`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from proxy.smtp.replies import GO_AHEAD_CODE, PROMPT_CODE
from tests.support.relays.dovecot_auth import answers

GOOD, BAD = answers("PLAIN")[0], answers("PLAIN", password="wrong")[0]
USER, WORD = answers("LOGIN")

HELLOS = (
    *["EHLO client.test"] * 6,
    "ehlo localhost",
    "EHLO [127.0.0.1]",
    "EHLO [IPv6:::1]",
    "EHLO a_b",
    "EHLO two words",
    "EHLO müller.test",
    "Ehlo x ",
    "HELO client.test",
    "EHLO",
    "HELO",
)
SENDERS = (
    *["<app@example.com>"] * 6,
    "<>",
    " <app@example.com>",
    "app@example.com",
    '<"a b"@example.com>',
    '<"a\\"b>"@example.com>',
    "<@one.test,@two.test:app@example.com>",
    "<app@[127.0.0.1]>",
    "<bounce+user=example.net@example.com>",
    "< app@example.com >",
    "<App <app@example.com>>",
    "<<app@example.com>>",
    "<ünï@example.com>",
    "<" + "a" * 200 + "@example.com>",
    "<a@example..com>",
    "<app@example.com",
    "",
)
RECIPIENTS = (
    *["<reader@example.net>"] * 5,
    "<other@example.net>",
    "<refused@example.net>",
    "<later@example.net>",
    " reader@example.net",
    "<reader@example.net >",
    '<"quoted reader"@example.net>',
    "<@one.test:reader@example.net>",
    "<reader@[IPv6:2001:db8::1]>",
    "<Reader <reader@example.net>>",
    "<łukasz@example.net>",
    "<reader@żółw.test>",
    "<reader@xn--bcher-kva.test>",
    "<root>",
    "<>",
    "<@example.net>",
    "<two words@example.net>",
    "reader@example.net>, <other@example.net",
)
MAIL_PARAMETERS = (
    "SIZE=1000",
    "size=0",
    "SIZE=34000000",
    "SIZE=99999999",
    "SIZE=x",
    "BODY=8BITMIME",
    "body=7bit",
    "BODY=BINARYMIME",
    "SMTPUTF8",
    "RET=HDRS",
    "RET=some",
    "ENVID=id+2B1",
    "ENVID=QUJD==",
    "AUTH=<>",
    "AUTH=app@example.com",
    "XYZ",
    "XYZ=1",
    "=",
)
RCPT_PARAMETERS = (
    "NOTIFY=NEVER",
    "NOTIFY=FAILURE,DELAY",
    "notify=never,failure",
    "NOTIFY=often",
    "ORCPT=rfc822;Reader@example.net",
    "ORCPT=rfc822;SRS0=ab=cd@example.net",
    "ORCPT=reader@example.net",
    "SIZE=5",
    "XYZ=1",
)
ASIDES = (
    "NOOP",
    "noop ",
    "NOOP still here",
    "RSET",
    "rset",
    "VRFY reader",
    "DATA",
    "DATA now",
    "QUIET",
    "",
    " NOOP",
    "NOOP\t",
    "MAIL",
    "MAIL FROM",
    "RCPT TO:<reader@example.net>",
    "MAIL FROM:<other@example.com>",
    "MAIL\tFROM:<other@example.com>",
    "RSET now",
    "STARTTLS",
    "EHLO again.test",
    "HELO again.test",
    "AUTH PLAIN",
    "NOOP " + "x" * 1900,
    "HELP",
    "EXPN list",
    "ETRN example.com",
    "NOOP\0",
    "NO\rOP",
    "Host: example.com",
)
LOGINS = (
    (f"AUTH PLAIN {GOOD}",),
    ("AUTH PLAIN", GOOD),
    (f"AUTH LOGIN {USER}", WORD),
    ("AUTH LOGIN", USER, WORD),
    (f"auth plain {GOOD} ",),
    (f"AUTH PLAIN {BAD}",),
    ("AUTH LOGIN", "*"),
    ("AUTH PLAIN", "!!!"),
)
KINDS = ("empty", "header", "text", "html", "bare", "large", "smuggling")
HEADER = "From: App <app@example.com>\r\nTo: reader@example.net\r\nSubject: {}\r\n"
LINK = '<a href="https://shop.example.com/{}">here</a>'
LINES = (
    b"text",
    b"",
    b".",
    b"..",
    b".hidden",
    b". ",
    b" ",
    "Grüße".encode(),
    b"caf\xe9",
    b"a\rb",
    b"a\0b",
    b"From here",
    b"=3D soft=",
    b"x" * 998,
    b"y" * 3000,
)
"""Lines of a message, before dots are put in front."""


@dataclass(frozen=True)
class Turn:
    """What is said at once, and gets a reply to each of `said`.

    `cuts`: where one TCP segment ends and the next begins. `after`: it is said only if the last
    reply had this code; else it is left out, as no client goes on then.
    """

    said: tuple[bytes, ...]
    cuts: tuple[int, ...] = ()
    after: int | None = None

    @property
    def pieces(self) -> list[bytes]:
        """Return the octets, segment by segment."""
        octets = b"".join(self.said)
        ends = (0, *self.cuts, len(octets))
        return [octets[start:end] for start, end in pairwise(ends)]


def dialogue(seed: int) -> list[Turn]:
    """Make up the dialogue of this number."""
    return _Author(Random(seed)).dialogue()


def command(text: str) -> bytes:
    """Return a command line."""
    return text.encode() + b"\r\n"


def commands(*lines: str) -> Turn:
    """Have these commands said at once."""
    return Turn(tuple(map(command, lines)))


def message(*lines: bytes) -> bytes:
    """Return a message as it goes over the wire, final dot included."""
    return b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines) + b".\r\n"


class _Author:
    def __init__(self, random: Random) -> None:
        self.random = random

    def dialogue(self) -> list[Turn]:
        """Say hello, log in perhaps, send a few messages; the end is a QUIT more often than not."""
        turns = [*self.hello(), *self.login()]
        for _ in range(self.random.randint(1, 3)):
            turns += self.transaction()
        if self.happens(0.8):
            turns = self.joined(turns, commands("QUIT"))
        return [replace(turn, cuts=self.cuts(turn)) for turn in turns]

    def happens(self, probability: float) -> bool:
        return self.random.random() < probability

    def hello(self) -> Iterator[Turn]:
        if self.happens(0.95):
            yield commands(self.random.choice(HELLOS))
        if self.happens(0.8):
            yield commands("EHLO client.test")

    def login(self) -> Iterator[Turn]:
        if self.happens(0.3):
            first, *rest = self.random.choice(LOGINS)
            yield commands(first)
            for response in rest:
                yield Turn((command(response),), after=PROMPT_CODE)

    def transaction(self) -> list[Turn]:
        """Return MAIL, RCPTs and DATA in random groups, the message behind."""
        lines = ["MAIL FROM:" + self.argument(SENDERS, MAIL_PARAMETERS)]
        lines += [
            "RCPT TO:" + self.argument(RECIPIENTS, RCPT_PARAMETERS)
            for _ in range(self.random.choice((0, 1, 1, 1, 2, 5)))
        ]
        if self.happens(0.03):
            lines += ["RCPT TO:<refused@example.net>"] * 22
        while self.happens(0.4):
            lines.insert(self.random.randint(0, len(lines)), self.random.choice(ASIDES))
        turns: list[Turn] = []
        for line in [*lines, "DATA"]:
            turns = self.joined(turns, commands(line))
            if line.startswith("DATA"):
                turns.append(Turn((self.message(),), after=GO_AHEAD_CODE))
            elif line.startswith("AUTH"):
                turns.append(Turn((command("*"),), after=PROMPT_CODE))
        return turns

    def argument(self, paths: Sequence[str], parameters: Sequence[str]) -> str:
        words = [self.random.choice(paths)]
        while self.happens(0.25):
            words.append(self.random.choice(parameters))
        return " ".join(words)

    def message(self) -> bytes:
        """Return a message of some shape."""
        kind = self.random.choice((*KINDS, "text", "text", "html", "html"))
        if kind == "empty":
            return message()
        subject = f"{self.random.random():.9f}"
        lines = HEADER.format(subject).encode().split(b"\r\n")[:-1]
        if kind == "header":
            return message(*lines)
        if kind == "bare":
            lines = []
        if kind == "html":
            lines += [b"Message-ID: <%s@example.com>" % subject.encode()]
            lines += [b"Date: Mon, 23 Nov 2026 10:00:00 +0000", b"MIME-Version: 1.0"]
            lines += [b"Content-Type: text/html; charset=utf-8", b"", LINK.format(subject).encode()]
        lines += [b"", *self.random.choices(LINES, k=self.random.randint(0, 12))]
        if kind == "large":
            lines += [b"z" * 76, b"."] * 4000
        if kind == "smuggling":
            lines += [b"line\n.", b"RSET"]
        return message(*lines)

    def joined(self, turns: list[Turn], turn: Turn) -> list[Turn]:
        """Say `turn` together with the last one, or by itself."""
        alone = turns and any(
            said.upper().startswith((b"EHLO", b"HELO", b"DATA", b"AUTH"))
            for said in turns[-1].said[-1:]
        )
        if not turns or alone or self.happens(0.5):
            return [*turns, turn]
        return [*turns[:-1], replace(turns[-1], said=turns[-1].said + turn.said)]

    def cuts(self, turn: Turn) -> tuple[int, ...]:
        size_octets = sum(map(len, turn.said))
        count = self.random.choice((0, 0, 0, 1, 2, 5))
        return tuple(sorted(self.random.randint(0, size_octets) for _ in range(count)))
