"""The base of all settings: pydantic models that know their keys, change never, and convert nothing silently."""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

Item = TypeVar("Item")


class StrictModel(BaseModel):
    """Settings without unknown keys. Numbers are finite; text is no number, and true is not 1."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True)


def _without_repeats(values: list[Any]) -> list[Any]:
    seen = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{value} is repeated in it")
        seen.add(value)
    return values


# A list in which nothing stands twice.
Distinct = Annotated[list[Item], AfterValidator(_without_repeats)]
