"""What the kit cannot do for a test, told to the test and never to the function."""


class TestKitError(Exception):
    """What a test has to mend. It comes out of the host's methods; the function that runs does not see it."""

    __test__ = False  # nothing that pytest should collect


class NotMockedError(TestKitError):
    """An operation that is answered from outside, and of which the test has not said what it comes to."""


class NeedsRealHostError(TestKitError):
    """What only the real host can decide, such as an expression."""


class NobodyHeardError(TestKitError):
    """An event that has started no run and that none has waited for."""
