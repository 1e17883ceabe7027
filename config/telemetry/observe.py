"""Log events and metrics, each declared once, here.

Owns: the names, levels and descriptions of everything that Waypost logs or counts, and which lines are
written. The tables of `docs/monitoring.md` are generated from these declarations.
Does not own: when something is logged or counted (each module does that itself), the form of a line
(`log_lines`), or the page that Prometheus reads (`exposition`).

No event carries a message body, a credential or a full link of a reader.
"""

import logging
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.metrics_core import Metric

from config.telemetry import log_lines

# Each would have a second series, for when it was created, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
"""All metrics of this process."""


class WatchedGauge(Gauge):
    """A gauge of what not every process watches: it has no value before one was set."""

    is_watched = False

    def set(self, value: float) -> None:
        """Set it; from now on this process tells of it."""
        self.is_watched = True
        super().set(value)

    def collect(self) -> Iterable[Metric]:
        """Return it, without a value in a process that sets none."""
        found = list(super().collect())
        if not self.is_watched:
            for each in found:
                each.samples.clear()
        return found


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One kind of line in the log: its name, its level and what it means."""

    name: str
    level: int
    help: str


EVENTS: dict[str, LogEvent] = {}


def _event(name: str, level: int, text: str) -> LogEvent:
    if name in EVENTS:
        raise ValueError(f"log event {name!r} is declared twice")
    EVENTS[name] = LogEvent(name, level, text)
    return EVENTS[name]


# Log events, by subject.

# Sessions with the relay.
RELAY_ATTEMPT_FAILED = _event(
    "relay_attempt_failed",
    logging.WARNING,
    "No session with one address of the relay; the next is tried. Says the cause.",
)
RELAY_PASSED_OVER = _event(
    "relay_passed_over",
    logging.WARNING,
    "An address of the relay is silent for so long that the next is tried. It is left out until it "
    "answers in the background.",
)
RELAY_DIFFERS = _event(
    "relay_differs",
    logging.WARNING,
    "The header From of a message is in `senders` of another relay than the one that gets it: its "
    "envelope sender, account or listener says otherwise.",
)
RELAY_CLIENT_INFO_REFUSED = _event(
    "relay_client_info_refused",
    logging.WARNING,
    "The relay does not offer, or refuses, what `[relay] client_info` asks for; mail goes to it all the "
    "same. Told once until the next start or reload.",
)
RELAY_AT_LIMIT = _event(
    "relay_at_limit",
    logging.WARNING,
    "A client waited half a minute in vain, as the relay has all that `[relay] max_connections` or "
    "`max_rate` allow; it was answered 451 and may try again. Says which limit it is.",
)
RELAY_BACK = _event(
    "relay_back",
    logging.INFO,
    "An address of the relay that could not be had answers again. Says how long it took.",
)
RELAY_BROKE_OFF = _event(
    "relay_broke_off",
    logging.WARNING,
    "A session with the relay broke off before its work was done. Says why, and how far it came.",
)

RELAY_LOGIN_FAILED = _event(
    "relay_login_failed",
    logging.ERROR,
    "We could not log in to the relay with `[relay] user`; mail that needs it is answered 451, and "
    "nothing is tried before `pause_s` have passed. Says the cause, and the relay's reply.",
)

# Spool and store.
SPOOL_WRITE_FAILED = _event(
    "spool_write_failed",
    logging.ERROR,
    "Events could not be written to disk; they stay in memory and are tried again. Says the cause.",
)
SPOOL_RECOVERED = _event(
    "spool_recovered",
    logging.INFO,
    "The spool can be written again; events that were kept in memory are on disk now.",
)
SPOOL_DROPPED = _event(
    "spool_dropped",
    logging.ERROR,
    "Events were lost: memory for them was full, or the process ended before they were on disk.",
)
SPOOL_MOVED = _event(
    "spool_moved",
    logging.ERROR,
    "A segment in use was renamed or deleted, alone or with the spool's folder. It is in its place "
    "again, with all that it held. Says where the old one is; other segments there are not counted.",
)
SPOOL_GARBAGE = _event(
    "spool_garbage",
    logging.ERROR,
    "Part of a segment is not an event; it was copied to the quarantine file named here.",
)
LINKS_LOST = _event(
    "links_lost",
    logging.WARNING,
    "The part of a segment that lists a message's links is damaged. The message and its clicks count; "
    "clicked links are called by their URLs, and others are not listed.",
)
SEGMENT_UNREADABLE = _event(
    "segment_unreadable",
    logging.ERROR,
    "A segment of the spool cannot be read. It is left where it is and tried again now and then; "
    "the others are counted meanwhile. Says the cause.",
)
SEGMENT_READ_AGAIN = _event(
    "segment_read_again", logging.INFO, "A segment that could not be read is counted now."
)
FORGETTING_LEFT = _event(
    "forgetting_left",
    logging.ERROR,
    "Somebody is forgotten, but for files of the spool that cannot be read. Nothing of these is counted before they "
    "can: they are tried again every half minute; all others are counted. Says which.",
)
SEGMENT_VANISHED = _event(
    "segment_vanished",
    logging.ERROR,
    "A segment was moved away or deleted before it was counted. Says how many octets were not.",
)
INGESTER_STARTED = _event(
    "ingester_started", logging.INFO, "This process now writes events from the spool to the store."
)
FEEDER_READY = _event(
    "feeder_ready",
    logging.INFO,
    "The service `waypost feed` is at work. Says which store it feeds.",
)
FEEDER_STOPPING = _event(
    "feeder_stopping", logging.INFO, "The service `waypost feed` finishes its work."
)
FEEDER_RELOADED = _event(
    "feeder_reloaded",
    logging.INFO,
    "The service `waypost feed` goes by its configuration as it is now.",
)
FEEDER_NOT_RELOADED = _event(
    "feeder_not_reloaded",
    logging.ERROR,
    "The new configuration of `waypost feed` cannot be used; the old one stays in force. Says every problem.",
)
FEEDER_LOST = _event(
    "feeder_lost",
    logging.ERROR,
    "The process that feeds the store ended unexpectedly; clicks and mail wait in the spool, and another is "
    "started. Says its exit status (the negative number of a signal), or what could not be had.",
)
SHARING_FAILED = _event(
    "sharing_failed",
    logging.WARNING,
    "What is decided here cannot be sent to the other nodes, and what they decide is not heard; it is tried "
    "again, and all that is known stays in force. Says the cause.",
)
SHARING_RECOVERED = _event(
    "sharing_recovered", logging.INFO, "What is decided on one node reaches all of them again."
)
DATABASE_WENT_BACK = _event(
    "database_went_back",
    logging.WARNING,
    "The database lacks what it had, as a standby does that lagged, or one that was restored. What was decided "
    "is given back, what is held of the spool is counted again, and whoever was forgotten is forgotten again. Says which "
    "kinds of decisions it lacks.",
)
FORGOTTEN_AGAIN = _event(
    "forgotten_again",
    logging.WARNING,
    "People are erased whom a database knew again that does not know that they were forgotten, or whose erasure was cut "
    "short. Says by how many names.",
)
NODE_REFUSED = _event(
    "node_refused",
    logging.ERROR,
    "Another machine has the name of this node, `[store] node`; decisions are not shared until one has "
    "another. Says what to do.",
)
INGEST_FAILED = _event(
    "ingest_failed",
    logging.ERROR,
    "Events could not be written to the store; the spool keeps them and it is tried again.",
)
INGEST_RECOVERED = _event(
    "ingest_recovered", logging.INFO, "Events are written to the store again."
)
STORE_GIVEN_UP = _event(
    "store_given_up",
    logging.WARNING,
    "The store is being copied elsewhere by `waypost store copy`, or was: nothing more is counted into it, and events"
    " wait in the spool for the new one. docs/scale.md has the next step.",
)
STORE_REPLACED = _event(
    "store_replaced",
    logging.WARNING,
    "The database file was replaced or removed while it was open; it was opened or created anew.",
)
STORE_UPGRADE_STARTED = _event(
    "store_upgrade_started",
    logging.INFO,
    "The database is an earlier version's, or is still being copied: it becomes one of this version in "
    "a new file beside it. Mail, links and the spool go on. Says its size.",
)
STORE_UPGRADING = _event(
    "store_upgrading", logging.INFO, "How much of the database is upgraded by now, in percent."
)
STORE_UPGRADED = _event(
    "store_upgraded",
    logging.INFO,
    "The database is of this version now. Says its size, and how many seconds that took.",
)
STORE_REWRITTEN = _event(
    "store_rewritten",
    logging.INFO,
    "After somebody was forgotten, the store was written to a new file, without what was deleted.",
)
STORE_NOT_REWRITTEN = _event(
    "store_not_rewritten",
    logging.ERROR,
    "The store could not be written anew: its files may still hold octets of what was deleted. It is"
    " tried again every minute.",
)
STORE_VACUUMED = _event(
    "store_vacuumed",
    logging.INFO,
    "After somebody was forgotten, PostgreSQL has vacuumed the tables that held what was deleted.",
)
STORE_NOT_VACUUMED = _event(
    "store_not_vacuumed",
    logging.ERROR,
    "PostgreSQL could not vacuum the tables: its files may still hold octets of what was deleted. It is"
    " tried again every minute.",
)
STORE_RESERVE_KEPT = _event(
    "store_reserve_kept",
    logging.INFO,
    "The room that a purge needs on a full disk is kept again (`waypost.db.reserve`).",
)
STORE_RESERVE_MISSING = _event(
    "store_reserve_missing",
    logging.WARNING,
    "There is too little room on the disk to keep what a purge needs once it is full. Says why.",
)
STORE_RESERVE_GIVEN_UP = _event(
    "store_reserve_given_up",
    logging.WARNING,
    "The disk is full, and somebody is forgotten: what was kept for this was given up.",
)
STORE_EMPTIED = _event(
    "store_emptied",
    logging.ERROR,
    "The database file was emptied; it was renamed as said here, and a new one created.",
)
STORE_SET_ASIDE = _event(
    "store_set_aside",
    logging.ERROR,
    "SQLite calls the database malformed; it was renamed as said here, and a new one created.",
)
WEBHOOK_FAILING = _event(
    "webhook_failing",
    logging.WARNING,
    "A webhook did not take an event; this and all that follow wait, and are tried again. Says why.",
)
WEBHOOK_WORKING = _event(
    "webhook_working", logging.INFO, "A webhook that failed takes events again."
)
WEBHOOK_STOPPED = _event(
    "webhook_stopped",
    logging.ERROR,
    "A webhook answered 410 Gone: it is told nothing more, and events wait until `waypost webhook retry`.",
)
WEBHOOK_GAVE_UP = _event(
    "webhook_gave_up",
    logging.ERROR,
    "An event was tried as often as it may be, for three days. It waits until `waypost webhook retry`.",
)
WEBHOOK_SECRET_UNUSABLE = _event(
    "webhook_secret_unusable",
    logging.ERROR,
    "The file with a webhook's secret cannot be used; its events wait meanwhile. Says what is wrong.",
)
WEBHOOKS_WAIT = _event(
    "webhooks_wait",
    logging.ERROR,
    "The events of a webhook cannot be read from the store, or put down in it; it is tried again. Says why.",
)
STREAM_FAILING = _event(
    "stream_failing",
    logging.WARNING,
    "The receiver of the stream did not take events; they wait, and are tried again. Says why.",
)
STREAM_WORKING = _event(
    "stream_working", logging.INFO, "The receiver of the stream takes events again."
)
STREAM_STOPPED = _event(
    "stream_stopped",
    logging.ERROR,
    "The receiver of the stream answered 410 Gone: it is sent nothing more until the service is reloaded.",
)
STREAM_LOST = _event(
    "stream_lost",
    logging.ERROR,
    "Events that the receiver of the stream had not taken were deleted from the spool, after `hold` or for "
    "want of `room`. Says of which segment, and how many octets. The store has them.",
)
STREAM_SECRET_UNUSABLE = _event(
    "stream_secret_unusable",
    logging.ERROR,
    "A file with a secret of the stream cannot be used; events wait meanwhile. Says what is wrong.",
)
STREAM_WAITS = _event(
    "stream_waits",
    logging.ERROR,
    "The spool cannot be read for the stream, or it cannot be written down how far it is; it is tried "
    "again. Says why.",
)
CLOCK_DOUBTED = _event(
    "clock_doubted",
    logging.ERROR,
    "The clock is further ahead of the latest events than a machine is off: nothing is purged by it. "
    "Says the clock, the latest moment that is known, and the command to run if the clock is right.",
)
PURGE_HORIZON_LOWERED = _event(
    "purge_horizon_lowered",
    logging.WARNING,
    "A purge with a wrong clock had the store take mail of the future for purged; it is counted again. "
    "Says until when it would not have been.",
)

# Metrics of several processes.
METRICS_UNWRITTEN = _event(
    "metrics_unwritten",
    logging.WARNING,
    "This process could not write its metrics to the file that the tracker reads. Says the cause.",
)
METRICS_UNREADABLE = _event(
    "metrics_unreadable",
    logging.WARNING,
    "The metrics of another process cannot be read, and are not shown. Says which process.",
)

# Reload.
RESTART_NEEDED = _event(
    "restart_needed",
    logging.WARNING,
    "A reload was asked to change keys that take a restart; until then, what was in force stays. Says "
    "which service, and which keys.",
)

# The tracker, its clicks and its files.
TRACKER_READY = _event(
    "tracker_ready", logging.INFO, "The tracker accepts requests. Says the addresses it listens on."
)
TRACKER_STOPPING = _event(
    "tracker_stopping", logging.INFO, "The tracker accepts no more requests, and finishes its work."
)
TRACKER_RELOADED = _event(
    "tracker_reloaded",
    logging.INFO,
    "The configuration was read again, and is in force, except for what `restart_needed` names.",
)
TRACKER_NOT_RELOADED = _event(
    "tracker_not_reloaded",
    logging.ERROR,
    "The new configuration cannot be used; the old one stays in force. Says every problem.",
)
TRACKER_WORKER_LOST = _event(
    "tracker_worker_lost",
    logging.ERROR,
    "A worker process of the tracker ended unexpectedly; the others answer, and another is started.",
)
CLICK_FAILED = _event(
    "click_failed",
    logging.ERROR,
    "An internal error: a click did not reach the spool. Its reader was redirected all the same.",
)
REQUEST_FAILED = _event(
    "request_failed",
    logging.ERROR,
    "A fault of ours kept an HTTP request from its answer: 500. Says the cause.",
)
HTTP_BOUND_REACHED = _event(
    "http_bound_reached",
    logging.WARNING,
    "A bound of an HTTP listener was reached. Says which listener; which bound: network, total (as many "
    "connections as there may be from one network, in all: the longest idle made room, or the new one "
    "was refused), head, fields, body (of a request, which was answered 400); and how often since the "
    "last such line. There is one a minute at most for each.",
)
FILE_RELOADED = _event(
    "file_reloaded", logging.INFO, "A watched file has changed, and its new content is in force."
)
FILE_UNUSABLE = _event(
    "file_unusable",
    logging.ERROR,
    "A watched file cannot be used; its old content stays in force. Says the cause.",
)
FILE_LOOK_FAILED = _event(
    "file_look_failed",
    logging.ERROR,
    "An internal error, or a want of threads, kept us from looking whether a watched file has changed; what it said "
    "stays in force, and it is looked at again each second. Says the cause.",
)

# The admin listener.
FORGET_FAILED = _event(
    "forget_failed",
    logging.ERROR,
    "Whom the API was asked to forget is not forgotten, for the reason told: ask it again.",
)
ADMIN_FAILED = _event(
    "admin_failed", logging.ERROR, "An internal error: the admin listener answered 500."
)
ADMIN_PASSWORD_WRONG = _event(
    "admin_password_wrong",
    logging.WARNING,
    "A request for the admin listener, or its login form, had a wrong password or token. Says the "
    "client's address.",
)
ADMIN_LOGIN = _event(
    "admin_login",
    logging.INFO,
    "Somebody logged in at the form. Says the client's address, and the name of the token, if that was "
    "one.",
)
ADMIN_LOGOUT = _event("admin_logout", logging.INFO, "Somebody logged out.")
ADMIN_LOGIN_HEADER_IGNORED = _event(
    "admin_login_header_ignored",
    logging.WARNING,
    "A request named somebody in `[tracker] login_header`, but came from no address of `trusted_proxies`, "
    "or named several or nobody. It was judged as if it had not. Says who connected; one line a minute.",
)
ADMIN_LOCKED = _event(
    "admin_locked",
    logging.WARNING,
    "After ten wrong passwords or tokens within a minute, an address is answered 429, whatever it has.",
)

# The proxy, its sessions and their mail.
PROXY_READY = _event(
    "proxy_ready", logging.INFO, "The proxy accepts mail. Says the addresses it listens on."
)
PROXY_STOPPING = _event(
    "proxy_stopping", logging.INFO, "The proxy accepts no more sessions; open ones may finish."
)
PROXY_RELOADED = _event(
    "proxy_reloaded",
    logging.INFO,
    "The configuration was read again, and is in force for new sessions, except for what "
    "`restart_needed` names.",
)
PROXY_NOT_RELOADED = _event(
    "proxy_not_reloaded",
    logging.ERROR,
    "The new configuration cannot be used; the old one stays in force. Says every problem.",
)
PROXY_WORKER_LOST = _event(
    "proxy_worker_lost", logging.ERROR, "A worker process ended unexpectedly; another is started."
)
SESSION_REFUSED = _event(
    "session_refused", logging.WARNING, "A client was refused as it connected. Says why."
)
LOGINS_CROWDED = _event(
    "logins_crowded",
    logging.WARNING,
    "A client waited in vain to log in, as `[relay] max_logins` others were at it; it may try again.",
)
SESSION_UNUSED = _event(
    "session_unused",
    logging.DEBUG,
    "A client connected and hung up without a word, as the health checks of load balancers do.",
)
COMMAND_REFUSED = _event(
    "command_refused",
    logging.INFO,
    "A command was refused, by the relay or by us. Says the command, whom it names, the reply and "
    "whose it is. After 60 such lines within a minute about one address, `untold` in the next says how "
    "many had none.",
)
SESSION_FAILED = _event(
    "session_failed",
    logging.ERROR,
    "An internal error ended a session with 421. No mail is lost: what had no 250 is sent again.",
)
SESSION_DROPPED = _event(
    "session_dropped",
    logging.INFO,
    "A client hung up, was too slow, made too many errors, lost the relay that it had logged in to, or "
    "failed to log in too often. Says why.",
)
LOGIN_FAILED = _event(
    "login_failed",
    logging.WARNING,
    "The relay refused a login. Says the client's address, the account where the client named one, and "
    "the reply; never the password.",
)
LOGIN_REFUSED = _event(
    "login_refused",
    logging.WARNING,
    "After too many failed logins of one session, or of one address within a minute, a client is "
    "answered 421. Says its address and which limit it is.",
)
TLS_FAILED = _event("tls_failed", logging.INFO, "A client's TLS handshake failed. Says the cause.")
MESSAGE_DELIVERED = _event(
    "message_delivered",
    logging.INFO,
    "The relay accepted a message. Says from which client and account, to whom (as `[privacy] "
    "log_recipients` allows), its Message-ID and campaign, and at which relay it has which queue id.",
)
MESSAGE_REFUSED = _event(
    "message_refused",
    logging.INFO,
    "A message was refused, by the relay or by us. Says the reply. One that is too big, finds no memory, "
    "or has a bare CR or LF is not looked at: that is a `command_refused` of DATA.",
)
MESSAGE_UNTOUCHED = _event(
    "message_untouched",
    logging.ERROR,
    "An internal error: a message was not rewritten, and goes out as it came. Says the cause.",
)
DELIVERY_FAILED = _event(
    "delivery_failed",
    logging.ERROR,
    "An internal error: a message was not handed to the relay, and its client was answered 451.",
)
DELIVERED_UNACKED = _event(
    "delivered_unacked",
    logging.WARNING,
    "The relay accepted a message, but its client had hung up and may send it again (RFC 1047).",
)
DELIVERY_IN_DOUBT = _event(
    "delivery_in_doubt",
    logging.WARNING,
    "No reply of the relay to the final dot: delivered or not, the client will send it again.",
)
EVENT_NOT_DURABLE = _event(
    "event_not_durable",
    logging.WARNING,
    "A message went out before its event was on disk; clicks on it are counted all the same.",
)
JOURNAL_FAILED = _event(
    "journal_failed",
    logging.ERROR,
    "The database of delivered copies failed; if a client sends again, some may arrive twice.",
)
NOTICE_SENT = _event(
    "notice_sent",
    logging.INFO,
    "Some copies of a message were refused for good, others delivered; its sender was told by mail.",
)
RELAY_REPLACED = _event(
    "relay_replaced",
    logging.INFO,
    "A relay session was lost before DATA; its transaction was repeated in a new one.",
)

# Links in mail.
MESSAGE_TRACKED = _event(
    "message_tracked", logging.DEBUG, "Links of a message are tracked. Says how many."
)
MESSAGE_LEFT = _event(
    "message_left",
    logging.INFO,
    "A message goes out as it came. Says the name of the reason; where that is known, what in the message "
    "is behind it, in which header or line, and the cure.",
)
MESSAGE_CLIPPED = _event(
    "message_clipped",
    logging.WARNING,
    "With tracked links the HTML of a message exceeds 102 kB; Gmail will not show all of it.",
)
HEADER_ODD = _event(
    "header_odd",
    logging.WARNING,
    "A header that switches tracking has an unknown value, which counts as off.",
)

# Metrics, by subject.

# Links in mail.
PLANNED_MESSAGES = Counter(
    "waypost_planned_messages",
    "Messages of trusted clients, each copy for itself, by outcome: changed, or the reason why not.",
    ["outcome"],
    registry=REGISTRY,
)
RELAY_ALTERATIONS = Counter(
    "waypost_relay_alterations",
    "Messages left alone as the relay would alter them (relay_would_alter), by what it would alter and in "
    "which header; empty for the body, other for a header that is not listed.",
    ["alteration", "header"],
    registry=REGISTRY,
)
LINKS = Counter(
    "waypost_links",
    "Links of messages, by decision: tracked, or the reason why they were left alone. In a message in which "
    "nothing may change no link is looked for.",
    ["decision"],
    registry=REGISTRY,
)
CLIPPED_MESSAGES = Counter(
    "waypost_clipped_messages",
    "Messages whose HTML exceeds 102 kB only by tracking; Gmail does not show all of them.",
    registry=REGISTRY,
)

# The proxy, its sessions and their mail.
SESSIONS = Gauge("waypost_sessions", "Clients connected now.", registry=REGISTRY)
SESSIONS_REFUSED = Counter(
    "waypost_sessions_refused",
    "Clients refused as they connected, by reason.",
    ["reason"],
    registry=REGISTRY,
)
COMMANDS_REFUSED = Counter(
    "waypost_commands_refused",
    "Commands of clients that were refused, by verb (a message at its final dot counts as DATA), code "
    "and whose reply it was: relay, waypost.",
    ["verb", "code", "by"],
    registry=REGISTRY,
)
LOGINS_FAILED = Counter(
    "waypost_logins_failed", "Logins of clients that the relay refused.", registry=REGISTRY
)
LOGINS_REFUSED = Counter(
    "waypost_logins_refused",
    "Clients answered 421 after too many failed logins, by limit: session or address.",
    ["limit"],
    registry=REGISTRY,
)
MESSAGES = Counter(
    "waypost_messages",
    "Messages handed to the relay, by outcome: delivered, refused, in_doubt, failed.",
    ["outcome"],
    registry=REGISTRY,
)
MESSAGES_UNACKED = Counter(
    "waypost_messages_unacked",
    "Messages that the relay accepted, but whose client had hung up before it was told.",
    registry=REGISTRY,
)
MAIL_IN_MEMORY_OCTETS = Gauge(
    "waypost_mail_in_memory_octets",
    "Octets of the messages that are being received or passed on now.",
    registry=REGISTRY,
)

# Spool and store.
SPOOL_EVENTS = Counter(
    "waypost_spool_events", "Events written to the spool, and safe on disk.", registry=REGISTRY
)
SPOOL_FAILURES = Counter(
    "waypost_spool_failures", "Times that writing to the spool failed.", registry=REGISTRY
)
SPOOL_DROPS = Counter(
    "waypost_spool_dropped_events",
    "Events lost, because memory was full or the process ended while it could not write.",
    registry=REGISTRY,
)
SPOOL_MOVED_SEGMENTS = Counter(
    "waypost_spool_moved_segments",
    "Segments that were renamed or deleted while in use, and were put back.",
    registry=REGISTRY,
)
SPOOL_WAITING_OCTETS = Gauge(
    "waypost_spool_waiting_octets",
    "Octets of events in memory that are not on disk yet, by the role of the spool.",
    ["role"],
    registry=REGISTRY,
)
SPOOL_SYNC_SECONDS = Histogram(
    "waypost_spool_sync_seconds",
    "How long one fdatasync of a group of events took.",
    registry=REGISTRY,
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5),
)
INGESTED_EVENTS = Counter(
    "waypost_ingested_events",
    "Events written to the store, repeated ones included.",
    registry=REGISTRY,
)
INGEST_FAILURES = Counter(
    "waypost_ingest_failures",
    "Failed attempts to write events to the store, by cause.",
    ["cause"],
    registry=REGISTRY,
)
INGEST_GARBAGE = Counter(
    "waypost_ingest_garbage_records",
    "Records of the spool that are not an event, and were copied to a quarantine file.",
    registry=REGISTRY,
)
SPOOL_BACKLOG_OCTETS = Gauge(
    "waypost_spool_backlog_octets",
    "Octets of the spool whose events are not in the store yet.",
    registry=REGISTRY,
)
NODES_SILENT = Gauge(
    "waypost_nodes_silent",
    "Nodes that share this database and have not been heard for 30 seconds, as this node sees it.",
    registry=REGISTRY,
)
STORE_LAG_S = Gauge(
    "waypost_store_lag_seconds",
    "For how long this node has not reached the database that nodes share; 0 while it does.",
    registry=REGISTRY,
)
DECISIONS_BEHIND = Gauge(
    "waypost_decisions_behind",
    "Lines of the log of decisions that other nodes have said, and this one does not know yet.",
    registry=REGISTRY,
)
SPOOL_UNREADABLE_SEGMENTS = Gauge(
    "waypost_spool_unreadable_segments",
    "Segments of the spool that cannot be read, and are not counted meanwhile.",
    registry=REGISTRY,
)
SPOOL_VANISHED_OCTETS = Counter(
    "waypost_spool_vanished_octets",
    "Octets of segments that were moved away or deleted before they were counted.",
    registry=REGISTRY,
)
STORE_RESERVE_LACKING_OCTETS = WatchedGauge(
    "waypost_store_reserve_lacking_octets",
    "Octets that have to be free for `waypost.db.reserve`, which a purge on a full disk needs; 0 where it is kept.",
    registry=REGISTRY,
)
STORES_LOST = Counter(
    "waypost_stores_lost",
    "Times that the database file was emptied, or replaced or removed while it was open, by which.",
    ["how"],
    registry=REGISTRY,
)
STORES_SET_ASIDE = Counter(
    "waypost_stores_set_aside", "Malformed databases that were renamed.", registry=REGISTRY
)
WEBHOOK_ATTEMPTS = Counter(
    "waypost_webhook_attempts",
    "Attempts to tell a webhook of something, by what came of them: sent, failed, given_up.",
    ["webhook", "outcome"],
    registry=REGISTRY,
)
WEBHOOK_WAITING = Gauge(
    "waypost_webhook_waiting_events",
    "Events that wait to be told to a webhook, counted up to 100,000.",
    ["webhook"],
    registry=REGISTRY,
)
WEBHOOK_STOPPED_NOW = Gauge(
    "waypost_webhook_stopped",
    "1 while a webhook that answered 410 is told nothing.",
    ["webhook"],
    registry=REGISTRY,
)
STREAM_EVENTS = Counter(
    "waypost_stream_events", "Events that the receiver of the stream took.", registry=REGISTRY
)
STREAM_ATTEMPTS = Counter(
    "waypost_stream_attempts",
    "Requests to the receiver of the stream, by what came of them: sent, failed.",
    ["outcome"],
    registry=REGISTRY,
)
STREAM_WAITING_OCTETS = WatchedGauge(
    "waypost_stream_waiting_octets",
    "Octets of the spool that are counted, and that the receiver of the stream has not taken yet.",
    registry=REGISTRY,
)
STREAM_LOST_OCTETS = Counter(
    "waypost_stream_lost_octets",
    "Octets of the spool that were deleted before the receiver of the stream had taken them.",
    registry=REGISTRY,
)
STREAM_STOPPED_NOW = WatchedGauge(
    "waypost_stream_stopped",
    "1 while the receiver of the stream, which answered 410, is sent nothing.",
    registry=REGISTRY,
)
CLOCK_DOUBTED_NOW = Gauge(
    "waypost_clock_doubted",
    "1 while the clock is too far ahead of the latest events for a purge to go by it.",
    registry=REGISTRY,
)

# Answers to readers.
REDIRECTS = Counter(
    "waypost_redirects",
    "Requests for a tracked link: redirected, preview (redirected, never counted), opened (a pixel), "
    "refused (404), revoked (410), not_known_yet (503: a short link about which no other node could be asked in time).",
    ["answer"],
    registry=REGISTRY,
)
CLICKS_NOT_DURABLE = Counter(
    "waypost_clicks_answered_before_durable",
    "Readers redirected before their click was on disk, as the spool was slow or failed.",
    registry=REGISTRY,
)
CLICKS_FAILED = Counter(
    "waypost_clicks_failed",
    "Clicks that did not reach the spool because of an internal error.",
    registry=REGISTRY,
)
HTTP_CONNECTIONS = Gauge(
    "waypost_http_connections",
    "Connections that are open now, by listener: public, admin.",
    ["listener"],
    registry=REGISTRY,
)
HTTP_CONNECTIONS_CLOSED = Counter(
    "waypost_http_connections_closed",
    "Connections closed without an answer being owed, by why: time (the client took too long, or was "
    "idle), network, total (as many as there may be from one network, in all: the longest idle made "
    "room).",
    ["why"],
    registry=REGISTRY,
)
HTTP_CONNECTIONS_REFUSED = Counter(
    "waypost_http_connections_refused",
    "Connections refused because all that there may be were being answered.",
    registry=REGISTRY,
)

# The admin listener.
ADMIN_REFUSED = Counter(
    "waypost_admin_refused",
    "Requests that the admin listener refused: password (wrong or missing; or a wrong token), too_many "
    "(wrong ones from the same address before), busy (too many to compare at one time), host (not "
    "loopback), origin (sent by a page of another site), scope (the token or person lacks it).",
    ["reason"],
    registry=REGISTRY,
)

ADMIN_LOGINS = Counter(
    "waypost_admin_logins", "Logins at the form of the admin listener.", registry=REGISTRY
)
ADMIN_LOGIN_HEADERS_IGNORED = Counter(
    "waypost_admin_login_headers_ignored",
    "Requests whose `[tracker] login_header` did not count.",
    registry=REGISTRY,
)

# Sessions with the relay.
RELAY_REACHABLE = Gauge(
    "waypost_relay_reachable",
    "0 while none of a relay's addresses answered when it was last called, by relay; 1 while one did, or "
    "none was called yet.",
    ["relay"],
    registry=REGISTRY,
)
RELAY_ATTEMPTS_FAILED = Counter(
    "waypost_relay_attempts_failed",
    "Failed attempts to open a session with an address of the relay, by cause.",
    ["cause"],
    registry=REGISTRY,
)
RELAY_BUSY = Counter(
    "waypost_relay_at_limit",
    "Clients that waited in vain for a relay session or a turn, by limit: connections or rate.",
    ["limit"],
    registry=REGISTRY,
)
RELAY_LOGINS_FAILED = Counter(
    "waypost_relay_logins_failed",
    "Attempts to log in to the relay with our own login that failed, by cause.",
    ["cause"],
    registry=REGISTRY,
)
RELAY_FAULTS = Counter(
    "waypost_relay_faults",
    "Sessions with the relay that broke off, by fault.",
    ["fault"],
    registry=REGISTRY,
)


# Files beside the store that Waypost keeps a copy of: log events and metrics.


@dataclass(frozen=True, slots=True)
class RecordFileMetrics:
    """The log events and metrics of one such file and its copy."""

    unreadable: LogEvent
    lost: LogEvent
    found: LogEvent
    not_copied: LogEvent
    lost_lines: Gauge
    damaged_lines: Gauge
    unusable: Gauge


def _record_file(name: str, of: str) -> RecordFileMetrics:
    file = f"the file of {of}"
    return RecordFileMetrics(
        unreadable=_event(
            f"{name}_unreadable",
            logging.ERROR,
            f"Lines of {file} cannot be read and were skipped. Says how many.",
        ),
        lost=_event(
            f"{name}_lost",
            logging.ERROR,
            f"Lines are missing from {file}; what they said stays in force. Says how many, and which "
            "copy has them.",
        ),
        found=_event(f"{name}_found", logging.INFO, f"No line is missing from {file} any more."),
        not_copied=_event(
            f"{name}_not_copied",
            logging.ERROR,
            f"The copy of {file} cannot be read or written; it is tried again. Says the cause.",
        ),
        lost_lines=WatchedGauge(
            f"waypost_{name}_lost",
            f"Lines that are missing from {file}; what they said stays in force.",
            registry=REGISTRY,
        ),
        damaged_lines=WatchedGauge(
            f"waypost_{name}_damaged_lines",
            f"Lines of {file} that cannot be read.",
            registry=REGISTRY,
        ),
        unusable=Gauge(
            f"waypost_{name}_unusable",
            f"1 while {file}, its copy or what other nodes said cannot be used, by which: file (it cannot be read; at the "
            "start, only what the copy has is in force), copy (it cannot be read or written), shared (what "
            "other nodes said cannot be read).",
            ["what"],
            registry=REGISTRY,
        ),
    )


OVERRIDES = _record_file("overrides", "withdrawn and repaired links")
OVERRIDES_IN_FORCE = WatchedGauge(
    "waypost_overrides_in_force",
    "Decisions in force: messages, campaigns and hosts withdrawn, destinations repaired.",
    registry=REGISTRY,
)
CONSENTS = _record_file("consents", "persons' consents")
CONSENTS_IN_FORCE = WatchedGauge(
    "waypost_consents_in_force",
    "Persons who did not agree to everything, those who were forgotten since included.",
    registry=REGISTRY,
)
SHORT_LINKS = _record_file("short_links", "short links")
ACCESS = _record_file("access", "tokens of the admin listener")
ACCESS_IN_FORCE = WatchedGauge(
    "waypost_access_in_force",
    "Tokens of the admin listener that open something, when one was last added or revoked.",
    registry=REGISTRY,
)


def about(**fields: object) -> None:
    """Have all lines of this task from here on say `fields` as well; None takes one back."""
    log_lines.about(fields)


@dataclass(slots=True)
class _Output:
    """Where lines go, and the least level that is written; both are set by `configure`."""

    write: Callable[[str, int, log_lines.Facts], None]
    least_level: int = logging.NOTSET


_output: _Output = _Output(log_lines.Lines(log_lines.as_text))


def is_written(event: LogEvent) -> bool:
    """Return whether `log` would write a line: facts that nobody reads need not be put together."""
    return event.level >= _output.least_level


def log(event: LogEvent, **fields: Any) -> None:  # noqa: ANN401 - whatever a line can show
    """Write one line to the log: `event`, with its facts as `fields`.

    A log that cannot be written (a full disk, a closed file) raises nothing.
    """
    if event.level < _output.least_level:
        return
    try:
        _output.write(event.name, event.level, fields)
    except (OSError, ValueError):
        return


def configure(level: str = "info", style: Literal["console", "json"] = "console") -> None:
    """Set up the log of this process: lines of `level` and above go to standard error."""
    for_people = partial(log_lines.as_text, colours=sys.stderr.isatty())
    _output.write = log_lines.Lines(log_lines.as_json if style == "json" else for_people)
    _output.least_level = logging.getLevelNamesMapping()[level.upper()]
