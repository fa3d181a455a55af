"""Waiting until an object is what its user means by "there": rolled out, bound, reachable, gone.

A rule names what must be watched and judges what has been seen; `loop` does the watching. The
rules are those of pulumi-kubernetes 4.34 (its await package); where one differs, it says so.
"""
