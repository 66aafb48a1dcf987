from gateway.cli.printable import one_line, printable


def test_control_characters_never_reach_the_terminal() -> None:
    assert printable("a\x1b[2Jb\x07\x9bc\r\nd\te") == "a[2Jbc\nd\te"


def test_words_of_every_language_pass() -> None:
    assert printable("naïve – 東京 🙂\u00a0") == "naïve – 東京 🙂\u00a0"


def test_one_line_holds_all_words() -> None:
    assert one_line(" a\n\n b\tc\x1b ") == "a b c"
