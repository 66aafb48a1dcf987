"""What the assistant says aloud, and what stays of it in the history when the user cuts it off.

Models make speech faster than it is heard, and strands records all of it, and tells it to the model
again after a restart. Here it is cut to what was heard: words are placed by the sound that had been
made when they came, within such a piece by its share of sound, and cut at a word. A model whose
words come behind their sound is cut by the share of the whole.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, cast

from msgspec import Struct
from strands.bidi import BidiAgent
from strands.hooks import MessageUpdatedEvent

from protocols.contract.conversations import Heard
from protocols.contract.events import AudioDelta, Event, Transcript

INTERRUPTED = "[interrupted]"

_BYTES_PER_SAMPLE = 2
_MOST_ANSWERS = 64
_MOST_CUT = 256


class _Block(Struct):
    """One transcript: a message of strands' history. ``kept`` is what stays of it; None: all."""

    tracking_id: str
    kept: str | None = None


class _Piece(Struct):
    """Words that came when so much of their answer's sound had been made."""

    block: _Block
    text: str
    start_seconds: float


class _Answer(Struct):
    """One spoken message of the assistant."""

    pieces: list[_Piece]
    seconds: float = 0.0
    is_cut: bool = False


class Spoken:
    """The answers of one live conversation.

    Args:
        agent: whose history is kept true; not yet started.
        sample_rate: hertz of the sound that the model makes.
    """

    def __init__(self, agent: BidiAgent, sample_rate: int) -> None:
        self._agent = agent
        self._sample_rate = sample_rate
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._open: dict[str, _Block] = {}
        self._known = {message.get("tracking_id") for message in agent.messages}
        self._cut: OrderedDict[str, _Block] = OrderedDict()
        agent.add_hook(self._mend_updated, MessageUpdatedEvent)

    def note(self, strands_event: Mapping[str, Any], told: Iterable[Event]) -> None:
        """Take an event of the agent, and what the client is told of it."""
        match strands_event.get("type"):
            case "bidi_audio_delta":
                for event in told:
                    if isinstance(event, AudioDelta):
                        samples = len(event.pcm) // _BYTES_PER_SAMPLE
                        self._answer(event.message_id).seconds += samples / self._sample_rate
            case "bidi_transcript_start" if strands_event["role"] == "assistant":
                self._open[strands_event["content_id"]] = _Block(self._newest_transcript())
            case "bidi_transcript_delta" if strands_event["content_id"] in self._open:
                self._add_words(self._open[strands_event["content_id"]], strands_event, told)
            case "bidi_transcript_stop":
                self._open.pop(strands_event["content_id"], None)

    def cut(self, heard: Heard) -> float:
        """Keep only what was heard of a message; gives the seconds of sound made for it."""
        answer = self._answers.get(heard.message_id)
        if answer is None or answer.is_cut:
            return 0.0
        answer.is_cut = True
        kept = _words_heard(answer, heard.seconds)
        for block in _blocks(answer):
            text = "".join(piece.text for piece in answer.pieces if piece.block is block)
            if kept.get(block.tracking_id, "") != text.strip():
                self._keep(block, kept.get(block.tracking_id, ""))
        return answer.seconds

    def _add_words(
        self, block: _Block, strands_event: Mapping[str, Any], told: Iterable[Event]
    ) -> None:
        for event in told:
            if isinstance(event, Transcript):
                answer = self._answer(event.message_id)
                if not answer.is_cut:
                    answer.pieces.append(_Piece(block, strands_event["delta"], answer.seconds))
                    return
        if block.kept is None and not self._has_words(block):
            self._keep(block, "")  # of an answer that was cut: the client was never told of it

    def _has_words(self, block: _Block) -> bool:
        return any(piece.block is block for a in self._answers.values() for piece in a.pieces)

    def _answer(self, message_id: str) -> _Answer:
        answer = self._answers.get(message_id)
        if answer is None:
            answer = self._answers[message_id] = _Answer([])
        if len(self._answers) > _MOST_ANSWERS:
            self._answers.popitem(last=False)
        return answer

    def _newest_transcript(self) -> str:
        """Find the message strands has made for a transcript that begins: the oldest new one."""
        new = []
        for message in reversed(self._agent.messages):
            identifier = message.get("tracking_id")
            if message["role"] == "assistant" and _marks(message).get("kind") == "transcript":
                if identifier in self._known:
                    break
                new.append(identifier)
        found = new[-1] if new else None
        self._known.add(found)
        return found or ""

    def _keep(self, block: _Block, kept: str) -> None:
        block.kept = kept
        self._cut[block.tracking_id] = block
        if len(self._cut) > _MOST_CUT:
            self._cut.popitem(last=False)
        for message in self._agent.messages:
            if message.get("tracking_id") == block.tracking_id:
                self._mend(cast(dict[str, Any], message), kept)
                return

    def _mend_updated(self, event: MessageUpdatedEvent) -> None:
        block = self._cut.get(event.tracking_id)
        if block is not None and block.kept is not None:
            self._mend(cast(dict[str, Any], event.message), block.kept)

    def _mend(self, message: dict[str, Any], kept: str) -> None:
        marks = _marks(message)
        if marks.get("status") == "pending":
            return  # strands puts another in its place when the transcript is complete
        if kept:
            message["content"] = [{"text": f"{kept} {INTERRUPTED}"}]
            marks["status"] = "complete"
        else:
            # In place: strands shows this list to the model.
            self._agent.messages[:] = [m for m in self._agent.messages if m is not message]


def _words_heard(answer: _Answer, heard_seconds: float) -> dict[str, str]:
    """Give the words heard of each transcript of an answer."""
    kept: dict[str, str] = {}
    for span in _spans(answer):
        share = span.share_heard(heard_seconds)
        words = span.text if share >= 1 else _first_words(span.text, share)
        kept[span.block.tracking_id] = kept.get(span.block.tracking_id, "") + words
        if share < 1:
            break
    return {identifier: words.strip() for identifier, words in kept.items()}


class _Span(Struct):
    """Words and the sound they are heard in."""

    block: _Block
    text: str
    start: float
    end: float

    def share_heard(self, heard_seconds: float) -> float:
        if self.end <= self.start:
            return 0.0  # no sound was made for them yet
        return max(0.0, min(1.0, (heard_seconds - self.start) / (self.end - self.start)))


def _spans(answer: _Answer) -> list[_Span]:
    """Lay the words out along the sound."""
    # Words that all came behind their sound are spread over the whole of it.
    is_behind = all(piece.start_seconds >= answer.seconds for piece in answer.pieces)
    laid: list[_Span] = []
    for piece in answer.pieces:
        start = 0.0 if is_behind else piece.start_seconds
        if laid and laid[-1].block is piece.block and laid[-1].start == start:
            laid[-1].text += piece.text
            continue
        if laid:
            laid[-1].end = start
        laid.append(_Span(piece.block, piece.text, start, answer.seconds))
    return laid


def _first_words(text: str, share: float) -> str:
    words = text.split()
    lead = " " if text[:1].isspace() else ""
    return lead + " ".join(words[: int(len(words) * max(0.0, share))])


def _blocks(answer: _Answer) -> list[_Block]:
    blocks: dict[str, _Block] = {piece.block.tracking_id: piece.block for piece in answer.pieces}
    return list(blocks.values())


def _marks(message: Mapping[str, Any]) -> dict[str, Any]:
    marks: dict[str, Any] = (message.get("metadata") or {}).get("custom", {}).get("bidi", {})
    return marks
