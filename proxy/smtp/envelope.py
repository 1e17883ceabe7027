"""The arguments of MAIL and RCPT: read as raw octets, checked, and kept as they are.

Owns: the grammar of RFC 5321 §4.1.2 and §4.1.1.11 with the UTF-8 of RFC 6531 §3.3, which
parameters an extension allows, the reply for each way to get it wrong, and the transaction that
accepted commands make.
Does not own: whether an address exists (the relay knows), or when MAIL and RCPT may come
(`proxy.session.session`).

Octets are never decoded, unquoted or trimmed: what was accepted here goes to the relay as it
came, and no accepted argument holds NUL, CR or LF. Where deployed mail is laxer than the grammar,
nothing can be smuggled and the address is beyond doubt, so are we: dots anywhere in a local part,
`_` in domains, names without a domain, paths without brackets or with blanks inside them, a name
and its address in brackets of their own, UTF-8 without SMTPUTF8. The relay judges those.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from config.value_objects import value
from proxy.smtp import replies
from proxy.smtp.replies import Reply
from tracker.tokens import new_message_id

MAX_SIZE_DIGITS = 20
"""RFC 1870 §3: the digits of a SIZE value."""

_TAIL = rb"[\x80-\xbf]"
_UTF8 = (
    rb"[\xc2-\xdf]%(t)s|\xe0[\xa0-\xbf]%(t)s|[\xe1-\xec\xee\xef]%(t)s{2}|\xed[\x80-\x9f]%(t)s"
    rb"|\xf0[\x90-\xbf]%(t)s{2}|[\xf1-\xf3]%(t)s{3}|\xf4[\x80-\x8f]%(t)s{2}" % {b"t": _TAIL}
)
"""RFC 3629 §4, beyond ASCII."""
_ATEXT = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]"
_ATOMS = rb"(?:%s++|%s)+" % (_ATEXT, _UTF8)
_QUOTED = rb'"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|%s|\\[\x20-\x7e])*"' % _UTF8
_LABEL = rb"(?:[A-Za-z0-9_-]++|%s)+" % _UTF8
_DOMAIN = rb"(?:%s(?:\.%s)*\.?|\[[\x21-\x5a\x5e-\x7e]+\])" % (_LABEL, _LABEL)
_MAILBOX = rb"(?:%s|%s)(?:@%s)?" % (_ATOMS, _QUOTED, _DOMAIN)
_ROUTE = rb"(?:@%s(?:,@%s)*:)?" % (_DOMAIN, _DOMAIN)
_NAME = rb'(?:[^\0-\x08\x0a-\x1f\x7f"\\<>()]|%s)*+' % _QUOTED
"""What applications put before an address that is in brackets inside the path's."""
_PATH = (
    rb"[ \t]*+(?:<[ \t]*+(?:%s(?P<path>%s))?[ \t]*+>|(?P<bare>%s)"
    rb"|<%s<[ \t]*+%s(?P<named>%s)[ \t]*+>[ \t]*+>)"
    % (_ROUTE, _MAILBOX, _MAILBOX, _NAME, _ROUTE, _MAILBOX)
)
_PARAMS = rb"(?P<params>(?:[ \t].*)?)\Z"
_ARGUMENT = re.compile(rb"(?P<keyword>(?i:FROM|TO):)" + _PATH + _PARAMS, re.DOTALL)
"""Of MAIL and of RCPT: one for each would take another 3 ms of every start."""
_PARAMETER = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:=((?:[\x21-\x7e]|%s)+))?\Z" % _UTF8)
_BLANKS = re.compile(rb"[ \t]+")
_XTEXT_ESCAPE = re.compile(rb"\+([0-9A-F]{2})")
_SIZE = re.compile(rb"(?i)(?<=[ \t])SIZE=[0-9]+(?=[ \t]|\Z)")

MAIL_PARAMETERS: Mapping[bytes, str] = MappingProxyType(
    {
        b"SIZE": "SIZE",
        b"BODY": "8BITMIME",
        b"SMTPUTF8": "SMTPUTF8",
        b"RET": "DSN",
        b"ENVID": "DSN",
        b"AUTH": "AUTH",
        b"BY": "DELIVERBY",
        b"HOLDFOR": "FUTURERELEASE",
        b"HOLDUNTIL": "FUTURERELEASE",
        b"MT-PRIORITY": "MT-PRIORITY",
    }
)
"""Parameters of MAIL, and the EHLO keyword under which each is offered."""

RCPT_PARAMETERS: Mapping[bytes, str] = MappingProxyType({b"NOTIFY": "DSN", b"ORCPT": "DSN"})
"""Parameters of RCPT, and the EHLO keyword under which each is offered."""

_NO_PARAMETERS: Mapping[bytes, bytes | None] = MappingProxyType({})


