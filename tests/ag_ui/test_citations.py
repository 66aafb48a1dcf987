"""Citations: on the message that rests on them, on every way."""

import pytest

from tests.ag_ui.scene import Scene, asking, going_on, said_to
from tests.emulators.converse.scripts import CitedText, Reply, Text, says

pytestmark = pytest.mark.slow

PAGE = {
    "title": "Atlas",
    "location": {"documentPage": {"documentIndex": 0, "start": 2, "end": 3}},
    "sourceContent": [{"text": "Paris is a city."}],
}
ANSWER = Reply((Text("🗼 It is "), CitedText("in Paris", (PAGE,)), Text(".")))
SHOWN = {
    "title": "Atlas",
    "location": {"type": "documentPage", "documentIndex": 0, "start": 2, "end": 3},
    "sourceContent": [{"text": "Paris is a city."}],
    "textOffset": 17,
}


def test_a_citation_is_metadata_of_its_message_and_stays_there(scene: Scene) -> None:
    asked = asking("Where is it?")
    run = scene.run(asked, ANSWER)
    (_, answer) = run.messages
    assert answer["content"] == "🗼 It is in Paris."
    assert answer["metadata"]["citations"] == [SHOWN]
    after = scene.run(going_on(asked, run, "Sure?"), says("Yes."))
    assert after.messages[1] == answer
    assert {"text": "🗼 It is in Paris."} in said_to(scene.shown()[1])


def test_what_was_cited_on_another_wire_is_shown_with_its_sources(scene: Scene) -> None:
    scene.plays(ANSWER)
    asked = asking("Sure?")
    prompt = {"prompt": "Where is it?", "session_id": asked["threadId"]}
    assert scene.post(prompt).json()["response"] == "🗼 It is in Paris."
    run = scene.run(asked, says("Yes."))
    (cited,) = [each for each in run.messages if "metadata" in each]
    assert (cited["content"], cited["metadata"]["citations"]) == ("🗼 It is in Paris.", [SHOWN])
