"""`make up` with everything cached, from nothing running to five systems ready."""

from __future__ import annotations

import sys

from bench.timing import alicerce, seconds, summary

RUNS = 5


def main(runs: int = RUNS) -> None:
    """Take everything down and up again, several times."""
    times = []
    for number in range(runs):
        alicerce("down")
        times.append(seconds(lambda: alicerce("up")))
        print(f"run {number + 1}: {times[-1]:.1f} s", flush=True)
    print(summary("up, cached", times))
    again = seconds(lambda: alicerce("up"))
    print(f"up again, nothing to do: {again:.1f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
