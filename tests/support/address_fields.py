"""Values of address fields as people and programs write them, and as nobody should: made up at random."""

import random
import re
from collections.abc import Iterator

NAMES = (
    *("", "Doe", "John Doe", "J. Doe", "Doe, John", '"Doe, John"', "O'Brien", "a@example.net"),
    *("'a@example.net'", "[prod] App", "App [x]", "App: prod", "AT&T @ Home", "App (prod)"),
    *("=?utf-8?q?caf=C3=A9?=", "=?utf-8?q?a,b?=", "=?utf-8?q?J._D?=", "Caf\u00e9", "(c)"),
    *('"a" b', '""', '"a@b"', '"\\"q\\""', "A/B", "A;B", "A > B", "100%", "X!", "a.b", "root"),
    *("A  B", "Undisclosed", "<", "A\r\n B", "A\\B", "a|b", "*", "A,", '"unclosed', "(unclosed"),
)
ADDRESSES = (
    *("a@example.net", "b@x.example", "root@localhost", "root", "a@example.net.", "a@localhost"),
    *('"john doe"@example.net', '"john"@example.net', "s..p@example.net", ".a@example.net"),
    *("a.@example.net", "@r.example:a@example.net", "a%b@example.net", "a%b", "h!u@example.net"),
    *("h!u", "caf\u00e9@example.net", "a@ex\u00e4mple.net", "a@[192.0.2.1]", "A@EXAMPLE.NET"),
    *("a@b@example.net", "", "a@test . example", "a @ example.net", "mailto:a@example.net"),
    *("a(c)@example.net", "x'y@example.net", "a+b=c@example.net", "a@example", "a b@example.net"),
)
SEPARATORS = (", ", ", ", ", ", ",", "; ", ",, ", " ", ",\r\n ", "\r\n\t,", ";")
PIECES = (
    *(
        "a@example.net",
        "<b@x.example>",
        "Doe",
        "J.",
        "root",
        "@",
        "@",
        "example.net",
        ".",
        ",",
        ";",
    ),
    *(":", "<", ">", "<>", "(", ")", "(c)", "(a (b) c)", "[", "]", "[192.0.2.1]", '"', '"a b"'),
    *(
        '"a"',
        "\\",
        '\\"',
        "%",
        "!",
        "|",
        " ",
        "  ",
        "\t",
        "'",
        "\u00e9",
        "=?utf-8?q?a,b?=",
        "\r\n ",
    ),
)


def field_values(rng: random.Random, count: int) -> Iterator[bytes]:
    """Yield so many values, without the white space around them."""
    for _ in range(count):
        value = "".join(_noise(rng) if rng.random() < 1 / 4 else _mailboxes(rng))
        folded = re.sub(r"\r(?!\n)|(?<!\r)\n|\r\n(?![ \t])", "", value)
        yield re.sub(r"\r\n[ \t]+(?=\r\n)", "", folded).strip(" \t\r\n").encode() or b"root"


def _mailboxes(rng: random.Random) -> Iterator[str]:
    for number in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        if number:
            yield rng.choice(SEPARATORS)
        address = rng.choice(ADDRESSES[:2] if rng.random() < 1 / 2 else ADDRESSES)
        form = rng.choice(("{a}", "{n} <{a}>", "{n} <{a}>", "{n}<{a}>", "{n} <{a}> (c)", "G: {a};"))
        yield form.format(n=rng.choice(NAMES), a=address)
    if rng.random() < 1 / 10:
        yield rng.choice(PIECES)


def _noise(rng: random.Random) -> Iterator[str]:
    for _ in range(rng.choice((1, 2, 3, 4, 6, 10))):
        yield rng.choice(PIECES)
        yield rng.choice(("", "", " "))
