//! Every bound in the system, named, with its reason.

use std::time::Duration;

/// Names of namespaces, plugins and functions: they stand in URLs, file names and composite ids.
pub const NAME_MAX_CHARS: usize = 128;
/// A function's name for people.
pub const DISPLAY_NAME_MAX_BYTES: usize = 512;

/// An event as sent. Inngest's absolute limit.
pub const EVENT_MAX_BYTES: usize = 3 << 20;
/// Events in one request. Inngest's.
pub const EVENTS_PER_REQUEST_MAX: usize = 5_000;
/// A request's body: as many events as fit here, whatever their number.
pub const REQUEST_MAX_BYTES: usize = 32 << 20;
/// Inngest's.
pub const EVENT_NAME_MAX_BYTES: usize = 512;
/// The year 1980, in milliseconds. Inngest's.
pub const EVENT_TIME_MIN: i64 = 315_532_800_000;
/// The year 2100, in milliseconds. Inngest's.
pub const EVENT_TIME_MAX: i64 = 4_102_444_800_000;
/// Inngest's.
pub const SESSIONS_PER_EVENT_MAX: usize = 5;
/// Inngest's.
pub const SESSION_KEY_MAX_BYTES: usize = 128;
/// Inngest's.
pub const SESSION_ID_MAX_BYTES: usize = 512;

/// Inngest's.
pub const SIGNAL_NAME_MAX_BYTES: usize = 512;
/// Inngest's.
pub const CANCEL_ON_MAX: usize = 5;
/// Inngest's.
pub const RATE_PERIOD_MAX_MS: u64 = 24 * 3_600 * 1_000;
/// How long a value of a function's `idempotency` keeps it from being started again. Inngest's.
pub const IDEMPOTENCY_MS: u64 = 24 * 3_600 * 1_000;
/// Entries in a function's `concurrency`. Inngest's.
pub const CONCURRENCY_MAX: usize = 2;
/// Inngest's.
pub const THROTTLE_PERIOD_MIN_MS: u64 = 1_000;
/// Seven days. Inngest's.
pub const THROTTLE_PERIOD_MAX_MS: u64 = 7 * 24 * 3_600 * 1_000;
/// Inngest's.
pub const DEBOUNCE_MIN_MS: u64 = 1_000;
/// Seven days. Inngest's.
pub const DEBOUNCE_MAX_MS: u64 = 7 * 24 * 3_600 * 1_000;
/// Events of one batch. Inngest's default.
pub const BATCH_SIZE_MAX: u64 = 100;
/// A batch whose events have so many bytes together takes no more. Inngest's.
pub const BATCH_MAX_BYTES: usize = 10 << 20;
/// Inngest's.
pub const BATCH_TIMEOUT_DEFAULT_MS: u64 = 60_000;
/// Inngest's.
pub const BATCH_TIMEOUT_MIN_MS: u64 = 1_000;
/// Inngest's.
pub const BATCH_TIMEOUT_MAX_MS: u64 = 10 * 60 * 1_000;
/// Twelve hours. Inngest's: more counts as this much.
pub const PRIORITY_MAX_S: i32 = 43_200;
/// The part of a key's value that people are shown.
pub const KEY_SHOWN_MAX_BYTES: usize = 128;
/// Runs in memory that wait for a place or for their pace, about 200 bytes each; more are read back when these have
/// gone.
pub const HELD_MAX: usize = 200_000;
/// Inngest's.
pub const TRIGGERS_MAX: usize = 10;
/// Inngest's.
pub const TRIGGER_NAME_MAX_BYTES: usize = 255;
/// A schedule in cron's notation: all numbers of all fields fit.
pub const CRON_MAX_BYTES: usize = 255;
/// Inngest's.
pub const JITTER_MIN_MS: u64 = 1_000;
/// Inngest's.
pub const JITTER_MAX_MS: u64 = 5 * 60 * 1_000;
/// An occurrence of a schedule that is later than this was missed: it runs, but those behind it are not made up for.
pub const CRON_LATE_MS: u64 = 60_000;
/// A filter expression: compiling one is work that a plugin can ask for.
pub const EXPRESSION_MAX_BYTES: usize = 4_096;
/// Levels of parentheses, operators and calls in an expression: each takes of the stack, when it is read and evaluated.
pub const EXPRESSION_DEPTH_MAX: usize = 64;
/// Steps of evaluating an expression, one for each operator or value: some milliseconds, since it is on the way of
/// every event.
pub const EXPRESSION_STEPS_MAX: usize = 100_000;
/// So many bytes of text that are compared, searched or copied count as a step. It bounds what an evaluation holds.
pub const EXPRESSION_STEP_BYTES: usize = 256;
/// So many bytes of JSON or of a pattern's text count as a step: each makes something larger than itself.
pub const EXPRESSION_STEP_PARSED_BYTES: usize = 16;
/// A regular expression in memory: for each byte of a text all of it may have to be looked at.
pub const EXPRESSION_PATTERN_MAX_BYTES: usize = 64 << 10;
/// Steps for compiling a regular expression that was not known before.
pub const EXPRESSION_PATTERN_STEPS: usize = 2_000;
/// Functions in one plugin: each costs a place in the index of triggers.
pub const FUNCTIONS_PER_PLUGIN_MAX: usize = 1_000;

