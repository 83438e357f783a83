"""Where everything that must be trusted is kept: logs, leases, hours, the clinic's people and sessions."""
