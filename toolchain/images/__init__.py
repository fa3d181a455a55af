"""Container images without a registry: from Debian's packages and our own builds."""
