"""The limits of attachments hold what they say by default."""

from protocols.ag_ui.options import MediaOptions


def test_addresses_are_opened_within_limits_unless_a_setting_says_otherwise() -> None:
    options = MediaOptions()
    assert (options.fetch_urls, options.max_media_bytes) == (True, 5_000_000)
    assert (options.max_fetched_bytes, options.fetch_seconds) == (20_000_000, 10.0)