/// Inngest's.
pub const RETRIES_DEFAULT: u32 = 4;
/// Inngest's; more counts as this many.
pub const RETRIES_MAX: u32 = 20;
/// Inngest registers failure functions with one retry.
pub const FAILURE_HANDLER_RETRIES: u32 = 1;
/// Inngest's.
pub const RETRY_DELAY_MIN_MS: u64 = 1_000;
/// Inngest's.
pub const RETRY_DELAY_MAX_MS: u64 = 24 * 3_600 * 1_000;
/// Inngest's: uniform, beside the table.
pub const RETRY_JITTER_MS: u64 = 30_000;

/// Operations in one run. Inngest's default.
pub const STEPS_PER_RUN_MAX: u32 = 1_000;
/// A step's result. Inngest's.
pub const STEP_OUTPUT_MAX_BYTES: usize = 4 << 20;
/// A function's result. Inngest's limit of a response.
pub const RUN_OUTPUT_MAX_BYTES: usize = 8 << 20;
/// All results of one run. Inngest's.
pub const RUN_STATE_MAX_BYTES: usize = 32 << 20;
/// An operation's id.
pub const STEP_ID_MAX_BYTES: usize = 1_024;
/// 366 days. Inngest's.
pub const SLEEP_MAX_MS: u64 = 366 * 24 * 3_600 * 1_000;

/// An error's name or code.
pub const ERROR_NAME_MAX_BYTES: usize = 1_024;
/// An error's message: a million characters reach the handler whole (vector A28).
pub const ERROR_MESSAGE_MAX_BYTES: usize = 4 << 20;
/// An error's stack, and a cause's message.
pub const ERROR_STACK_MAX_BYTES: usize = 64 << 10;
/// An error's custom fields; larger ones are left out as a whole, because half a JSON text is invalid.
pub const ERROR_DETAILS_MAX_BYTES: usize = 256 << 10;
/// Links of the chain of causes.
pub const ERROR_CAUSES_MAX: usize = 32;

/// From this interruption on a run executes alone on its host, so that it takes no neighbour with it.
pub const INTERRUPTIONS_ALONE: u32 = 3;
/// How long such a run waits to be alone, and then how long it is: what kills its host does so soon, and steps that
/// take hours are not to hold up all other runs.
pub const ALONE_MS: u64 = 10_000;
/// At this interruption a run fails with kind `host`.
pub const INTERRUPTIONS_MAX: u32 = 10;

/// A component file.
pub const COMPONENT_MAX_BYTES: usize = 128 << 20;
/// Core instances that a component makes, counted through all nested components: 897 bytes can ask for 16 million.
/// Rust guests have 4, JavaScript 5 to 10, Python 16.
pub const COMPONENT_INSTANCES_MAX: u64 = 64;
/// Code bytes of all core modules. Python has 15 MB.
pub const COMPONENT_CODE_MAX_BYTES: usize = 48 << 20;
/// The body of a core function: the compiler's time grows faster than its size.
pub const COMPONENT_FUNCTION_MAX_BYTES: usize = 4 << 20;
/// Processor time of the child that compiles a component, in seconds.
pub const COMPILE_CPU_S: u64 = 120;
/// Address space of the child that compiles a component.
pub const COMPILE_MEMORY_BYTES: u64 = 4 << 30;
/// Wall time of the child that compiles a component, in seconds.
pub const COMPILE_WALL_S: u64 = 300;

