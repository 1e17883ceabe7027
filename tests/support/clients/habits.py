"""How known mail programs go through a session: the order, the groups, the case, the spacing.

Owns: dialogues that no difference is allowed for.
Does not own: saying them (`likeness`).
"""

from proxy.smtp.replies import GO_AHEAD_CODE
from tests.support.dialogues import (
    BAD,
    GOOD,
    USER,
    WORD,
    Turn,
    command,
    commands,
    message,
)

NOTE = message(b"From: app@example.com", b"To: reader@example.net", b"Subject: x", b"", b".", b"hi")
SENT = Turn((NOTE,), after=GO_AHEAD_CODE)
TO_READER = "RCPT TO:<reader@example.net>"
ENVELOPE = ("MAIL FROM:<app@example.com>", TO_READER)
HABITS = {
    "postfix": [
        commands("EHLO mail.example.com"),
        commands("MAIL FROM:<app@example.com> SIZE=300 BODY=8BITMIME", TO_READER, "DATA"),
        Turn((NOTE, command("QUIT")), after=GO_AHEAD_CODE),
    ],
    "postfix, a cached connection": [
        commands("EHLO mail.example.com"),
        *[commands(*ENVELOPE, "DATA"), SENT, commands("RSET")] * 3,
        commands("QUIT"),
    ],
    "exim, no recipient accepted": [
        commands("EHLO mail.example.com"),
        commands("MAIL FROM:<app@example.com> SIZE=1300", "RCPT TO:<refused@example.net>", "DATA"),
        commands("RSET"),
        commands(*ENVELOPE, "DATA"),
        SENT,
        commands("QUIT"),
    ],
    "sendmail": [
        commands("EHLO mail.example.com"),
        commands("MAIL From:<app@example.com> SIZE=300 BODY=8BITMIME RET=HDRS ENVID=QQ12"),
        commands("RCPT To:<reader@example.net> NOTIFY=FAILURE ORCPT=rfc822;reader@example.net"),
        commands("DATA"),
        SENT,
        commands("QUIT"),
    ],
    "qmail-remote": [
        commands("HELO mail.example.com"),
        *[commands(line) for line in (*ENVELOPE, "DATA")],
        SENT,
        commands("QUIT"),
    ],
    "exchange": [
        commands("EHLO MAIL.example.com"),
        commands(f"AUTH LOGIN {USER}"),
        Turn((command(WORD),)),
        commands("MAIL FROM:<app@example.com> SIZE=2048 AUTH=<>", TO_READER),
        commands("DATA"),
        SENT,
        commands("RSET"),
        commands("QUIT"),
    ],
    "javamail, connected still": [
        commands("EHLO host.example.com"),
        *[*[commands(line) for line in (*ENVELOPE, "DATA")], SENT, commands("NOOP")] * 2,
        commands("QUIT"),
    ],
    "nodemailer, a pool": [
        commands("EHLO [127.0.0.1]"),
        commands(f"AUTH PLAIN {GOOD}"),
        *[*[commands(line) for line in (*ENVELOPE, "DATA")], SENT, commands("RSET")] * 2,
        commands("EHLO [127.0.0.1]"),
        commands("MAIL FROM:<app@example.com> AUTH=<>"),
    ],
    "go, a name in From": [
        commands("EHLO localhost"),
        commands("MAIL FROM:<App Name <app@example.com>> BODY=8BITMIME SMTPUTF8"),
        *[commands(line) for line in (TO_READER, "DATA")],
        SENT,
        commands("QUIT"),
    ],
    "phpmailer, blanks from a form": [
        commands("EHLO www.example.com"),
        commands("MAIL FROM:<app@example.com>"),
        commands("RCPT TO:< reader@example.net >"),
        commands("RCPT TO:<łukasz@example.net>"),
        *[commands("DATA"), SENT, commands("RSET"), commands("NOOP"), commands("QUIT")],
    ],
    "smtplib": [
        commands("ehlo host.example.com"),
        commands("mail FROM:<app@example.com> size=300"),
        commands("rcpt TO:<refused@example.net>"),
        commands("rset"),
        *[
            commands(line)
            for line in ("mail FROM:<app@example.com>", "rcpt TO:<reader@example.net>")
        ],
        commands("data"),
        SENT,
        commands("quit"),
    ],
    ".net, gone without QUIT": [
        commands("EHLO HOST"),
        commands(f"AUTH login {USER}"),
        Turn((command(WORD),)),
        *[commands(line) for line in (*ENVELOPE, "DATA")],
        SENT,
    ],
    "ruby, a wrong password first": [
        commands("EHLO localhost"),
        commands(f"AUTH PLAIN {BAD}"),
        commands(f"AUTH PLAIN {GOOD} "),
        *[commands(line) for line in (*ENVELOPE, "DATA")],
        SENT,
        commands("QUIT"),
    ],
    "busybox, NOOP before EHLO": [
        commands("NOOP"),
        commands("EHLO box"),
        commands("MAIL FROM: app@example.com"),
        commands("RCPT TO: reader@example.net"),
        commands("DATA"),
        SENT,
        commands("QUIT "),
    ],
    "EHLO refused, HELO then": [
        commands("EHLO"),
        commands("HELO scanner"),
        commands(*ENVELOPE),
        commands("DATA"),
        SENT,
        commands("QUIT"),
    ],
}
