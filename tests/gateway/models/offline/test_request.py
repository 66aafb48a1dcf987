from gateway.models.offline.request import Request


def test_everything_in_a_request_is_read_from_the_same_text() -> None:
    request = Request('Add "6 times 7" on 2027-01-01 for 5 km in m in Rome')
    assert [value for value, _, _ in request.numbers] == [6, 7, 5]
    assert [mention.value for mention in request.dates] == ["2027-01-01"]
    assert [mention.value for mention in request.quoted] == ["6 times 7"]
    assert request.arithmetic is not None
    assert request.quantity is not None
    place = request.place(())
    assert place is not None
    assert (request.arithmetic.expression, request.quantity.unit.value) == ("6 * 7", "km")
    assert request.text[place.start : place.end] == "Rome"


def test_words_that_are_signs_in_a_calculation_are_known() -> None:
    request = Request("times 6 times 7")
    assert [request.is_operator(token) for token in request.read] == [False, False, True, False]
    assert not any(Request("no sum at times").is_operator(token) for token in request.read)


def test_writing_down_is_making_a_note() -> None:
    assert Request("Jot it down: milk").text == "note: milk"
