"""Who fulfils the contracts: one module a ground."""
