from gateway.cli.received import (
    MessagesSnapshot,
    Outcome,
    Question,
    Received,
    RunFinished,
    RunStarted,
    TextAdded,
    TextEnded,
    TextStarted,
    ToolCallArguments,
    ToolCallEnded,
    ToolCallResult,
    ToolCallStarted,
)
from gateway.cli.run_text import RESULT_LENGTH, RunText


def shown(*events: Received) -> str:
    text = RunText()
    return "".join(text.show(event) for event in events)


def test_a_tool_call_stands_on_lines_of_its_own() -> None:
    assert (
        shown(
            RunStarted("t", "r"),
            TextStarted("a"),
            TextAdded("a", "Let me"),
            TextAdded("a", " see."),
            ToolCallStarted("c", "calculator", "a"),
            ToolCallArguments("c", '{"expression": '),
            ToolCallArguments("c", '"42 * 17"}'),
            ToolCallEnded("c"),
            ToolCallResult("m", "c", "714"),
            TextStarted("b"),
            TextAdded("b", "It is 714."),
            TextEnded("b"),
            RunFinished(),
        )
        == 'Let me see.\n[calculator {"expression": "42 * 17"}]\n[calculator -> 714]\nIt is 714.\n'
    )


def test_a_failed_tool_says_so_and_parts_are_shown_as_json() -> None:
    failed = ToolCallResult("m", "c", [{"type": "text"}], {"gateway": {"error": True}})
    assert (
        shown(ToolCallStarted("c", "t"), failed, ToolCallResult("n", "?", "x"))
        == '[t failed: [{"type":"text"}]]\n[tool -> x]\n'
    )


def test_a_long_result_is_cut() -> None:
    line = shown(ToolCallResult("m", "c", "x" * 2000))
    assert len(line) == RESULT_LENGTH + len("[...]\n")


def test_text_cannot_steer_the_terminal() -> None:
    assert shown(TextStarted("a"), TextAdded("a", "a\x1b[2Jb"), TextEnded("a")) == "a[2Jb\n"


def test_words_of_the_user_are_not_repeated() -> None:
    assert shown(TextStarted("u", "user"), TextAdded("u", "hi"), TextAdded("?", "x")) == ""


def test_a_run_that_did_not_succeed_says_how_it_ended() -> None:
    assert (
        shown(TextStarted("a"), TextAdded("a", "One"), RunFinished(Outcome("cancelled")))
        == "One\n[cancelled]\n"
    )


def test_a_line_feed_is_not_doubled() -> None:
    assert shown(TextStarted("a"), TextAdded("a", "One\n"), TextAdded("a", ""), RunFinished()) == (
        "One\n"
    )


def test_a_conversation_that_went_on_elsewhere_is_mentioned() -> None:
    assert "elsewhere" in shown(MessagesSnapshot([]))


def test_pieces_of_an_unknown_call_show_nothing() -> None:
    assert shown(ToolCallArguments("?", "x"), ToolCallEnded("?")) == ""


def test_an_open_line_can_be_ended() -> None:
    text = RunText()
    text.show(TextStarted("a"))
    text.show(TextAdded("a", "One"))
    assert (text.end_line(), text.end_line()) == ("\n", "")


def test_a_question_of_the_agent_is_shown_with_the_ways_to_answer() -> None:
    questions = [Question("q", "approval", "Really?"), Question("r", "approval")]
    assert shown(RunFinished(Outcome("interrupt", questions))) == (
        "[interrupt]\nReally? (yes, no, or an answer)\napproval (yes, no, or an answer)\n"
    )
