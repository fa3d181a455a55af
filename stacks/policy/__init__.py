"""Rules that every plan must keep. Plain functions here; ``pack`` hands them to the engine.

A rule takes a ``Resource`` (or all of them) and yields what is wrong, in words that say what to
do. It must not import the pack: making a PolicyPack starts a server that never returns.
"""
