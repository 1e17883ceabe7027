"""Running under systemd: readiness, watchdog, inherited sockets, stop and reload."""
