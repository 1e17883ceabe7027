"""What all sessions of a process share.

Owns: putting together the work on messages, the spool, memory and threads from a configuration.
Does not own: sessions (`session`), sockets (`server`).

A reload makes new services; a session keeps to the end those it began with. Budget, threads and
spool are handed on, so that a reload neither doubles nor loses any.
"""

import socket
import ssl
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from config.certificates import server_context
from config.schema import Config, ProxyConfig, RelayConfig
from proxy.session_limits import UPLOAD_BUDGET_OCTETS
from proxy.transform import Transformer
from proxy.upload import MemoryBudget
from tracker.spool import Spool

WORK_THREADS = 2
"""Large messages worked on at one time; more would only share the same processor."""


@dataclass(frozen=True, slots=True)
class Services:
    """One configuration at work."""

    config: Config
    hostname: str
    transformer: Transformer
    spool: Spool
    tls_context: ssl.SSLContext | None
    budget: MemoryBudget
    threads: Executor

    @property
    def proxy(self) -> ProxyConfig:
        """The table `[proxy]`."""
        return self.config.proxy

    @property
    def relay(self) -> RelayConfig:
        """The table `[relay]`."""
        return self.config.relay

    @classmethod
    def start(cls, config: Config, before: Self | None = None) -> Self:
        """Make everything that `config` asks for; `before` is what it replaces.

        Raises ConfigError, OSError or ssl.SSLError for keys and certificates that cannot be used.
        """
        budget_octets = UPLOAD_BUDGET_OCTETS // config.proxy.workers
        return cls(
            config=config,
            hostname=config.proxy.hostname or socket.getfqdn(),
            transformer=Transformer.from_config(config),
            spool=before.spool if before else Spool.open(config.store.spool_dir, "proxy"),
            tls_context=_tls_context(config.proxy),
            budget=before.budget if before else MemoryBudget(budget_octets),
            threads=before.threads if before else ThreadPoolExecutor(WORK_THREADS, "message"),
        )

    def stop(self) -> None:
        """Finish what was begun; the spool writes what it holds."""
        self.threads.shutdown()
        self.spool.close()


def _tls_context(config: ProxyConfig) -> ssl.SSLContext | None:
    return server_context(config.tls_cert, config.tls_key) if config.tls_cert else None
