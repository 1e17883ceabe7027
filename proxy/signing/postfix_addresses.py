"""Whether Postfix rewrites the value of an address field that one of its own hosts hands in.

Owns: reading such a value as Postfix does, from right to left, and which of the addresses found it
would write differently: those without a domain, with a final dot, with quotes too many or too few,
with a source route. One such address, and it writes the whole field anew.
Does not own: which fields that concerns, or whether it matters (`relay_alterations`).

Postfix reads anything: what stands beside an address, like an unquoted name with a comma in it, is
one more address to it. Found by trying, in Postfix 3.7 with its default settings.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

_OPERATORS = rb'|%!"(),.:;<>@\[\]'
_TOKEN = re.compile(
    rb"""
    [ \t\r\n]+
    | \[ (?P<literal> (?: \\.? | [^\]\\] )* ) \]?
    | "  (?P<quoted>  (?: \\.? | [^"\\]  )* ) "?
    | (?P<operator> [%(ops)b] )
    | (?P<atom> (?: \\.? | [^ \t\r\n\\%(ops)b] )+ )
    """
    % {b"ops": _OPERATORS},
    re.DOTALL | re.VERBOSE,
)
_ESCAPED = re.compile(rb"\\(.?)", re.DOTALL)
_NO_ATOM = re.compile(rb"[\0- \x7f\\%b]" % _OPERATORS)
_DOT_STRING = re.compile(rb'[^\0- .\x7f()<>@,;:\\"\[\]]+(?:\.[^\0- .\x7f()<>@,;:\\"\[\]]+)*')
_COMMENT_PIECE = re.compile(rb"[()]|\\.", re.DOTALL)
_TO_BE_QUOTED = re.compile(rb'(["\\\r])')

_TEXT = rb"[\w+/=?&'*#$^`{}~\x80-\xff-]+"
_NAME = rb'(?:[\w+/=?&\'*#$^`{}~.\x80-\xff-]+|"[^"\\]*")'
_PLAIN_ADDRESS = rb"%b(?:\.%b)*@%b(?:\.%b)*" % ((_TEXT,) * 4)
_MAILBOX = rb"(?:(?:%b[ ]+)*<%b>|%b)" % (_NAME, _PLAIN_ADDRESS, _PLAIN_ADDRESS)
_ORDINARY = re.compile(rb"[\s,]*%b(?:\s*,[\s,]*%b)*[\s,]*" % (_MAILBOX, _MAILBOX))


class _Token(NamedTuple):
    """One token: its text without quotes and escapes; `kind` is an operator, or one of those below."""

    kind: bytes
    text: bytes


_ATOM, _QUOTED, _LITERAL = b"atom", b"quoted", b"literal"
_WORDS = frozenset({_ATOM, _QUOTED, _LITERAL})
_ENDS = frozenset({b",", b";", b">"})
_BEFORE_NAMES = frozenset({b">", b";", b",", b":"})
_EMPTY = [_Token(_QUOTED, b"")]


def is_ordinary(value: bytes) -> bool:
    """Return whether a value is of the forms that nearly all applications write.

    No server but Sendmail rewrites them, and to find out takes a fraction of the time.
    """
    return _ORDINARY.fullmatch(value) is not None


def postfix_rewrites(value: bytes) -> bool:
    """Return whether Postfix would write this value of an address field anew.

    Linear in its length, some 5 µs an octet; never raises.
    """
    return any(map(_is_rewritten, _Reader(_tokens(value.replace(b"\r", b""))).addresses()))


def _tokens(text: bytes) -> list[_Token]:
    """Read tokens, leaving out comments and white space."""
    tokens: list[_Token] = []
    at, end = 0, len(text)
    while at < end:
        found = None if text.startswith(b"(", at) else _TOKEN.match(text, at)
        if found is None:
            at = _after_comment(text, at)
            continue
        at = found.end()
        if found.lastgroup == "operator":
            tokens.append(_Token(found[0], b""))
        elif found.lastgroup is not None:
            tokens.append(_word(found.lastgroup.encode(), found[found.lastgroup]))
    return tokens


def _word(kind: bytes, raw: bytes) -> _Token:
    text = _ESCAPED.sub(rb"\1", raw).translate(_BLANKS) if raw.translate(None, _PLAIN) else raw
    return _Token(_QUOTED if kind == _ATOM and _NO_ATOM.search(text) else kind, text)


_BLANKS = bytes.maketrans(b"\t\r\n", b"   ")
_PLAIN = bytes(set(range(256)) - set(b"\\\t\r\n"))


def _after_comment(text: bytes, start: int) -> int:
    """Return where a comment ends, and those inside of it; one that is not closed takes the rest."""
    depth = 0
    for piece in _COMMENT_PIECE.finditer(text, start):
        if piece[0] in (b"(", b")"):
            depth += 1 if piece[0] == b"(" else -1
        if depth == 0:
            return piece.end()
    return len(text)


class _Reader:
    """Finds what is an address to Postfix, from right to left: names before `<` are none."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = len(tokens) - 1
        self._found: list[_Token] = []  # from right to left
        self._in_group = False

    def addresses(self) -> Iterator[list[_Token]]:
        """Yield the tokens of each address."""
        takes_word = True
        while self._at >= 0:
            token = self._tokens[self._at]
            self._at -= 1
            is_word = token.kind in _WORDS
            if is_word and not takes_word:  # two words side by side are two addresses
                yield from self._ended()
            takes_word = not is_word
            if token.kind in _ENDS or (token.kind == b":" and self._in_group):
                yield from self._ended()
                yield from self._across(token.kind)
            else:
                self._found.append(token)
        yield from self._ended()

    def _ended(self) -> Iterator[list[_Token]]:
        if self._found:
            yield self._found[::-1]
            self._found = []

    def _across(self, kind: bytes) -> Iterator[list[_Token]]:
        """Go on to the left of a token that ends an address, and yield what `<` and `>` enclose."""
        if kind == b";":
            self._in_group = True
        elif kind == b":":
            self._back_to(frozenset({b","}))
        elif kind == b">":
            end = self._at + 1
            self._back_to(frozenset({b"<"}))
            if self._at + 1 < end:
                yield list(self._tokens[self._at + 1 : end])
            self._back_to(_BEFORE_NAMES)
            if self._at >= 0 and self._tokens[self._at].kind == b":" and not self._in_group:
                self._at -= 1  # begins no group, and is part of no address

    def _back_to(self, kinds: frozenset[bytes]) -> None:
        """Go left to the nearest token of these kinds, or to the start."""
        while self._at >= 0 and self._tokens[self._at].kind not in kinds:
            self._at -= 1


