"""Errors for what the kit cannot do for a test, told to the test and never to the function."""


class TestKitError(Exception):
    """A mistake that the test has to mend. The host's methods throw it; the function that runs does not see it."""

    __test__ = False  # nothing that pytest should collect


class NotMockedError(TestKitError):
    """An operation that is answered from outside, and of which the test has not said what it comes to."""


class NeedsRealHostError(TestKitError):
    """A question that only the real host can decide, such as an expression."""


class NobodyHeardError(TestKitError):
    """An event that has started no run and that none has waited for."""
