//! The vocabulary that every other room speaks: no I/O, no async.

mod cron;
mod duration;
mod event;
mod failure;
mod flow;
mod function;
mod id;
mod journal;
mod json;
mod mail;
mod pace;
mod request;
mod retry;
mod run;
mod schedule;
mod sessions;
mod time;

pub use cron::{BadCron, Cron};
pub use duration::{BadDuration, duration_text, read_duration};
pub use event::{Event, EventError};
pub use failure::{Cause, Failure, Kind, RetryAdvice};
pub use flow::{
    Batch, Concurrency, Debounce, Door, Flow, Gather, HeldBy, Place, RateLimit, Scope, Singleton, SingletonMode, Terms,
    Throttle, Throttled,
};
pub use function::{CancelOn, Definition, DefinitionError, FunctionKey, Role, Timeouts, Trigger, same_field};
pub use id::{BadId, BulkRetryId, CancellationId, Digest, EventId, IdSource, Namespace, PluginName, RunId};
pub use journal::{Awaited, Entry, OpKey, Record, awaited};
pub use json::{BadJson, Json, read as read_json};
pub use mail::Mail;
pub use pace::{Arrival, LimitKey, Pace, arrives};
pub use request::{BadRequest, Redirects, Request, Response};
pub use retry::{Backoff, RetryOptions, RetryPolicy};
pub use run::{Ended, Invoker, NewRun, Outcome, Status};
pub use schedule::{Occurrence, Schedule};
pub use time::{Clock, Millis, SystemClock};
