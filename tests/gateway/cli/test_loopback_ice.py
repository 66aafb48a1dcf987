import aioice.ice
import pytest

from gateway.cli.loopback_ice import loopback_candidates


def test_loopback_is_offered_while_wanted_and_never_after() -> None:
    original = aioice.ice.get_host_addresses
    with pytest.raises(ZeroDivisionError), loopback_candidates(wanted=True):
        assert aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=False) == [
            "127.0.0.1",
            *original(use_ipv4=True, use_ipv6=False),
        ]
        raise ZeroDivisionError
    assert aioice.ice.get_host_addresses is original


def test_for_other_machines_nothing_is_changed() -> None:
    original = aioice.ice.get_host_addresses
    with loopback_candidates(wanted=False):
        assert aioice.ice.get_host_addresses is original
