"""What every component stands on: the base class, the contracts, providers, guards and secrets."""
