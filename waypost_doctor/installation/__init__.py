"""Tests of what stands on this machine and around it: ports, relay, DNS, public name, store, clock."""
