"""The gate in front of aiortc: an offer is read here, and written anew from what was understood.

aiortc takes an empty SDP for a good offer, raises seven kinds of errors on bad ones, and is
quadratic in candidates. So nothing that a client wrote reaches it: it gets one Opus section, at
most one data channel section, checked credentials and a few checked candidates. Pure.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from protocols.contract.errors import InvalidInput, TooLarge
from protocols.webrtc.candidates import Candidate, read_candidate

MOST_CANDIDATES = 32

_MOST_BYTES = 65_536
_MOST_LINES = 1_500
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE = re.compile(r"[a-z]=.*")
_MEDIA = re.compile(r"(audio|application) ([0-9]{1,5}) ([A-Z/]{1,32}) ([ -~]{1,1024})")
_MID = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}")
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_FINGERPRINT = re.compile(r"sha-256 +((?:[0-9A-F]{2}:){31}[0-9A-F]{2})", re.IGNORECASE)
_SETUP = re.compile(r"actpass|active|passive")
_OPUS = re.compile(r"([0-9]{1,3}) opus/48000/2", re.IGNORECASE)
_EXTENSION = re.compile(r"([0-9]{1,2})(?:/[a-z]+)? (urn:ietf:params:rtp-hdrext:sdes:mid)(?: .*)?")
_NUMBER = re.compile(r"[0-9]{1,20}")
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_AUDIO_PROFILES = ("UDP/TLS/RTP/SAVPF", "RTP/SAVPF")
_CHANNEL_PROFILES = ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP")
_DYNAMIC_PAYLOAD_TYPES = range(96, 128)
_EXTENSION_IDS = range(1, 15)
_DEFAULT_MESSAGE_BYTES = 65_536  # RFC 8841, section 6
_MOST_MESSAGE_BYTES = 2**30  # Firefox takes a byte less, others any size


class Offer(Struct, frozen=True):
    """An offer that can be answered.

    ``sdp`` is written by us. ``transport_mid`` is the section whose transport carries everything:
    later candidates belong to it. ``takes_audio`` tells whether our voice will be heard at all.
    """

    sdp: str
    transport_mid: str
    takes_audio: bool
    has_channel: bool


class _Section(Struct):
    """One section of an SDP: its media line (empty for the session's) and its attributes."""

    media: str
    attributes: dict[str, list[str]]

    @property
    def kind(self) -> str:
        return self.media.partition(" ")[0]

    @property
    def mid(self) -> str:
        return self.first("mid") or ""

    def first(self, name: str) -> str | None:
        values = self.attributes.get(name)
        return values[0] if values else None


def read_offer(sdp: str, kind: str, *, loopback: bool, private: bool = True) -> Offer:
    """Read an offer.

    Args:
        sdp: what the client sent.
        kind: the ``type`` it sent beside.
        loopback: whether candidates on the loopback interface may pass.
        private: whether candidates in private networks may pass.

    Raises:
        InvalidInput: it cannot be answered; the message says what to mend.
    """
    if kind != "offer":
        raise _fault('its type is not "offer"')
    session, *sections = _sections(sdp)
    audio, channel = _media_sections(sections)
    mids = _bundle(session, sections)
    tagged = next(section for section in sections if section.mid == mids[0])
    transport = _transport(tagged, session)
    candidates = _candidates(sections, loopback, private)
    lines = _head(session, mids)
    for section in sections:  # in the client's own order: the answer has to have it too
        lines += _audio_lines(section) if section is audio else _channel_lines(section)
        lines += [f"a=mid:{section.mid}", *transport]
        # The end of the candidates is not passed on: aioice would give up before the checks of a
        # client whose candidates were all left out have taught it where that client is.
        if section is tagged:
            lines += [f"a={candidate.attribute}" for candidate in candidates]
    return Offer(
        sdp="\r\n".join([*lines, ""]),
        transport_mid=tagged.mid,
        takes_audio=_direction(audio) in {"sendrecv", "recvonly"},
        has_channel=channel is not None,
    )


def _sections(sdp: str) -> list[_Section]:
    """Split into the session's section and the media sections."""
    sections = [_Section("", {})]
    for line in _lines(sdp):
        if not _LINE.fullmatch(line):
            raise _fault("a line of it is not <letter>=<value>")
        if line.startswith("m="):
            sections.append(_Section(line[2:], {}))
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            sections[-1].attributes.setdefault(name, []).append(value)
    return sections


def _lines(sdp: str) -> list[str]:
    if len(sdp) > _MOST_BYTES or len(sdp.encode(errors="replace")) > _MOST_BYTES:
        raise TooLarge(f"The SDP is larger than {_MOST_BYTES} bytes. Offer audio only.")
    if _CONTROL.search(sdp):
        raise _fault("it holds control characters")
    lines = [line.rstrip(" \t\r") for line in sdp.split("\n")]
    if len(lines) > _MOST_LINES:
        raise TooLarge(f"The SDP has more than {_MOST_LINES} lines. Offer audio only.")
    if lines[0] != "v=0":
        raise _fault("it does not begin with v=0")
    return [line for line in lines if line]


def _media_sections(sections: list[_Section]) -> tuple[_Section, _Section | None]:
    kinds = sorted(section.kind for section in sections)
    if kinds not in (["audio"], ["application", "audio"]):
        raise _fault("it must have one m=audio section, at most one m=application, and no other")
    for section in sections:
        if not _MEDIA.fullmatch(section.media):
            raise _fault("an m= line of it cannot be read")
        if not _MID.fullmatch(section.mid):
            raise _fault("a section of it has no a=mid")
    audio = next(section for section in sections if section.kind == "audio")
    channel = next((section for section in sections if section.kind == "application"), None)
    if channel is not None and channel.mid == audio.mid:
        raise _fault("two sections of it share one a=mid")
    return audio, channel


def _bundle(session: _Section, sections: list[_Section]) -> list[str]:
    """Find who shares a transport: all, the first by its mid lends its own (RFC 9143)."""
    mids = [section.mid for section in sections]
    if len(mids) == 1:
        return mids
    for group in session.attributes.get("group", []):
        semantics, *bundled = group.split(" ")
        if semantics == "BUNDLE" and sorted(bundled) == sorted(mids):
            return bundled
    raise _fault("audio and data channel are not in one a=group:BUNDLE")


def _transport(tagged: _Section, session: _Section) -> list[str]:
    """The lines about ICE and DTLS; every section gets the same ones."""

    def checked(name: str, form: re.Pattern[str]) -> str:
        values = tagged.attributes.get(name) or session.attributes.get(name) or []
        match = next((m for m in map(form.fullmatch, values) if m is not None), None)
        if match is None:
            raise _fault(f"a=ice-ufrag, ice-pwd, fingerprint (sha-256) or setup: {name} is missing")
        return match[match.lastindex or 0]

    return [
        f"a=ice-ufrag:{checked('ice-ufrag', _UFRAG)}",
        f"a=ice-pwd:{checked('ice-pwd', _PASSWORD)}",
        f"a=fingerprint:sha-256 {checked('fingerprint', _FINGERPRINT).upper()}",
        f"a=setup:{checked('setup', _SETUP)}",
    ]


def _candidates(sections: Iterable[_Section], loopback: bool, private: bool) -> list[Candidate]:
    found: dict[tuple[str, int], Candidate] = {}
    for section in sections:
        for text in section.attributes.get("candidate", []):
            candidate = read_candidate(text, loopback=loopback, private=private)
            if candidate is not None:
                found.setdefault((candidate.address, candidate.port), candidate)
    if len(found) > MOST_CANDIDATES:
        raise _fault(f"it has more than {MOST_CANDIDATES} candidates")
    return list(found.values())


def _head(session: _Section, mids: list[str]) -> list[str]:
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    if "ice-lite" in session.attributes:
        lines.append("a=ice-lite")
    if len(mids) > 1:
        lines.append(f"a=group:BUNDLE {' '.join(mids)}")
    return lines


def _audio_lines(audio: _Section) -> list[str]:
    payload_type = _opus_payload_type(audio)
    _check_media_line(audio, _AUDIO_PROFILES)
    if "rtcp-mux" not in audio.attributes:
        raise _fault("its audio has no a=rtcp-mux")
    if _direction(audio) == "inactive":
        raise _fault("its audio is inactive; make it sendrecv")
    return [
        f"m=audio 9 {_AUDIO_PROFILES[0]} {payload_type}",
        "c=IN IP4 0.0.0.0",
        f"a={_direction(audio)}",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=rtcp-mux",
        f"a=rtpmap:{payload_type} opus/48000/2",
        *_extension_lines(audio),
    ]


def _channel_lines(channel: _Section) -> list[str]:
    _check_media_line(channel, _CHANNEL_PROFILES)
    port = _number(channel, "sctp-port", None)
    if not 0 < port <= 65_535:
        raise _fault("its data channel has no a=sctp-port between 1 and 65535")
    message_bytes = _number(channel, "max-message-size", _DEFAULT_MESSAGE_BYTES)
    return [
        f"m=application 9 {_CHANNEL_PROFILES[0]} webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        f"a=sctp-port:{port}",
        f"a=max-message-size:{min(message_bytes, _MOST_MESSAGE_BYTES)}",
    ]


def _check_media_line(section: _Section, profiles: tuple[str, ...]) -> None:
    _, port, profile, _ = section.media.split(" ", 3)
    if profile not in profiles:
        raise _fault(f"its m={section.kind} is not {profiles[0]}")
    if int(port) == 0 and "bundle-only" not in section.attributes:
        raise _fault(f"its m={section.kind} is switched off by port 0")


def _opus_payload_type(audio: _Section) -> int:
    offered = audio.media.split(" ")[3:]
    for value in audio.attributes.get("rtpmap", []):
        match = _OPUS.fullmatch(value)
        if match and match[1] in offered and int(match[1]) in _DYNAMIC_PAYLOAD_TYPES:
            return int(match[1])
    raise _fault("its audio does not offer Opus (opus/48000/2) as a payload type from 96 to 127")


def _extension_lines(audio: _Section) -> list[str]:
    for value in audio.attributes.get("extmap", []):
        match = _EXTENSION.fullmatch(value)
        if match and int(match[1]) in _EXTENSION_IDS:
            return [f"a=extmap:{match[1]} {match[2]}"]
    return []


def _direction(audio: _Section) -> str:
    return next((name for name in _DIRECTIONS if name in audio.attributes), "sendrecv")


def _number(section: _Section, name: str, default: int | None) -> int:
    text = section.first(name)
    if text is None and default is not None:
        return default
    if text is None or not _NUMBER.fullmatch(text):
        raise _fault(f"its a={name} is missing or no number")
    return int(text)


def _fault(problem: str) -> InvalidInput:
    return InvalidInput(f"The SDP cannot be answered: {problem}.")
