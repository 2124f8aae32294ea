// Tests functions in one's own test runner: they run in the test's process, on a host in memory, in virtual time.
export { TestHost, type TestHostOptions } from './host.js';
export type { LogLine, RecordedStep } from './journal.js';
export { NeedsRealHostError, NobodyHeardError, NotMockedError, TestKitError } from './problems.js';
export type { Run, RunStatus } from './run.js';
