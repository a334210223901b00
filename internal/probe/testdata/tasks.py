"""Starts asyncio tasks, which all wait for one event, and lets them go on when it
is told to. It reads commands from its standard input and answers each with a
line; see README.md.
"""

import asyncio
import platform
import sys
import time


class Group:
    """All tasks until they are woken."""

    def __init__(self):
        self.release = asyncio.Event()
        self.all = asyncio.Event()
        self.counted = self.expected = self.sum = 0
        self.tasks = []

    async def task(self):
        self.counted += 1
        if self.counted == self.expected:
            self.all.set()
        await self.release.wait()
        self.sum += 1

    async def park(self, n):
        begin = time.monotonic_ns()
        self.expected += n
        self.all.clear()
        self.tasks.extend(asyncio.ensure_future(self.task()) for _ in range(n))
        await self.all.wait()
        return f"parked {n} {time.monotonic_ns() - begin} 0"

    async def wake(self):
        begin = time.monotonic_ns()
        self.release.set()
        for task in self.tasks:
            await task
        answer = f"woken {self.sum} {time.monotonic_ns() - begin}"
        self.__init__()
        return answer


async def start(n):
    async def nothing():
        pass

    begin = time.monotonic_ns()
    for _ in range(n):
        await asyncio.ensure_future(nothing())
    return f"started {(time.monotonic_ns() - begin) // n}"


async def round_trip(n):
    there, back = asyncio.Event(), asyncio.Event()

    async def answer():
        for _ in range(n):
            await there.wait()
            there.clear()
            back.set()

    other = asyncio.ensure_future(answer())
    begin = time.monotonic_ns()
    for _ in range(n):
        there.set()
        await back.wait()
        back.clear()
    took = time.monotonic_ns() - begin
    await other
    return f"roundtrip {took // n}"


async def new_group():
    return Group()


def main():
    if len(sys.argv) > 1:
        sys.exit("unknown arguments")
    print("ready Python", platform.python_version(), flush=True)
    loop = asyncio.new_event_loop()
    group = loop.run_until_complete(new_group())
    for line in sys.stdin:
        command, *number = line.split()
        if command == "wake":
            answer = group.wake()
        elif command == "park":
            answer = group.park(int(number[0]))
        elif command == "start":
            answer = start(int(number[0]))
        elif command == "roundtrip":
            answer = round_trip(int(number[0]))
        else:
            print("unknown command", flush=True)
            continue
        # Between two commands the loop stands still, and the tasks wait.
        print(loop.run_until_complete(answer), flush=True)


main()
