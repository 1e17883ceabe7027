"""Every limit of one SMTP session that no key of the configuration sets, in one place.

Owns: the numbers and why they are what they are. Sizes are octets, times seconds.
Does not own: limits of all sessions together (`proxy.server`, `memory_budget`, `login_slots`,
`proxy.scheduling.loop_budget`), of a message's inside (`proxy.message.limits`), of a reply
(`proxy.smtp.replies`), or of the relay's side (`proxy.relay.dial`, `proxy.relay.session`).
"""

MAX_COMMAND_OCTETS = 4096
"""A command line with its CRLF. RFC 5321 §4.5.3.1.4 asks for 512; SIZE, DSN, AUTH=, SMTPUTF8 and
long internationalised paths add up to about 2,500."""

MAX_AUTH_LINE_OCTETS = 12288
"""A line of an AUTH exchange (RFC 4954 §4: base64 of what SASL may need)."""

MAX_PIPELINED_COMMANDS = 100
"""MAIL and RCPT that go to the relay in one group; more wait for the next."""

MAX_RECIPIENTS = 10_000
"""Of one transaction. RFC 5321 §4.5.3.1.8 asks for 100; the relay's own limit is usually lower."""

MAX_ERRORS = 20
"""Commands in a row that are unknown or malformed, before a client is told 421."""

MAX_COMMANDS_WITHOUT_MAIL = 1000
"""NOOP, RSET, HELO, HELP, VRFY, AUTH between two transactions, before a client is told 421."""

MAX_FAILED_LOGINS = 3
"""In one session, before a client is told 421."""

MAX_FAILED_LOGINS_OF_ADDRESS = 10
"""Within `config.throttle.WINDOW_S`, in all sessions; more logins of that address are told 421."""

MAX_LOGGED_ACCOUNT_CHARACTERS = 100
"""Of the name in a failed login, which anybody may have made up."""

RECEIVE_OCTETS = 32 * 1024
"""Read from one client at a time."""

SESSION_BUFFER_OCTETS = 32 * 1024
"""What we read ahead of a client before we stop reading from it."""

GREETING_PATIENCE_S = 30.0
"""For the PROXY header and for a TLS handshake: nobody types these."""

LOGIN_PATIENCE_S = 30.0
"""For each line of a stranger's AUTH exchange: programs answer at once, and a relay session waits."""

RELAY_IDLE_S = 30.0
"""A relay session without a login is let go of when its client, not trusted by address but vouched
for by a mail server, says nothing for this long between two transactions."""

DATA_PATIENCE_S = 180.0
"""RFC 5321 §4.5.3.2.5: between two chunks of DATA; each chunk arms it anew."""

DATA_SLACK_S = 600.0
"""A whole DATA may take this long, and longer only as it keeps up SLOWEST_OCTETS_PER_S."""

SLOWEST_OCTETS_PER_S = 1000
"""Slower than any real link: below it a client only keeps the session busy."""

WRITE_PATIENCE_S = 300.0
"""For a client to take our replies."""

DISCARD_FACTOR = 4
"""How many times the limit a message that is too big may go on before the client is cut off."""

SILENCE_S = 1.0
"""A stop ends sessions in which no command came for this long: a client that has just heard a
reply is about to say something, be it QUIT."""
