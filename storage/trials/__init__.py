"""Trials under leases: handed out, kept by a heartbeat, and taken back from the dead."""
