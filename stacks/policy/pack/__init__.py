"""The policy pack that the engine runs."""
