"""A mail transaction as the relay has accepted it so far.

Owns: which MAIL and RCPT stand, and the octets with which they were sent, so that the same
transaction can be put to a fresh relay session (DESIGN §3.8). One client transaction is one relay
transaction.
Does not own: their grammar (`envelope`), or sending them (`link`).
"""

from dataclasses import dataclass, field

from proxy.smtp.envelope import MailCommand, RcptCommand


@dataclass(slots=True)
class Transaction:
    """An accepted MAIL and the RCPTs after it; `refused` counts those that were not accepted."""

    mail: MailCommand
    mail_line: bytes
    rcpts: list[RcptCommand] = field(default_factory=list)
    refused: int = 0
    lines: list[bytes] = field(init=False)
    """What the relay has accepted, as it was sent."""

    def __post_init__(self) -> None:
        """Begin with MAIL."""
        self.lines = [self.mail_line]

    def accept(self, rcpt: RcptCommand) -> None:
        """Note that the relay takes this recipient too."""
        self.rcpts.append(rcpt)
        self.lines.append(rcpt.line)

    @property
    def names_several(self) -> bool:
        """The client named more than one recipient, though perhaps not all stand."""
        return len(self.rcpts) + self.refused > 1

    @property
    def rcpt_to(self) -> tuple[bytes, ...]:
        """The accepted recipients."""
        return tuple(rcpt.path for rcpt in self.rcpts)
