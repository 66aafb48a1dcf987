import pytest

from gateway.models.offline.memory import (
    MAXIMUM_PARTS,
    asked,
    background_facts,
    name_of,
    noted,
    recall,
    told,
)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("My name is David.", "Nice to meet you, David."),
        ("my name is david", "Nice to meet you, David."),
        ("my name's Bob", "Nice to meet you, Bob."),
        ("hi, I’m David", "Nice to meet you, David."),
        ("call me Al", "Nice to meet you, Al."),
        ("this is Ann speaking", "Nice to meet you, Ann."),
        ("I am tired", "I will remember that you are tired."),
        ("I am 30 years old", "I will remember that you are 30 years old."),
        ("I'm from New York", "I will remember that you are from New York."),
        ("I was born in Rome", "I will remember that you were born in Rome."),
        ("I like my dog", "I will remember that you like your dog."),
        ("my dog's name is Rex", "I will remember that your dog's name is Rex."),
        ("remember that my car is red", "I will remember that your car is red."),
        ("my kids are Tom and Ann", "I will remember that your kids are Tom and Ann."),
        ("My dog is called Rex", "I will remember that your dog is Rex."),
        (
            "My name is Ann, my favourite colour is blue and I live in Paris",
            "Nice to meet you, Ann. "
            "I will remember that your favourite colour is blue and you live in Paris.",
        ),
        ("I have a question", ""),
        ("Is my name David?", ""),
        ("my name is David?", ""),
        ("what is my name", ""),
        ("", ""),
    ],
)
def test_what_is_told_is_noted(text: str, answer: str) -> None:
    assert noted(told(text)) == answer


@pytest.mark.parametrize(
    ("told_before", "question", "answer"),
    [
        ("My name is David.", "What is my name?", "Your name is David."),
        ("my name is david", "who am I", "Your name is David."),
        ("My name is Ann. My name is Eve.", "do you know my name", "Your name is Eve."),
        (
            "My favourite colour is blue",
            "what's my favorite color?",
            "Your favourite colour is blue.",
        ),
        ("I live in Paris", "where do I live", "You live in Paris."),
        ("I like pizza", "what do I like", "You like pizza."),
        ("I am 30 years old", "how old am I", "You are 30 years old."),
        ("I'm from Rome", "where am I from", "You are from Rome."),
        ("I was born in Rome", "where was I born", "You were born in Rome."),
        ("I grew up in Rome", "where did I grow up", "You grew up in Rome."),
        ("I am tired", "what am I", "You are tired."),
        ("My dog is called Rex", "what is my dog called", "Your dog is Rex."),
        ("My dog is called Rex", "what is my dog's name", "Your dog is Rex."),
        ("My name is David", "what is my dog's name", None),
        ("My name is Al. I like tea.", "what do you know about me", None),
        ("", "what do you know about me", None),
    ],
)
def test_what_was_told_is_recalled(told_before: str, question: str, answer: str | None) -> None:
    wanted = asked(question)
    assert wanted is not None
    if wanted.about is None and told_before:
        answer = "You told me that your name is Al and you like tea."
    assert recall(told(told_before), wanted) == answer


@pytest.mark.parametrize("text", ["what time is it in my city hall", "hello", "my name is David"])
def test_other_sentences_ask_for_nothing_remembered(text: str) -> None:
    assert asked(text) is None


@pytest.mark.parametrize(
    ("question", "subject"),
    [("where was I born", "where you were born"), ("what's my Name", "your name")],
)
def test_a_question_can_be_said_back(question: str, subject: str) -> None:
    wanted = asked(question)
    assert wanted is not None
    assert wanted.subject == subject


@pytest.mark.parametrize(
    ("background", "name"),
    [
        ("The user's name is David.", "David"),
        ("Be kind.\nUser name: David\nLanguage: en", "David"),
        ("userName: David", "David"),
        ('The profile: {"name": "David", "city": "Rome"}', "David"),
        ("The user is called David. Be nice.", "David"),
        ("The name of the user is David", "David"),
        ("You are a helpful assistant.", ""),
        ("The user: ", ""),
        ("the: thing\nuser's name: '.'", ""),
    ],
)
def test_the_background_may_tell_the_name(background: str, name: str) -> None:
    assert name_of(background_facts(background)) == name


def test_the_users_words_come_after_the_background() -> None:
    facts = background_facts("The user's city is Rome") + told("my city is Paris")
    wanted = asked("what is my city")
    assert wanted is not None
    assert recall(facts, wanted) == "Your city is Paris."


def test_work_on_one_text_is_bounded() -> None:
    assert len(told("my a is b. " * 10_000)) <= MAXIMUM_PARTS + 1
