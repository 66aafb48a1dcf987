from gateway.cli.finding import Finding, shown


def test_findings_are_aligned_one_line_each() -> None:
    findings = [
        Finding("ok", "Python", "3.12"),
        Finding("fail", "text model", "no\nsuch \x1bmodel", "choose another"),
        Finding("warn", "x", "y"),
    ]
    assert shown(findings) == (
        "ok    Python      3.12\n"
        "fail  text model  no such model -> choose another\n"
        "warn  x           y"
    )


def test_nothing_found_shows_nothing() -> None:
    assert shown([]) == ""
