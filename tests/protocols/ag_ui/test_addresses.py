"""Which addresses may be opened for a client."""

import pytest
from httpx import URL

from protocols.ag_ui.addresses import checked_url, is_public, port_of
from protocols.ag_ui.media import Unopened


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "8.8.8.8",
        "52.94.236.248",
        "2606:2800:220:1:248:1893:25c8:1946",
        "2600:1f18::1",
        "2a00:1450:4001:80b::200e",
    ],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.251",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2600:1f18::5efe:a9fe:a9fe",
        "2600:1f18::200:5efe:7f00:1",
        "3fff::1",
        "4000::1",
        "fc00::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "fe80::1%eth0",
        "2600:1f18::1%eth0",
        "fec0::1",
        "ff02::1",
        "",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
    ],
)
def test_all_others_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("text", "shown", "port"),
    [
        ("http://example.com", "http://example.com", 80),
        ("https://example.com/a.png?b=c#part", "https://example.com/a.png?b=c", 443),
        ("HTTPS://EXAMPLE.com:443/", "https://example.com/", 443),
        ("http://example.com:443/", "http://example.com:443/", 443),
        ("http://127.0.0.1/", "http://127.0.0.1/", 80),  # refused when it is looked up
        ("https://[2606:2800::1]/x", "https://[2606:2800::1]/x", 443),
    ],
)
def test_web_addresses_are_read(text: str, shown: str, port: int) -> None:
    url = checked_url(text)
    assert (str(url), port_of(url)) == (shown, port)


def test_names_in_any_script_are_looked_up_in_ascii() -> None:
    assert checked_url("https://bücher.example/").raw_host == b"xn--bcher-kva.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/a.png",
        "//example.com/a.png",
        "http://",
        "http:///a.png",
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "gopher://example.com/",
        "s3://bucket/key",
        "unix:///var/run/docker.sock",
        "javascript:alert(1)",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://:secret@example.com/",
        "http://example.com:22/",
        "http://example.com:8080/",
        "https://example.com:6379/",
        "http://example.com:99999/",
        "http://exa mple.com/",
        "http://127.0.0.1%2f/",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://example.com/\nHost: other",
        "http://example.com/" + "a" * 8192,
    ],
)
def test_whatever_else_is_no_address_to_open(text: str) -> None:
    with pytest.raises(Unopened) as refused:
        checked_url(text)
    assert refused.value.fault == "address"


def test_redirects_are_read_from_where_they_stand_and_checked_the_same() -> None:
    base = URL("https://example.com/a/b?c=d")
    assert str(checked_url("../x.png", base)) == "https://example.com/x.png"
    assert str(checked_url("//other.example/x", base)) == "https://other.example/x"
    for elsewhere in ("file:///etc/passwd", "https://example.com:9200/", "http://u:p@x.example/"):
        with pytest.raises(Unopened):
            checked_url(elsewhere, base)
