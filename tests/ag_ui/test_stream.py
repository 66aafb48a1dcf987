"""What a run looks like on the wire, whatever the model does."""

import json
import re

import pytest

from tests.ag_ui.scene import Scene, asking, said_to
from tests.emulators.converse.scripts import Usage, says
from tests.emulators.scripting import Break

pytestmark = pytest.mark.slow

SCRIPTS = 'Grüße, 你好, नमस्ते, مرحبا — 👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 \u2028 \u2029 \ufeff \x7f \\ " </script>'


@pytest.mark.check("C08")
def test_the_start_is_told_before_the_model_says_anything(scene: Scene) -> None:
    scene.plays(says("Late.", fault=Break.SILENCE, fault_after=0))
    with scene.reading(asking("hello")) as lines:
        assert '"RUN_STARTED"' in next(lines)
        (call,) = scene.aws.converse.calls.wait_for(list)
        assert call.events == []
    scene.becomes_idle()


@pytest.mark.check("C07")
def test_each_piece_of_the_model_is_a_piece_of_the_text(scene: Scene) -> None:
    run = scene.run(asking("hello"), says("One two three four.", pause_seconds=0.05))
    assert run.all("TEXT_MESSAGE_CONTENT", "delta") == ["One", " two", " three", " four."]
    assert len([read for read in run.reads if b"TEXT_MESSAGE_CONTENT" in read]) > 1


@pytest.mark.feature("usage")
@pytest.mark.check("C67")
def test_usage_adds_up_and_counts_cached_tokens_as_input(scene: Scene) -> None:
    usage = Usage(20, 10, cache_read_tokens=5, cache_write_tokens=7)
    run = scene.run(asking("hello"), says("Hi.", usage=usage))
    assert run.one("RUN_FINISHED")["usage"] == [
        {
            "inputTokens": 32,
            "outputTokens": 10,
            "totalTokens": 42,
            "cachedInputTokens": 5,
            "cacheWriteInputTokens": 7,
        }
    ]


@pytest.mark.check("C67")
def test_usage_says_nothing_of_what_the_model_does_not_count(scene: Scene) -> None:
    run = scene.run(asking("hello"), says("Hi.", usage=Usage(3, 4)))
    (usage,) = run.one("RUN_FINISHED")["usage"]
    assert usage == {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}


@pytest.mark.check("C68")
def test_text_of_any_script_arrives_unchanged_both_ways(scene: Scene) -> None:
    run = scene.run(asking(SCRIPTS), says(SCRIPTS))
    assert run.text == SCRIPTS
    assert run.messages[-1]["content"] == SCRIPTS
    (body,) = scene.shown()
    assert said_to(body) == [{"text": SCRIPTS}]


ODD = [
    "../../out",
    "/etc/passwd",
    "a/b\\c",
    "x" * 4000,
    "\"quoted'",
    "👩‍👩‍👧‍👦",
    "",
    " ",
    "a\nb",
    "..",
]


@pytest.mark.check("C70")
@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_ids_are_echoed_or_refused_and_name_no_file(scene: Scene, odd: str) -> None:
    asked = asking("hello") | {"threadId": odd, "runId": odd}
    run = scene.run(asked, sends=json.dumps(asked), may_fail=True)
    if run.failure is None:
        ends = [(end["threadId"], end["runId"]) for end in (run.told[0], run.told[-1])]
        assert (ends, run.outcome) == ([(odd, odd)] * 2, {"type": "success"})
    else:
        assert run.failure["status"] == 400
    folder = scene.log.parent
    assert {each.name for each in folder.iterdir()} == {"log", "store"}
    names = {each.name for each in (folder / "store").rglob("*")}
    assert [name for name in names if not re.fullmatch(r"[0-9a-f]{2,}(\.\w+)?", name)] == []
