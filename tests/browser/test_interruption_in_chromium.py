"""Who speaks over the voice in a real browser hears it stop (the eleventh of the voice study)."""

import statistics

import pytest

from benchmarks import in_chromium
from benchmarks.call_servers import OURS

MOST_MS = 150.0


@pytest.mark.slow
def test_11_a_word_over_the_voice_silences_it_at_the_browsers_ear() -> None:
    if not in_chromium.is_here():
        pytest.skip("node, chromium or the npm packages are not installed: `make test` does")
    silences = in_chromium.listen(OURS, bot="interrupted").silences
    assert len(silences) >= in_chromium.SECONDS / 2
    assert statistics.median(silences) <= MOST_MS, silences
