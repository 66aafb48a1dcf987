"""What a new connection is told and asked."""

from typing import Any

from strands.types.tools import ToolResultBlock

from gateway.models.nova_sonic.history import known, told_as_text, unanswered


def message(role: str, *texts: str, status: str | None = None) -> Any:
    made: dict[str, Any] = {"role": role, "content": [{"text": text} for text in texts]}
    if status is not None:
        made["metadata"] = {"custom": {"bidi": {"kind": "transcript", "status": status}}}
    return made


ASKED = message("user", "Who?")
ANSWERED = message("assistant", "Ada.", status="complete")
DISPATCH: Any = {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": []}}]}


def test_words_that_nobody_knows_are_left_out() -> None:
    lost = message("assistant", "[Transcript unavailable.]", status="incomplete")
    assert known([ASKED, lost, ANSWERED]) == [ASKED, ANSWERED]


def test_a_question_without_an_answer_is_split_off() -> None:
    again = message("user", "And", "when?")
    assert unanswered([ASKED, ANSWERED, ASKED, again]) == ([ASKED, ANSWERED], "Who?\nAnd\nwhen?")


def test_what_holds_no_words_is_no_answer() -> None:
    empty = message("assistant", status="pending")
    assert unanswered([ANSWERED, ASKED, empty, DISPATCH]) == ([ANSWERED], "Who?")


def test_an_answered_question_stays() -> None:
    assert unanswered([ASKED, ANSWERED]) == ([ASKED, ANSWERED], "")
    assert unanswered([]) == ([], "")


def test_results_of_tools_are_written_as_data() -> None:
    use: Any = {"toolUseId": "t", "name": "clock", "input": {"zone": "Zürich"}}
    content: Any = [{"text": "noon"}, {"json": {"hour": 12}}, {"image": {}}]
    result = ToolResultBlock(tool_use_id="t", status="success", content=content)
    empty = ToolResultBlock(tool_use_id="t", status="error", content=[])
    lines = told_as_text([(use, result), (use, empty)]).splitlines()
    assert lines[2:] == [
        "Tool: clock",
        'Arguments: {"zone": "Zürich"}',
        "Status: success",
        "Result: noon",
        '{"hour": 12}',
        "something that is no text",
        "",
        "Tool: clock",
        'Arguments: {"zone": "Zürich"}',
        "Status: error",
        "Result: nothing",
    ]