class BadEnvelope(ValueError):
    """A MAIL or RCPT that must not reach the relay; `reply` is for the client."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


@value
class MailCommand:
    """A sound MAIL. `path` is without brackets and source route, empty for `<>`."""

    path: bytes
    params: Mapping[bytes, bytes | None]
    raw: bytes
    """The whole argument as the client wrote it, from `FROM:` on."""
    params_start: int
    """Where in `raw` the parameters begin."""

    @property
    def line(self) -> bytes:
        """The command for the relay, without CRLF."""
        return b"MAIL " + self.raw

    @property
    def extensions(self) -> frozenset[str]:
        """The EHLO keywords under which its parameters are offered."""
        return frozenset(MAIL_PARAMETERS[name] for name in self.params)

    @property
    def size_octets(self) -> int | None:
        """What the client declared with SIZE (RFC 1870), if it did."""
        value = self.params.get(b"SIZE")
        return None if value is None else int(value)

    def with_size(self, size_octets: int) -> bytes:
        """Return the command for the relay with this SIZE instead of the declared one."""
        address, params = self.raw[: self.params_start], self.raw[self.params_start :]
        return b"MAIL " + address + _SIZE.sub(b"SIZE=%d" % size_octets, params)


@value
class RcptCommand:
    """A sound RCPT. `path` is without brackets and source route."""

    path: bytes
    params: Mapping[bytes, bytes | None]
    raw: bytes

    @property
    def line(self) -> bytes:
        """The command for the relay, without CRLF."""
        return b"RCPT " + self.raw

    @property
    def extensions(self) -> frozenset[str]:
        """The EHLO keywords under which its parameters are offered."""
        return frozenset(RCPT_PARAMETERS[name] for name in self.params)


def parse_mail(arg: bytes, offered: Collection[str]) -> MailCommand:
    """Read the argument of MAIL; `offered` are the keywords of our EHLO. Raises BadEnvelope."""
    found = _ARGUMENT.match(arg)
    if found is None or found["keyword"].upper() != b"FROM:":
        raise BadEnvelope(_fault(arg, b"FROM:", replies.MAIL_SYNTAX, replies.BAD_SENDER))
    text, params = found["params"], _NO_PARAMETERS
    if text:
        params = _parameters(text, MAIL_PARAMETERS, offered)
        _check_values(params)
    return MailCommand(_path(found), params, arg, found.start("params"))


def parse_rcpt(arg: bytes, offered: Collection[str]) -> RcptCommand:
    """Read the argument of RCPT; `offered` as for MAIL. Raises BadEnvelope."""
    found = _ARGUMENT.match(arg)
    if found is None or found["keyword"].upper() != b"TO:":
        raise BadEnvelope(_fault(arg, b"TO:", replies.RCPT_SYNTAX, replies.BAD_RECIPIENT))
    path = _path(found)
    if not path:
        raise BadEnvelope(replies.BAD_RECIPIENT)
    text = found["params"]
    params = _parameters(text, RCPT_PARAMETERS, offered) if text else _NO_PARAMETERS
    return RcptCommand(path, params, arg)


def unquoted(xtext: bytes) -> bytes:
    """Undo xtext (RFC 3461 §4)."""
    return _XTEXT_ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), xtext)


def _path(found: re.Match[bytes]) -> bytes:
    return found["path"] or found["bare"] or found["named"] or b""


def _fault(arg: bytes, keyword: bytes, syntax: Reply, address: Reply) -> Reply:
    return address if arg.upper().startswith(keyword) else syntax


def _parameters(
    text: bytes, known: Mapping[bytes, str], offered: Collection[str]
) -> Mapping[bytes, bytes | None]:
    params: dict[bytes, bytes | None] = {}
    for word in filter(None, _BLANKS.split(text)):
        found = _PARAMETER.match(word)
        if found is None:
            raise BadEnvelope(replies.BAD_PARAMETER)
        name = found[1].upper()
        if known.get(name) not in offered:
            raise BadEnvelope(replies.PARAMETER_NOT_OFFERED)
        if name in params:
            raise BadEnvelope(replies.BAD_PARAMETER)
        params[name] = found[2]
    return MappingProxyType(params)


def _check_values(params: Mapping[bytes, bytes | None]) -> None:
    size = params.get(b"SIZE", b"0")
    if size is None or not size.isdigit() or len(size) > MAX_SIZE_DIGITS:
        raise BadEnvelope(replies.BAD_PARAMETER)
    body = params.get(b"BODY", b"7BIT")
    if body is None or body.upper() not in (b"7BIT", b"8BITMIME"):
        raise BadEnvelope(replies.BAD_PARAMETER)
    if params.get(b"SMTPUTF8") is not None:
        raise BadEnvelope(replies.BAD_PARAMETER)


@dataclass(slots=True)
class Transaction:
    """An accepted MAIL and the RCPTs after it; `refused` counts those that were not accepted.

    `message_id` is by what tokens, events and the log know its message.
    """

    mail: MailCommand
    mail_line: bytes
    rcpts: list[RcptCommand] = field(default_factory=list, init=False)
    refused: int = 0
    message_id: bytes = field(default_factory=new_message_id)
    lines: list[bytes] = field(init=False)
    """What the relay has accepted, as it was sent."""
    _paths: list[bytes] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Begin with MAIL."""
        self.lines = [self.mail_line]

    def accept(self, rcpt: RcptCommand) -> None:
        """Note that the relay takes this recipient too."""
        self.rcpts.append(rcpt)
        self._paths.append(rcpt.path)
        self.lines.append(rcpt.line)

    @property
    def names_several(self) -> bool:
        """The client named more than one recipient, though perhaps not all stand."""
        return len(self.rcpts) + self.refused > 1

    @property
    def rcpt_to(self) -> tuple[bytes, ...]:
        """The accepted recipients."""
        return tuple(self._paths)
