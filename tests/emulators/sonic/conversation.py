"""What Nova Sonic does in one session: hears turns, answers them by the script; pure.

Two inlets, ``receive`` and the clock in ``take``; one outlet, ``take``.
"""

from collections import deque
from dataclasses import replace
from typing import Any
from uuid import uuid4

from tests.emulators.scripting import Fault
from tests.emulators.sonic.hearing import Change, Hearing, resample, tone
from tests.emulators.sonic.inputs import (
    Ended,
    Heard,
    Input,
    InputOrder,
    Listening,
    Opened,
    Said,
    ToolAnswered,
)
from tests.emulators.sonic.outputs import Frame, Outputs, Stop
from tests.emulators.sonic.scripts import Session, Turn, UserTurn

type Step = Frame | Fault


class SonicConversation:
    """One session from sessionStart to its end."""

    def __init__(self, script: Session, started_at: float) -> None:
        self._script = script
        self._started_at = started_at
        self._order = InputOrder()
        self._outputs = Outputs("", 24000)
        self._tools: tuple[str, ...] = ()
        self._input_rate = 16000
        self._hearing: Hearing | None = None
        self._steps: deque[Step] = deque()
        self._last_at = started_at
        self._open: tuple[str, str] | None = None
        self._is_begun = False
        self._is_over = False
        self._turns = 0
        self._results: dict[str, Any] = {}
        self._after_tools: tuple[Turn, UserTurn] | None = None

    @property
    def is_ended(self) -> bool:
        """Whether the client wants no more."""
        return self._order.is_ended

    def receive(self, name: str, body: Any, now: float) -> None:
        """Take an event of the client.

        Raises:
            InputViolation: Nova Sonic would refuse it.
        """
        meaning = self._order.receive(name, body)
        if meaning is not None:
            self._understand(meaning, now)

    def take(self, now: float) -> Step | float | None:
        """What to do next, or how many seconds to wait for it; None until something comes."""
        remaining = self._remaining_seconds(now)
        if remaining is not None and remaining <= 0:
            self._is_over = True
            return self._script.ends_with
        if not self._steps:
            return remaining
        step = self._steps[0]
        pause = step.pause_seconds if isinstance(step, Frame) else 0.0
        if now < self._last_at + pause:
            wait = self._last_at + pause - now
            return wait if remaining is None else min(wait, remaining)
        self._steps.popleft()
        self._last_at = now
        if isinstance(step, Frame):
            self._note(step)
        return step

    def _remaining_seconds(self, now: float) -> float | None:
        """Time until the session ends by itself."""
        heard = self._hearing.heard_seconds if self._hearing else 0.0
        limit = self._script.ends_after_audio_seconds
        if self._is_over:
            return None
        if limit is not None and heard >= limit:
            return 0.0
        if self._script.ends_after_seconds is None:
            return None
        return self._started_at + self._script.ends_after_seconds - now

    def _note(self, frame: Frame) -> None:
        """Remember which content is open on the wire."""
        if frame.name == "contentStart":
            # A script may send one that lacks what it should have.
            self._open = (frame.body.get("type", ""), frame.body.get("contentId", ""))
        elif frame.name == "contentEnd":
            self._open = None

    def _understand(self, meaning: Input, now: float) -> None:
        match meaning:
            case Opened():
                self._outputs = Outputs(meaning.prompt_name, meaning.output_rate)
                self._tools = meaning.tools
            case Listening(rate):
                self._input_rate = rate
                script = self._script
                self._hearing = Hearing(rate, script.end_silence_seconds, script.max_speech_seconds)
            case Heard(pcm):
                self._hear(pcm, now)
            case Said(text=text, interactive=True):
                self._answer(UserTurn(text, b"", 0.0, self._tools), now)
            case ToolAnswered():
                self._results[meaning.tool_use_id] = meaning.result
                self._go_on_after_tools(now)
            case Ended():
                self._steps.clear()
                if self._is_begun:
                    self._steps.append(self._outputs.frame("completionEnd", stopReason="END_TURN"))
            case _:
                pass

    def _hear(self, pcm: bytes, now: float) -> None:
        if self._hearing is None:
            return
        for change in self._hearing.feed(pcm):
            if change is Change.STARTED:
                self._interrupt()
                continue
            speech = self._hearing.take_speech()
            seconds = len(speech) / 2 / self._input_rate
            self._answer(UserTurn(None, speech, seconds, self._tools), now)

    def _interrupt(self) -> None:
        """The user speaks: whatever is not sent yet is not said."""
        if not self._steps:
            return
        kept: list[Step] = []
        if self._open is not None and self._open[0] == "AUDIO":
            kept.append(self._outputs.audio_end(self._open[1], "INTERRUPTED"))
        elif self._open is not None:
            ends = [isinstance(s, Frame) and s.name == "contentEnd" for s in self._steps]
            kept += list(self._steps)[: ends.index(True) + 1]
        self._steps = deque([*kept, *self._outputs.interrupted()])
        self._after_tools = None

    def _answer(self, user: UserTurn, now: float) -> None:
        script = self._script.turns[min(self._turns, len(self._script.turns) - 1)]
        self._turns += 1
        turn = script(user) if callable(script) else script
        if turn.is_silent:
            return
        frames = self._transcript(turn, user)
        if turn.tools:
            self._results = {}
            self._after_tools = (turn, user)
            for call in turn.tools:
                identifier = call.id or str(uuid4())
                self._order.ask(identifier)
                self._results[identifier] = None
                frames += self._outputs.tool_use(call, identifier)
        frames[0] = replace(frames[0], pause_seconds=turn.wait_seconds)
        self._send(frames, now)
        if not turn.tools:
            self._send(self._speech(turn, user), now)

    def _transcript(self, turn: Turn, user: UserTurn) -> list[Frame]:
        outputs = self._outputs
        frames = [] if self._is_begun else [outputs.frame("completionStart")]
        self._is_begun = True
        frames += [outputs.frame(name, **body) for raw in turn.first for name, body in raw.items()]
        if user.text is None and turn.heard:
            frames += outputs.text("USER", "FINAL", turn.heard, "PARTIAL_TURN")
        elif user.text is not None and self._script.repeats_typed_text:
            frames += outputs.text("USER", "FINAL", user.text, "PARTIAL_TURN")
        return [*frames, outputs.usage(speech_in=int(user.seconds * 25), text_in=4)]

    def _go_on_after_tools(self, now: float) -> None:
        if self._after_tools is None or None in self._results.values():
            return
        turn, user = self._after_tools
        self._after_tools = None
        self._send(self._speech(turn, user), now)

    def _speech(self, turn: Turn, user: UserTurn) -> list[Step]:
        say = turn.say(list(self._results.values())) if callable(turn.say) else turn.say
        outputs = self._outputs
        frames: list[Frame] = []
        for index, words in enumerate(say):
            stop: Stop = "END_TURN" if index == len(say) - 1 else "PARTIAL_TURN"
            frames += outputs.text("ASSISTANT", "SPECULATIVE", words, "PARTIAL_TURN")
            frames += outputs.audio(self._sound(turn, user), stop, turn.pause_seconds)
            frames += outputs.text("ASSISTANT", "FINAL", words, stop)
        frames.append(outputs.usage(speech_out=25 * len(say), text_out=10 * len(say)))
        return self._with_fault(turn, frames)

    def _sound(self, turn: Turn, user: UserTurn) -> bytes:
        rate = self._outputs.sample_rate
        if turn.seconds is None:
            return resample(user.pcm, self._input_rate, rate)
        return tone(turn.hertz, turn.seconds, rate)

    def _with_fault(self, turn: Turn, frames: list[Frame]) -> list[Step]:
        if turn.fault is None:
            return list(frames)
        sent_bytes = 0
        fault_bytes = turn.fault_after_seconds * self._outputs.sample_rate * 2
        for index, frame in enumerate(frames):
            if frame.pcm and sent_bytes >= fault_bytes:
                return [*frames[:index], turn.fault]
            sent_bytes += len(frame.pcm)
        return [*frames, turn.fault]

    def _send(self, steps: list[Step] | list[Frame], now: float) -> None:
        if not self._steps:
            self._last_at = now
        self._steps.extend(steps)
