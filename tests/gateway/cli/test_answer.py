from gateway.cli.answer import Answer, answer_of, report
from gateway.cli.listening import Listener, ToolUse
from gateway.cli.received import SessionOpened, TextAdded, TextStarted


def test_a_report_shows_transcripts_tools_and_latencies() -> None:
    answer = Answer(
        session_id="s-1",
        model="offline",
        question="What is 42 times 17?",
        reply="Let me see.\nIt is 714.",
        tool_uses=(ToolUse("calculator", '{"expression": "42*17"}', "-> 714"),),
        latencies=(("connected", 0.0123), ("end to end", 12.3456)),
        figures=(
            ("userStopToAudioMs", 812.4),
            ("lossUpPercent", 9.87),
            ("underruns", 2.0),
            ("path", "host"),
        ),
    )
    assert report(answer) == (
        "You:   What is 42 times 17?\n"
        'Tool:  calculator {"expression": "42*17"} -> 714\n'
        "Agent: Let me see.\n"
        "       It is 714.\n"
        "\n"
        "  connected        12 ms\n"
        "  end to end   12,346 ms\n"
        "\n"
        "As the gateway measured it:\n"
        "  userStopToAudioMs      812 ms\n"
        "  lossUpPercent           9.9 %\n"
        "  underruns                   2\n"
        "  path                     host\n"
        "\n"
        "Session s-1 offline"
    )


def test_what_was_not_said_is_shown_as_nothing() -> None:
    answer = Answer(session_id="s", question="", reply="a\x1b[2J")
    assert report(answer) == "You:   (nothing)\nAgent: a[2J\n\n\nSession s"


def test_an_answer_is_what_a_listener_heard() -> None:
    listener = Listener()
    for event in (SessionOpened("s", "m"), TextStarted("a"), TextAdded("a", "Hi")):
        listener.hear(event, 0.0)
    assert answer_of(listener, {"connected": 1.0}, b"\1\0", 8_000) == Answer(
        session_id="s",
        model="m",
        question="",
        reply="Hi",
        latencies=(("connected", 1.0),),
        pcm=b"\1\0",
        sample_rate=8_000,
    )
