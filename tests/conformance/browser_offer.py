"""An offer as a browser makes it: one Opus track both ways and a data channel."""

import secrets

CANDIDATE = {
    "candidate": "candidate:1 1 udp 2122260223 192.168.1.20 54321 typ host generation 0",
    "sdp_mid": "0",
    "sdp_mline_index": 0,
}


def browser_offer() -> str:
    """A fresh offer; its secrets are random, as in a browser."""
    fragment, password = secrets.token_hex(2), secrets.token_hex(12)
    fingerprint = ":".join(f"{byte:02X}" for byte in secrets.token_bytes(32))
    transport = [
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:{fragment}",
        f"a=ice-pwd:{password}",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {fingerprint}",
        "a=setup:actpass",
    ]
    audio = [
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
        *transport,
        "a=mid:0",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=sendrecv",
        "a=msid:stream track",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtpmap:111 opus/48000/2",
        "a=rtcp-fb:111 transport-cc",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:13 CN/8000",
        "a=rtpmap:110 telephone-event/48000",
        "a=rtpmap:126 telephone-event/8000",
        "a=ssrc:1001 cname:conformance",
        "a=ssrc:1001 msid:stream track",
    ]
    channel = [
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        *[line for line in transport if not line.startswith("a=rtcp")],
        "a=mid:1",
        "a=sctp-port:5000",
        "a=max-message-size:262144",
    ]
    session = [
        "v=0",
        f"o=- {secrets.randbelow(2**62)} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS stream",
    ]
    return "".join(f"{line}\r\n" for line in [*session, *audio, *channel])
