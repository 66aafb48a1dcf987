from gateway.models.offline.language import stem
from gateway.models.offline.toolbox import Tool, tool_of


def weather() -> Tool:
    return tool_of(
        "current_weather",
        'Tell the forecast of a place, such as "storm in Rome".',
        {
            "properties": {
                "town": {"type": "string", "description": "Name of the village"},
                "units": {"enum": ["celsius", "kelvin"]},
            }
        },
    )


def test_words_weigh_by_where_they_stand() -> None:
    weights = weather().weights
    assert [weights.get(stem(word)) for word in ("weather", "kelvin", "town", "village")] == [
        3.0,
        1.5,
        0.8,
        0.5,
    ]


def test_words_of_nearly_every_tool_and_examples_hardly_count() -> None:
    weights = weather().weights
    assert (weights[stem("current")], stem("storm") in weights) == (1.0, False)


def test_a_tool_knows_its_name() -> None:
    tool = weather()
    assert (tool.spoken, tool_of("工具", "", {}).spoken) == ("current weather", "工具")
    assert tool.is_named_in("please call CURRENT_WEATHER now")
    assert not tool.is_named_in("the current weather")
    assert not tool_of("weather", "", {}).is_named_in("the weather")


def test_tools_that_change_something_are_known_by_their_names() -> None:
    assert [tool_of(name, "", {}).is_changing for name in ("add_note", "list_notes")] == [
        True,
        False,
    ]
