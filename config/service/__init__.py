"""Running as a service: systemd (readiness, watchdog, inherited sockets), stop and reload."""
