"""Draining: what comes first, what waits, what a second signal does."""

from __future__ import annotations

import asyncio

from reference.drain import Drain, first, pause


def test_window_keeps_serving_then_stops() -> None:
    async def story() -> None:
        drain = Drain(0.2)
        window = asyncio.ensure_future(drain.window())
        await asyncio.sleep(0)  # one turn of the loop: the window begins
        assert not drain.draining.is_set()
        began = asyncio.get_running_loop().time()
        drain.begin()
        assert drain.draining.is_set()
        assert not drain.stopping.is_set()
        await window
        assert drain.stopping.is_set()
        assert asyncio.get_running_loop().time() - began >= 0.2

    asyncio.run(story())


def test_second_signal_ends_the_window() -> None:
    async def story() -> None:
        drain = Drain(300)
        drain.begin()
        drain.begin()
        await asyncio.wait_for(drain.window(), 2)
        assert drain.stopping.is_set()

    asyncio.run(story())


def test_no_window() -> None:
    async def story() -> None:
        drain = Drain(0)
        drain.begin()
        await asyncio.wait_for(drain.window(), 2)

    asyncio.run(story())


def test_work_wins_a_tie() -> None:
    async def story() -> None:
        event = asyncio.Event()
        event.set()
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        done.set_result(1)
        assert await first(done, event)
        waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        assert not await first(waiting, event)
        assert not waiting.cancelled()

    asyncio.run(story())


def test_pause_is_cut_short() -> None:
    async def story() -> None:
        event = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, event.set)
        await asyncio.wait_for(pause(300, event), 2)

    asyncio.run(story())
