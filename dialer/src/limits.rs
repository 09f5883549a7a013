//! Every limit of the dialer, by name.

/// Numbers that one target may have (`Number1` … `Number8`).
pub const NUMBERS_PER_TARGET: usize = 8;

/// Longest name, detail, key and similar short text, in bytes.
pub const TEXT_BYTES: usize = 1_024;

/// Longest number, trunk, technology, context, extension or application, in bytes.
/// Asterisk's own `AST_MAX_EXTENSION` and `AST_MAX_CONTEXT` are 80.
pub const TOKEN_BYTES: usize = 79;

/// What a trunk's name may have besides letters and digits.
pub const TRUNK_CHARACTERS: &str = "_-.:/+";

/// Longest value that goes through whole to a channel (variable, application data), in bytes.
pub const VALUE_BYTES: usize = 4_000;

/// Variables that one plan, list, destination or target may carry.
pub const VARIABLES: usize = 64;

/// `DialTimeout`, in milliseconds.
pub const DIAL_TIMEOUT_MS: std::ops::RangeInclusive<u32> = 1_000..=600_000;

/// `RetryDelay`, in seconds: up to thirty days.
pub const RETRY_DELAY_S: std::ops::RangeInclusive<u32> = 0..=2_592_000;

/// How far ahead a call-back may lie.
pub const CALL_BACK_AHEAD: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

/// `MaxRetry1` … `MaxRetry8`: tries of one number in all.
pub const TRIES_PER_NUMBER: std::ops::RangeInclusive<u32> = 0..=1_000;

/// `ServiceLevel`: dialings beyond the free agents.
pub const SERVICE_LEVEL: std::ops::RangeInclusive<u32> = 0..=1_000;

/// `LinesPerAgent`, in hundredths.
pub const LINES_PER_AGENT: std::ops::RangeInclusive<u32> = 100..=2_000;

/// `AbandonTarget`, in hundredths of a percent.
pub const ABANDON_TARGET: std::ops::RangeInclusive<u32> = 10..=10_000;

/// `AbandonAfter`, in milliseconds.
pub const ABANDON_AFTER_MS: std::ops::RangeInclusive<u32> = 500..=60_000;

/// `MinRing`, in milliseconds.
pub const MIN_RING_MS: std::ops::RangeInclusive<u32> = 0..=60_000;

/// `PreviewTimeout`, in seconds.
pub const PREVIEW_TIMEOUT_S: std::ops::RangeInclusive<u32> = 5..=3_600;

/// `MaxRetryBusy` and the like: tries of a target that end so.
pub const TRIES_PER_FAILURE: std::ops::RangeInclusive<u32> = 1..=1_000;

/// `Capacity` of a destination: calls that it can serve at a time.
pub const CAPACITY: std::ops::RangeInclusive<u32> = 1..=100_000;

/// How often one dialing is called on where the far end sends it.
pub const FORWARDS: usize = 5;

/// `MaxDialings` of a plan, and `max_dialings`.
pub const MAX_DIALINGS: std::ops::RangeInclusive<u32> = 1..=100_000;

/// `CallsPerSecond` of a plan, and `calls_per_second`.
pub const CALLS_PER_SECOND: std::ops::RangeInclusive<u32> = 1..=10_000;

/// `Priority` of an extension.
pub const PRIORITY: std::ops::RangeInclusive<u32> = 1..=65_535;

/// Targets that one look into a list may bring, so that one step stays short.
pub const TARGETS_PER_LOOK: usize = 100;

/// Entries that `OutDlListShow` answers with if no `Count` is given (as the old module).
pub const SHOW_COUNT_DEFAULT: u32 = 100;

/// Most entries that one `OutDlListShow` may answer with.
pub const SHOW_COUNT: std::ops::RangeInclusive<u32> = 0..=1_000_000;

/// Tries beyond those of the plan that a promised call may take which does not get out.
pub const PROMISE_TRIES: u32 = 5;

/// Targets that one step of a list's reset looks at.
pub const TARGETS_PER_RESET: usize = 500;

/// Entries that are read from the store at once, however many are asked for.
pub const SHOW_AT_ONCE: u32 = 500;

/// Rows of a file that are imported in one transaction.
pub const IMPORT_CHUNK: usize = 500;

/// Text of rows that are imported in one transaction, in bytes, but for the last row.
pub const IMPORT_CHUNK_BYTES: usize = 4 << 20;

/// Rows that are told of one by one because an import did not take them.
pub const IMPORT_ROWS_PER_REPORT: u64 = 1_000;

/// Rows between two notes of how far an import or export is on the wire.
pub const ROWS_PER_PROGRESS: u64 = 50_000;

/// Targets between two notes of how far an export is.
pub const EXPORT_PROGRESS: u64 = 1_000;

/// Different variables that a CSV file may have a column for.
pub const EXPORT_VARIABLES: usize = 1_000;

/// Due targets that one look moves back among the ready ones.
pub const PROMOTIONS_PER_LOOK: usize = 1_000;