/// Bytes that a guest may move to or from the host in one call: above our own limits, which speak clearly.
pub const HOSTCALL_MAX_BYTES: usize = 32 << 20;
/// Handles that an instance may hold (streams, requests, timers), a few hundred bytes each in the host's memory. A
/// response that is being read takes three.
pub const HANDLES_MAX: usize = 10_000;
/// Linear memories and tables of one instance, over all its core instances. Every guest known has one memory, two
/// tables.
pub const INSTANCE_MEMORIES_MAX: usize = 8;
/// See [`INSTANCE_MEMORIES_MAX`].
pub const INSTANCE_TABLES_MAX: usize = 16;
/// Entries of one table. C# guests have ten thousand.
pub const TABLE_ELEMENTS_MAX: usize = 65_536;
/// The engine's own bookkeeping for one instance, in the host's memory.
pub const INSTANCE_STATE_MAX_BYTES: usize = 4 << 20;
/// Of each place in the pool of instances this much stays in memory for the next guest. A run of Python writes 4 MiB.
pub const RESIDENT_BYTES: usize = 12 << 20;
/// Runs of adjacent written pages in a memory from which gaps between them are closed: the engine resets 32 runs in
/// place.
pub const RESIDENT_RUNS_MAX: usize = 29;
/// Gaps that are left then.
pub const RESIDENT_GAPS_LEFT: usize = 26;
/// How long after a guest has begun memories are looked at, as long as that changes something.
pub const RESIDENT_LOOK_MS: u64 = 100;
/// The same where nothing has changed for long.
pub const RESIDENT_LOOK_SELDOM_MS: u64 = 10_000;
/// And of each table.
pub const RESIDENT_TABLE_BYTES: usize = 64 << 10;
/// Random bytes that a plugin may draw in one call.
pub const RANDOM_MAX_BYTES: u64 = 1 << 20;
/// Header fields of one outbound request or of its response, in the host's memory.
pub const OUTBOUND_HEADERS_MAX_BYTES: usize = 128 << 10;
/// The cache of compiled code: what was not used for longest goes first. A Python plugin has 36 MiB.
pub const COMPILED_CACHE_MAX_BYTES: u64 = 4 << 30;
/// Components from this size on hold a language's engine, as all of TypeScript (12 MB) and Python (21 MB) do, whose
/// functions are compiled once for all. Below it, compiling is quicker than looking.
pub const COMPONENT_WITH_ENGINE_BYTES: usize = 4 << 20;
/// The functions that are kept for that: those of two engines and some versions of theirs.
pub const COMPILED_FUNCTIONS_MAX_BYTES: u64 = 512 << 20;
/// Output of the compiler's child process before it is cut off.
pub const COMPILER_WORDS_MAX_BYTES: u64 = 16 << 10;
/// Linear memory, tables included, of one instance, unless the plugin's configuration says otherwise.
pub const MEMORY_DEFAULT_BYTES: usize = 256 << 20;
/// Bounds of `describe`.
pub const DESCRIBE_MEMORY_BYTES: usize = 128 << 20;
/// How long `describe` may take, in milliseconds.
pub const DESCRIBE_DEADLINE_MS: u64 = 5_000;
/// How long one attempt of a step, or one stretch of the body, may take unless configured otherwise. Inngest's.
pub const DEADLINE_DEFAULT_MS: u64 = 2 * 3_600 * 1_000;
/// How often running guests are looked at: the granularity of deadlines.
pub const EPOCH_TICK_MS: u64 = 10;
/// Guests that compute at once beyond the processors: one more, since a guest may be waiting for the kernel.
pub const COMPUTING_BEYOND_CORES: usize = 1;
/// An instance that has computed for less than this goes before those of its plugin that have not begun: most end
/// within it, and few are alive at once.
pub const COMPUTES_LITTLE: Duration = Duration::from_millis(200);
/// Plugins whose computing time is remembered though they do nothing now.
pub const IDLE_LINES_MAX: usize = 1_024;
/// Memory of all instances together, where the system does not say how much memory there is.
pub const MEMORY_TOTAL_DEFAULT_BYTES: usize = 2 << 30;
/// The part of the total that is kept for plugins that hold less than this part: one in so many.
pub const MEMORY_TOTAL_KEPT: usize = 8;
/// The part of an instance's image that counts towards the total: one in so many. Instances share what they do not
/// write; measured, TypeScript writes a fifteenth of its image and Python an eighth.
pub const IMAGE_WRITTEN: usize = 4;
/// Steps run in one instance before it is replaced by a fresh one: scripting engines grow with each call.
pub const STEPS_PER_INSTANCE: u32 = 200;
/// Steps of one run executing at once, and fetches of one run.
pub const FAN_OUT_MAX: usize = 64;
/// A line of a run's log.
pub const LOG_LINE_MAX_BYTES: usize = 64 << 10;
/// Lines of one run's log; later ones are dropped and counted.
pub const LOG_LINES_PER_RUN_MAX: u32 = 10_000;
/// The part of an instance's stdout and stderr that is kept.
pub const STDIO_MAX_BYTES: usize = 256 << 10;
/// Outbound requests of one instance in flight at once.
pub const OUTBOUND_IN_FLIGHT_MAX: usize = 64;
/// Responses of one instance that are not read to their end, each with a connection: file descriptors are scarce. The
/// TypeScript SDK tells it to its users.
pub const OUTBOUND_OPEN_MAX: usize = 256;
/// How long a connection is kept for the plugin's next request, in milliseconds: many servers close it after 5 s, and a
/// request may cross with that.
pub const CONNECTION_IDLE_MS: u64 = 4_000;
/// Idle connections of one plugin.
pub const CONNECTIONS_IDLE_MAX: usize = 64;
/// The part of an encoded body that is decoded at once.
pub const DECODED_CHUNK_BYTES: usize = 16 << 10;
/// A URL that the host fetches: twice what most servers take.
pub const URL_MAX_BYTES: usize = 16 << 10;
/// Header fields of a request that the host makes for a run: what hyper reads of a response.
pub const FETCH_HEADERS_MAX: usize = 100;
/// Redirects that one fetch follows. Browsers'.
pub const REDIRECTS_MAX: usize = 20;
/// Fetches of all runs in flight at once: each may hold a few times [`STEP_OUTPUT_MAX_BYTES`] in the host's memory,
/// and a connection.
pub const FETCHES_MAX: usize = 512;
/// How long connecting to an outbound host may take, in milliseconds, unless the guest asks for less.
pub const OUTBOUND_CONNECT_MS: u64 = 10_000;

