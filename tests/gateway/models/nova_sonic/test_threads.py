"""Connections share their threads, those that were cut too."""

import asyncio
from pathlib import Path

import pytest
from smithy_http.aio import crt

from gateway.models.nova_sonic.threads import share_threads
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import Break
from tests.emulators.sonic.scripts import Session, Turn
from tests.gateway.models.nova_sonic.talking import SPEECH, nova, silence, talking

CONVERSATIONS = 5
CUT = Session(turns=(Turn(fault=Break.TCP_CUT),))


def threads() -> int:
    """All threads of this process, those of libraries in C included."""
    return len(list(Path("/proc/self/task").iterdir()))


async def converse(aws: AwsEmulator) -> None:
    """A conversation over two connections, the first of which is cut."""
    aws.sonic.scripts.add(CUT, Session())
    async with talking(nova()) as talk:
        talk.say(SPEECH + silence(1))
        await talk.answers(1)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted by Linux")
async def test_connections_that_are_cut_leave_no_threads(sonic: AwsEmulator) -> None:
    # Those of asyncio, which finds keys in one of its own, are there before anything is counted.
    await asyncio.gather(*(asyncio.to_thread(threads) for _ in range(50)))
    await converse(sonic)
    before = threads()
    for _ in range(CONVERSATIONS):
        await converse(sonic)
    assert threads() - before < CONVERSATIONS


def test_there_is_one_event_loop_however_often_it_is_shared() -> None:
    share_threads()
    first = crt._AWSCRTEventLoop()
    share_threads()
    assert crt._AWSCRTEventLoop() is first
