"""Every limit of one SMTP session that no key of the configuration sets, in one place.

Owns: the numbers and why they are what they are. Sizes are octets, times seconds.
Does not own: limits of a client's connection and logins (`proxy.client.limits`), of all sessions
together (`proxy.server.server`, `memory_budget`, `proxy.scheduling.loop_budget`), of a message's
inside (`proxy.message.limits`), of a reply (`proxy.smtp.replies`), or of the relay's side
(`proxy.relay.dial`, `proxy.relay.session`).
"""

MAX_PIPELINED_COMMANDS = 100
"""MAIL and RCPT that go to the relay in one group; more wait for the next."""

MAX_RECIPIENTS = 10_000
"""Of one transaction. RFC 5321 §4.5.3.1.8 asks for 100; the relay's own limit is usually lower."""

MAX_ERRORS = 20
"""Commands in a row that are unknown or malformed, before a client is told 421."""

MAX_COMMANDS_WITHOUT_MAIL = 1000
"""NOOP, RSET, HELO, HELP, VRFY, AUTH between two transactions, before a client is told 421."""

RELAY_IDLE_S = 30.0
"""A relay session without a login is let go of when its client, not trusted by address but vouched
for by a mail server, says nothing for this long between two transactions."""

DATA_PATIENCE_S = 180.0
"""RFC 5321 §4.5.3.2.5: between two chunks of DATA; each chunk arms it anew."""

DATA_SLACK_S = 600.0
"""A whole DATA may take this long, and longer only as it keeps up SLOWEST_OCTETS_PER_S."""

SLOWEST_OCTETS_PER_S = 1000
"""Slower than any real link: below it a client only keeps the session busy."""

DISCARD_FACTOR = 4
"""How many times the limit a message that is too big may go on before the client is cut off."""

SILENCE_S = 1.0
"""A stop ends sessions in which no command came for this long: a client that has just heard a
reply is about to say something, be it QUIT."""
