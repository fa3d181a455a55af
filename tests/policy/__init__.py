"""Each rule: pass, fail, missing; and all of them over the real program."""
