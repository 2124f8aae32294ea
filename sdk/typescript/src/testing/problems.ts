// Errors for what the kit cannot do for a test, told to the test and never to the function.

/** A mistake that the test has to mend. The host's methods throw it; the function that runs does not see it. */
export class TestKitError extends Error {
  override name = 'TestKitError';
}

/** An operation that is answered from outside, and of which the test has not said what it comes to. */
export class NotMockedError extends TestKitError {
  override name = 'NotMockedError';
}

/** A question that only the real host can decide, such as an expression. */
export class NeedsRealHostError extends TestKitError {
  override name = 'NeedsRealHostError';
}

/** An event that has started no run and that none has waited for. */
export class NobodyHeardError extends TestKitError {
  override name = 'NobodyHeardError';
}