/// How long the record of a step that sent nothing may wait for company on its way to disk.
pub const RECORD_WAIT_MS: u64 = 10;
/// Commands that one commit takes at most.
pub const COMMIT_MAX_COMMANDS: usize = 1_024;
/// How often the lock of a data folder is tried, and the pause between two tries: half a second together.
pub const LOCK_TRIES: u32 = 10;
pub const LOCK_TRY_MS: u64 = 50;

/// Commands that may wait for the writer, in units of [`WRITER_QUEUE_UNIT_BYTES`], each at least one: 64 MiB. More wait
/// outside.
pub const WRITER_QUEUE_MAX: usize = 16_384;
/// The size that counts as one in the writer's queue.
pub const WRITER_QUEUE_UNIT_BYTES: usize = 4 << 10;
/// Runs ready to start that are held in memory; more are read back from disk when their turn comes.
pub const READY_IN_MEMORY_MAX: usize = 4_096;
/// Events that those runs hold in memory; the events of further ones are read when their turn comes.
pub const READY_BYTES_MAX: usize = 32 << 20;
/// After so many new runs the unended ones among them are listed, so that a start need not look at more.
pub const YOUNG_RUNS_MAX: u64 = 10_000;
/// How long a commit may wait for company while more than one run executes.
pub const COMPANY_WAIT_US: u64 = 300;
/// After so many such waits in vain the next is 2 to the power of it commits away: 2% of them then wait, which costs
/// each 5 µs.
pub const COMPANY_WAITS_IN_VAIN: u32 = 6;
/// How long an invocation waits for its callee unless told otherwise: 365 days.
pub const INVOKE_DEFAULT_MS: u64 = 365 * 24 * 60 * 60 * 1_000;
/// Ends that are kept in memory for followers who come late, and how long the output of such a run may be.
pub const RECENT_ENDS_MAX: usize = 256;
pub const RECENT_END_MAX_BYTES: usize = 4 << 10;
/// The write-ahead log is written back to the database when it has grown to this.
pub const WAL_MAX_BYTES: u64 = 2 << 20;
/// The write-ahead log is made this long at once, so that commits overwrite what is there: a file that grows costs a
/// sync about twice as much.
pub const WAL_RESERVED_BYTES: u64 = 3 << 20;
/// With relaxed durability: what a power loss may take, unless configured otherwise.
pub const RELAXED_SYNC_MS: u64 = 100;
/// Connections that read beside the writer.
pub const READERS_MAX: usize = 2;
/// How long a line of a run's log may wait for company on its way to disk.
pub const LOG_WAIT_MS: u64 = 250;
/// Log lines that wait to be written, for all runs; more are dropped and counted.
pub const LOG_BUFFER_MAX_BYTES: usize = 8 << 20;
/// How long a sender's event id keeps it from starting the same function again. Inngest's.
pub const SENDER_ID_MS: u64 = 24 * 3_600 * 1_000;
/// How long an event that is sent again under its seed is the same event: for longer than any client's own resending.
pub const SEED_MS: u64 = 24 * 3_600 * 1_000;
/// Rows that have served their time (senders' ids and seeds, paces of limits), forgotten with one event or start.
pub const SERVED_FORGOTTEN: usize = 64;
/// Runs that one transaction tells to end, of those that are ended many at once: others wait for it.
pub const CANCELLED_AT_ONCE_MAX: u64 = 256;
/// Runs that it looks at, whether they are to end or not.
pub const CANCELLATION_LOOKS_MAX: usize = 2_048;
/// Events that it reads for a filter.
pub const CANCELLATION_READS_MAX_BYTES: usize = 4 << 20;
/// Runs that are looked at to say how many would end.
pub const ESTIMATE_LOOKS_MAX: usize = 100_000;
/// Cancellations that are remembered; those that have finished are forgotten first.
pub const CANCELLATIONS_MAX: usize = 1_000;
/// Failed runs that a bulk retry looks at before it writes down how far it has come.
pub const BULK_RETRY_LOOKS: usize = 100;
/// Refused runs that a bulk retry remembers with their reasons; the others are counted.
pub const BULK_RETRY_REFUSALS_MAX: usize = 100;
/// Bulk retries that are remembered; those that have finished are forgotten first.
pub const BULK_RETRIES_MAX: usize = 100;
/// Failed runs that a dry run of a bulk retry looks at, and those that it names.
pub const BULK_RETRY_DRY_LOOKS_MAX: usize = 100_000;
pub const BULK_RETRY_DRY_NAMES_MAX: usize = 1_000;
/// How far in the future a cancellation's `started_before` may be: clocks differ. Inngest's.
pub const CANCELLATION_AHEAD_MS: u64 = 5_000;
/// Runs executing at once, unless configured otherwise.
pub const WORKERS_DEFAULT: usize = 256;
/// How long a graceful stop waits for what executes, in milliseconds.
pub const SHUTDOWN_GRACE_MS: u64 = 10_000;
/// How long a run whose code cannot be loaded waits before that is tried again.
pub const CODE_RETRY_MS: u64 = 5_000;
/// How long the scheduler waits when the store cannot lease, before it asks again.
pub const LEASE_RETRY_MS: u64 = 1_000;
/// Rows that a listing returns at most.
pub const PAGE_MAX: usize = 1_000;
/// Rows that a listing returns unless asked otherwise.
pub const PAGE_DEFAULT: usize = 50;
/// Events that a listing returns at most, whole as they are. Inngest's.
pub const EVENTS_PAGE_MAX: usize = 51;
/// Events that a listing returns unless asked otherwise. Inngest's.
pub const EVENTS_PAGE_DEFAULT: usize = 20;

