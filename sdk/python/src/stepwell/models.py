"""Models: plain JSON read as the types that the code asks for."""

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import (
    Any,
    Literal,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)
from uuid import UUID

from .errors import DeserializeError

_TEXTS: dict[type, Callable[[str], Any]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    UUID: UUID,
    Decimal: Decimal,
}

# What reading annotations may raise: such as a name that is there for type checkers alone.
_UNREADABLE = (NameError, TypeError, ValueError, SyntaxError, AttributeError)


def read(wanted: Any, value: Any, whose: str) -> Any:
    """A value as `wanted`; `whose` names it in the error.

    Dataclasses (unknown fields are left out), pydantic's models, enums, dates and the like; anything else stays as it
    is.
    """
    try:
        return _read(wanted, value, {})
    except Exception as error:
        raise DeserializeError(f"failed to read {whose} as {_name(wanted)}: {error}") from error


def returned(function: Callable[..., Any]) -> Any:
    """The annotated return type of a function; `Any` without an annotation."""
    if isinstance(function, type):
        return function
    try:
        return inspect.get_annotations(inspect.unwrap(function), eval_str=True).get("return", Any)
    except _UNREADABLE:
        return Any


def taken(function: Callable[..., Any], count: int) -> list[Any]:
    """The annotated types of a function's first arguments, by their places; `Any` without an annotation."""
    said: list[Any] = []
    try:
        for parameter in inspect.signature(function, eval_str=True).parameters.values():
            annotation = Any if parameter.annotation is parameter.empty else parameter.annotation
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                said.append(annotation)
            elif parameter.kind is parameter.VAR_POSITIONAL:
                said += [annotation] * count
    except _UNREADABLE:
        pass
    return (said + [Any] * count)[:count]


def _read(wanted: Any, value: Any, variables: Mapping[Any, Any]) -> Any:
    wanted = variables.get(wanted, Any) if isinstance(wanted, TypeVar) else wanted
    if wanted is None or wanted is type(None):
        return _expect(value, type(None))
    if isinstance(wanted, type) and not get_args(wanted):
        return _read_class(wanted, value, {})
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        return _read_union(arguments, value, variables)
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{value!r} is not one of {', '.join(map(repr, arguments))}")
        return value
    if origin in (Required, NotRequired):
        return _read(arguments[0], value, variables)
    if isinstance(origin, type):
        return _read_generic(origin, arguments, value, variables)
    return value


def _read_class(wanted: type, value: Any, variables: Mapping[Any, Any]) -> Any:
    if callable(own := getattr(wanted, "__stepwell_read__", None)):
        return own(value)
    if callable(validate := getattr(wanted, "model_validate", None) or getattr(wanted, "parse_obj", None)):
        return validate(value)
    if validator := getattr(wanted, "__pydantic_validator__", None):  # pydantic's dataclasses
        return validator.validate_python(value)
    if is_typeddict(wanted):
        hints = get_type_hints(wanted)
        return {name: _at(name, hints.get(name, Any), field, {}) for name, field in _expect(value, dict).items()}
    if is_dataclass(wanted):
        return _read_dataclass(wanted, value, variables)
    if issubclass(wanted, Enum):
        return wanted(value)
    if wanted is timedelta:
        return timedelta(seconds=_expect(value, int, float))
    if issubclass(wanted, PurePath):
        return wanted(_expect(value, str))
    if parse := _TEXTS.get(wanted):
        return parse(_expect(value, str))
    if wanted is float:
        return float(_expect(value, int, float))
    if wanted is int and isinstance(value, float) and value.is_integer():
        return int(value)  # to JSON 5.0 and 5 are one number
    if wanted in (str, int, bool, list, dict):
        return _expect(value, wanted)
    return tuple(_expect(value, list)) if wanted is tuple else value


def _read_dataclass(wanted: Any, value: Any, variables: Mapping[Any, Any]) -> Any:
    given, hints = _expect(value, dict), get_type_hints(wanted)
    arguments = {}
    for field in fields(wanted):
        if not field.init:
            continue
        if field.name in given:
            arguments[field.name] = _at(field.name, hints[field.name], given[field.name], variables)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f'"{field.name}" is missing')
    return wanted(**arguments)


def _read_generic(origin: type, arguments: tuple[Any, ...], value: Any, variables: Mapping[Any, Any]) -> Any:
    if is_dataclass(origin):
        parameters = getattr(origin, "__parameters__", ())
        inner = {
            variable: _resolved(argument, variables) for variable, argument in zip(parameters, arguments, strict=True)
        }
        return _read_dataclass(origin, value, inner)
    if issubclass(origin, tuple):
        return _read_tuple(arguments, _expect(value, list), variables)
    if issubclass(origin, Mapping):
        return {key: _at(key, arguments[1], item, variables) for key, item in _expect(value, dict).items()}
    if issubclass(origin, Sequence | set | frozenset):
        items = [_at(str(n), arguments[0], item, variables) for n, item in enumerate(_expect(value, list))]
        return origin(items) if issubclass(origin, set | frozenset) else items
    return _read_class(origin, value, variables)


def _read_tuple(arguments: tuple[Any, ...], items: list[Any], variables: Mapping[Any, Any]) -> tuple[Any, ...]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = (arguments[0],) * len(items)
    if len(arguments) != len(items):
        raise ValueError(f"there are {len(items)} items, not {len(arguments)}")
    pairs = zip(arguments, items, strict=True)
    return tuple(_at(str(n), wanted, item, variables) for n, (wanted, item) in enumerate(pairs))


def _read_union(alternatives: tuple[Any, ...], value: Any, variables: Mapping[Any, Any]) -> Any:
    problems = []
    for alternative in alternatives:
        try:
            return _read(alternative, value, variables)
        except Exception as error:
            if alternative is not type(None):
                problems.append(str(error))
    raise ValueError("; ".join(problems))


def _at(name: str, wanted: Any, value: Any, variables: Mapping[Any, Any]) -> Any:
    try:
        return _read(wanted, value, variables)
    except Exception as error:
        raise ValueError(f'"{name}": {error}') from error


def _resolved(argument: Any, variables: Mapping[Any, Any]) -> Any:
    return variables.get(argument, Any) if isinstance(argument, TypeVar) else argument


def _expect(value: Any, *kinds: type) -> Any:
    # To Python `True` is an `int`; to JSON it is no number.
    if isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds):
        return value
    raise ValueError(f"{value!r} is not {' or '.join(_name(kind) for kind in kinds)}")


def _name(wanted: Any) -> str:
    return wanted.__name__ if isinstance(wanted, type) and not get_args(wanted) else str(wanted)
