"""What all sessions of a process share.

Owns: making it from a configuration: the work on messages, the spool, the record of what is
delivered, consents, TLS, the budgets for memory and for the event loop, the slots for logins and the limits
of failed ones, what was told of refusals, and what was last seen of the relay.
Does not own: sessions (`session`), sockets (`proxy.server.sockets`), or which keys of a
configuration take a restart (`proxy.server.reload`).

A reload makes new services; a session keeps to the end those it began with. Spool, delivered
database, consents, budgets, slots and failed logins are handed on, so that a reload neither doubles
nor loses any. What was seen of the relay is not: it may be another now.
"""

import socket
import ssl
from dataclasses import dataclass
from typing import Self

from config.keys.certificates import server_context
from config.schema import Config, ProxyConfig
from config.service.shared_counts import ALONE, Counts
from config.telemetry.observe import JOURNAL_FAILED, MAIL_IN_MEMORY_OCTETS, log
from proxy.client.login_limits import LoginLimits
from proxy.client.login_slots import LoginSlots
from proxy.delivery.delivered_db import DeliveredDb, JournalError
from proxy.scheduling.dispatch import Dispatcher
from proxy.scheduling.loop_budget import ITERATION_OCTETS, LoopBudget
from proxy.session.memory_budget import UPLOAD_BUDGET_OCTETS, MemoryBudget
from proxy.session.refusals import Refusals
from proxy.session.relays import Relays
from tracker.decisions import heard
from tracker.decisions.files import CONSENTS, ConsentsInForce
from tracker.records.live import LiveRecords
from tracker.spool.turns import AwaitedSpool
from tracker.spool.writer import MAIL_ROOM_OCTETS, Spool


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that one configuration asks for."""

    config: Config
    hostname: str
    dispatcher: Dispatcher
    delivered_db: DeliveredDb | None
    spool: Spool
    awaited_spool: AwaitedSpool
    consents: ConsentsInForce
    tls_context: ssl.SSLContext | None
    memory_budget: MemoryBudget
    loop_budget: LoopBudget
    login_limits: LoginLimits
    login_slots: LoginSlots
    relays: Relays
    refusals: Refusals
    counts: Counts

    @property
    def proxy(self) -> ProxyConfig:
        """The table `[proxy]`."""
        return self.config.proxy

    @classmethod
    def start(
        cls,
        config: Config,
        before: Self | None = None,
        former_tls: ssl.SSLContext | None = None,
        counts: Counts = ALONE,
    ) -> Self:
        """Make everything that `config` asks for; `before` is what it replaces.

        `former_tls` is in force where `config` names no certificate, and `counts` are those that are kept
        with other workers, where nothing is replaced. Where
        something is, `config` has its values for all that takes a restart
        (`proxy.server.reload.kept`). Raises ConfigError, OSError or
        ssl.SSLError for keys and certificates that cannot be used.
        """
        counts = before.counts if before else counts
        loop_budget = before.loop_budget if before else LoopBudget(ITERATION_OCTETS)
        consents = before.consents if before else _consents(config)
        hostname = config.proxy.hostname or socket.getfqdn()
        spool = before.spool if before else _spool(config)
        services = cls(
            config=config,
            hostname=hostname,
            dispatcher=Dispatcher.start(config, consents.latest, loop_budget),
            delivered_db=_delivered_db(config, before.delivered_db if before else None),
            spool=spool,
            awaited_spool=before.awaited_spool if before else AwaitedSpool(spool),
            consents=consents,
            tls_context=tls_context_of(config.proxy)
            or (before.tls_context if before else former_tls),
            memory_budget=before.memory_budget if before else _memory_budget(counts),
            loop_budget=loop_budget,
            login_limits=before.login_limits if before else LoginLimits(counts),
            login_slots=before.login_slots if before else LoginSlots(1, counts),
            relays=Relays(config.relays, hostname, counts),
            refusals=before.refusals if before else Refusals(),
            counts=counts,
        )
        services.memory_budget.make_room_for(config.proxy.max_size)
        services.login_slots.limit = config.relay.max_logins
        return services

    def stop(self) -> None:
        """Finish the work on hand; the spool writes what it holds."""
        self.relays.stop()
        self.dispatcher.close()
        self.spool.close()


def _memory_budget(counts: Counts) -> MemoryBudget:
    budget = MemoryBudget(UPLOAD_BUDGET_OCTETS, counts)
    MAIL_IN_MEMORY_OCTETS.set_function(lambda: budget.used_octets)
    return budget


def _consents(config: Config) -> ConsentsInForce:
    """Read consents; raises OSError where they cannot be read, or heard: mail must not be tracked then."""
    heard.require(config.store)
    consents = LiveRecords(CONSENTS, config.store.file)
    consents.refresh()
    consents()
    return consents


def tls_context_of(config: ProxyConfig) -> ssl.SSLContext | None:
    """Return the context of the certificate that is named, if one is; raises OSError and ValueError."""
    return server_context(config.tls_cert, config.tls_key) if config.tls_cert else None


def _delivered_db(config: Config, before: DeliveredDb | None) -> DeliveredDb | None:
    delivered_db = before
    if delivered_db is None:
        delivered_db = DeliveredDb(config.store.file("journal"))
        _tidy(delivered_db)
    return None if config.proxy.copies == "shared" else delivered_db


def _tidy(delivered_db: DeliveredDb) -> None:
    """Remove what is outdated in the database of an earlier run, used now or not."""
    try:
        if delivered_db.path.exists():
            delivered_db.tidy()
    except (JournalError, OSError) as error:
        log(JOURNAL_FAILED, cause=str(error))


def _spool(config: Config) -> Spool:
    return Spool.open(config.store.spool_dir, "proxy", room_octets=MAIL_ROOM_OCTETS)
