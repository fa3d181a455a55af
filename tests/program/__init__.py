"""The whole program per tier, over Pulumi mocks: what it makes, and what is true of all of it."""
