"""What the writer's thread has done comes back to the event loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

from codemem_viewer.ingest_commit import Committed


def test_each_caller_gets_its_own_outcome() -> None:
    """Results and problems of one group; who was cancelled meanwhile disturbs nobody."""
    changes: list[Future[int]] = [Future() for _ in range(4)]

    def commit() -> None:
        for number, change in enumerate(changes):
            change.set_exception(OSError("full")) if number == 1 else change.set_result(number)

    async def main() -> list[object]:
        committed = Committed()
        callers = [asyncio.create_task(committed.result(change)) for change in changes]
        await asyncio.sleep(0)
        callers[2].cancel()
        threading.Thread(target=commit).start()
        return [*await asyncio.gather(*callers, return_exceptions=True)]

    first, failed, cancelled, last = asyncio.run(main())

    assert (first, last) == (0, 3)
    assert str(failed) == "full"
    assert isinstance(cancelled, asyncio.CancelledError)


def test_every_commit_wakes_the_loop() -> None:
    """One after the other, many times: none is left lying between two wake-ups."""

    async def main() -> int:
        committed, changes = Committed(), [Future[int]() for _ in range(2000)]
        threading.Thread(target=lambda: [change.set_result(1) for change in changes]).start()
        return sum([await asyncio.wait_for(committed.result(each), 10) for each in changes])

    assert asyncio.run(main()) == 2000
