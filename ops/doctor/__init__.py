"""Says all that stands between this machine and a running platform, at once."""
