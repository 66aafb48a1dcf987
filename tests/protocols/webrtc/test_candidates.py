import pytest

from protocols.contract.errors import InvalidInput
from protocols.webrtc.candidates import Candidate, read_candidate
from tests.protocols.webrtc.offers import HOST, MDNS, REFLEXIVE, TCP


def host(address: str, port: int = 50_000) -> str:
    return f"candidate:1 1 udp 2122260223 {address} {port} typ host"


@pytest.mark.parametrize("prefix", ["", "a="])
def test_a_candidate_is_read_with_and_without_its_prefix(prefix: str) -> None:
    assert read_candidate(prefix + HOST, loopback=False) == Candidate(
        "1", 2122260223, "192.168.1.20", 54321, "host"
    )


def test_related_addresses_are_left_out() -> None:
    candidate = read_candidate(REFLEXIVE, loopback=False)
    assert candidate is not None
    assert candidate.attribute == "candidate:4 1 udp 1686052607 203.0.113.7 40000 typ srflx"


@pytest.mark.parametrize("text", [TCP, MDNS, host("example.com"), host("fe80::1%eth0")])
def test_what_browsers_send_and_cannot_be_used_is_left_out(text: str) -> None:
    assert read_candidate(text, loopback=True) is None


@pytest.mark.parametrize(
    "text",
    [
        host("192.168.1.20", 443),
        HOST.replace(" 1 udp", " 2 udp"),
        HOST.replace("typ host", "typ prflx"),
    ],
)
def test_services_other_components_and_learned_addresses_are_left_out(text: str) -> None:
    assert read_candidate(text, loopback=True) is None


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "169.254.170.2",
        "224.0.0.251",
        "255.255.255.255",
        "240.0.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "::",
        "::127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "2001:0:1::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::fb",
    ],
)
def test_addresses_that_are_no_client_are_never_tried(address: str) -> None:
    assert read_candidate(host(address), loopback=True) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_passes_only_where_allowed(address: str) -> None:
    assert read_candidate(host(address), loopback=False) is None
    assert read_candidate(host(address), loopback=True) is not None


@pytest.mark.parametrize("address", ["10.0.0.1", "192.0.2.2", "198.51.100.3", "fd00::2", "2a00::1"])
def test_addresses_of_clients_pass(address: str) -> None:
    candidate = read_candidate(host(address), loopback=False)
    assert candidate is not None
    assert candidate.address == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "candidate:",
        "garbage",
        HOST[:40],
        host("192.168.1.20", 70_000),
        HOST.replace("2122260223", "9999999999"),
        HOST.replace("typ host", "typ other"),
        HOST.replace(" 1 udp", " 12345 udp"),
        HOST.replace("54321", "²³⁴"),
        HOST + " x" * 1_000,
        HOST + "\nm=audio",
    ],
)
def test_what_is_no_candidate_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="candidate"):
        read_candidate(text, loopback=True)


@pytest.mark.parametrize(
    ("address", "passes"),
    [
        ("10.1.2.3", False),
        ("172.31.255.1", False),
        ("172.32.0.1", True),
        ("192.168.1.20", False),
        ("100.64.0.1", False),
        ("fd12::1", False),
        ("203.0.113.7", True),
        ("2001:db8::1", True),
    ],
)
def test_private_networks_are_left_alone_where_that_is_set(address: str, passes: bool) -> None:
    text = host(address)
    assert (read_candidate(text, loopback=False, private=False) is not None) is passes
    assert read_candidate(text, loopback=False) is not None
