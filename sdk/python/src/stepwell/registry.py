"""The registry: the functions that a component holds."""

from typing import Any

from . import raised
from .failure import Failure
from .function import Function
from .host import Failed, Host, Outcome, RunContext

functions: dict[str, Function[Any, Any]] = {}
"""The plugin's functions, by their ids."""


class UnknownFunctionError(Exception):
    """A function that the host asks for and that the plugin has not."""


def plugin(*members: Function[Any, Any]) -> None:
    """Makes a plugin of these functions. Called once, at the end of the module that is built.

    >>> plugin(import_images, report_failures)
    """
    for member in members:
        if not isinstance(member, Function):
            raise TypeError(f"a plugin is made of functions, decorated with `@function(…)`, not of {member!r}")
        if functions.setdefault(member.id, member) is not member:
            raise ValueError(f'two functions of the plugin have the id "{member.id}"')


def run(entered: RunContext, host: Host) -> Outcome:
    """Enters the function that the context names."""
    if member := functions.get(entered.function_id):
        return member.run(entered, host)
    return _unknown("function", entered)


def handle_failure(entered: RunContext, error: Failure, host: Host) -> Outcome:
    """Enters the failure handler of the function that the context names."""
    member = functions.get(entered.function_id)
    if member and member.has_failure_handler:
        return member.handle_failure(entered, error, host)
    return _unknown("failure handler of function", entered)


def _unknown(what: str, entered: RunContext) -> Outcome:
    message = f'failed to find {what} "{entered.function_id}" in this plugin'
    return Failed(raised.of_body(UnknownFunctionError(message)))
