"""Running as a service: systemd, stop and reload, whose rights it has, its descriptors and memory."""
