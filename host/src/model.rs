//! The vocabulary that every other room speaks: no I/O, no async.

mod cron;
mod duration;
mod event;
mod failure;
mod function;
mod id;
mod journal;
mod json;
mod retry;
mod run;
mod schedule;
mod time;

pub use cron::{BadCron, Cron};
pub use duration::{BadDuration, duration_text, read_duration};
pub use event::{Event, EventError};
pub use failure::{Cause, Failure, Kind, RetryAdvice};
pub use function::{Definition, DefinitionError, FunctionKey, Role, Trigger};
pub use id::{BadId, Digest, EventId, IdSource, Namespace, PluginName, RunId};
pub use journal::{Entry, OpKey, Record};
pub use json::{BadJson, Json};
pub use retry::RetryPolicy;
pub use run::{Ended, NewRun, Outcome, Status};
pub use schedule::{Occurrence, Schedule};
pub use time::{Clock, Millis, SystemClock};
