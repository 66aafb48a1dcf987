"""The 1.0 schema of AG-UI as the judge of single events: the models generated from it."""

from collections.abc import Iterator, Mapping
from typing import Any

from ag_ui.core import Event
from pydantic import BaseModel, TypeAdapter

_EVENT: TypeAdapter[Any] = TypeAdapter(Event)


def check(event: Mapping[str, Any]) -> None:
    """Fail when an event is malformed, has members nobody knows, or a null for what is absent."""
    model = _EVENT.validate_python(event)
    assert list(_unknown(model, event["type"])) == []
    # Dumping leaves out optional members that are null.
    assert model.model_dump(mode="json", by_alias=True, exclude_unset=True) == event


def _unknown(value: Any, place: str) -> Iterator[str]:
    """The members that the schema does not have."""
    if isinstance(value, BaseModel):
        yield from (f"{place}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{place}.{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _unknown(each, f"{place}[{index}]")