def _is_rewritten(address: Sequence[_Token]) -> bool:
    written = _external(address)
    tokens = _tokens(written)
    if not tokens or tokens == _EMPTY:
        return False
    kinds = [token.kind for token in tokens]
    if b"@" not in kinds or len(kinds) == 1:
        return True  # completed, or made empty
    if kinds[0] == b"@" and b":" in kinds[:-1]:
        return True  # a source route is taken away
    if kinds[-1] == b"." and kinds[-2] not in (b".", b"@"):
        return True  # a final dot is taken away
    return _quoted_as_needed(_internal(tokens)) != written


def _external(tokens: Iterable[_Token]) -> bytes:
    """Return an address as Postfix has it looked at: words run together."""
    return b"".join(_WRITTEN.get(token.kind, _as_it_is)(token) for token in tokens)


def _internal(tokens: Sequence[_Token]) -> bytes:
    """Return it as it comes back, without quotes, with spaces before `<` and between words."""
    pieces: list[bytes] = []
    for index, token in enumerate(tokens):
        pieces.append(b"[%b]" % token.text if token.kind == _LITERAL else _as_it_is(token))
        following = tokens[index + 1].kind if index + 1 < len(tokens) else b""
        words = token.kind in _WORDS and following in _WORDS
        if following and (words or token.kind == b"," or following == b"<"):
            pieces.append(b" ")
    return b"".join(pieces)


def _as_it_is(token: _Token) -> bytes:
    return token.text if token.kind in _WORDS else token.kind


_WRITTEN: Mapping[bytes, Callable[[_Token], bytes]] = {
    _QUOTED: lambda token: b'"%b"' % _TO_BE_QUOTED.sub(rb"\\\1", token.text),
    _LITERAL: lambda token: b"[%b]" % token.text.replace(b"\\", b"\\\\"),
    b",": lambda _: b", ",
}


def _quoted_as_needed(address: bytes) -> bytes:
    """Return an address with its local part in quotes where it is no dot-string."""
    start = address.find(b":") + 1 if address.startswith(b"@") else 0
    end = address.rfind(b"@", start)
    end = len(address) if end < 0 else end
    local = address[start:end]
    if _DOT_STRING.fullmatch(local):
        return address
    quoted = b'"%b"' % _TO_BE_QUOTED.sub(rb"\\\1", local)
    return address[:start] + quoted + address[end:]