/// Versions whose code is in memory; the least recently used is loaded again when it is needed.
pub const PLUGINS_IN_MEMORY_MAX: usize = 1_024;
/// How long a folder of plugins has to be quiet before it is looked at, in milliseconds.
pub const WATCH_QUIET_MS: u64 = 100;
/// A folder that is never quiet is looked at after this many milliseconds all the same.
pub const WATCH_PATIENCE_MS: u64 = 5_000;
/// A file has to be gone for this long before its plugin is retired: some tools delete before they write anew.
pub const WATCH_GONE_MS: u64 = 1_000;
/// A folder is looked at this often even when the system reports no change: some file systems report none.
pub const WATCH_POLL_MS: u64 = 10_000;
/// Levels of arrays and objects in an event, a result or an error's details. No ordinary document has a tenth of
/// that, and a recursive reader in a guest can still take it ([`GUEST_STACK_BYTES`]).
pub const JSON_DEPTH_MAX: usize = 1_000;
/// A guest's calls: room for a recursive reader of [`JSON_DEPTH_MAX`] levels, in each language. Half of what the engine
/// reserves for a guest and the host's own functions that it calls.
pub const GUEST_STACK_BYTES: usize = 1 << 20;
/// Connections that are served at once; more wait to be taken.
pub const CONNECTIONS_MAX: usize = 10_000;
/// How long a request's head may take to arrive, in milliseconds; also how long a connection may stay idle.
pub const HTTP_HEAD_MS: u64 = 60_000;
/// How long a request's body may take to arrive, in milliseconds.
pub const HTTP_BODY_MS: u64 = 60_000;
/// How long the host waits before it takes the next connection when the system has no room for one.
pub const ACCEPT_PAUSE_MS: u64 = 100;
/// The part of an error's message that a listing shows.
pub const LISTED_MESSAGE_MAX_BYTES: usize = 1_024;
/// How long the answers that follow runs may take to end when the host stops, in milliseconds.
pub const HTTP_GRACE_MS: u64 = 2_000;
