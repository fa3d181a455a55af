"""The program: what the stacks are made of, and who fulfils it."""
