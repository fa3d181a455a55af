"""Makes the machine of ``machine.py`` known to the tests of this folder."""

from tests.embedded.machine import machine

__all__ = ["machine"]
