//! Errors before a plugin runs, with what to do about them.

use std::path::{Path, PathBuf};

use crate::limits;
use crate::model::Failure;

/// The contract that this host serves.
pub(super) const CONTRACT: &str = "stepwell:plugin@0.1.0";

/// Why a component cannot be used, or the sandbox cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the file has {0} bytes, the limit for a component is {max}: strip it of debug information, or split the plugin", max = limits::COMPONENT_MAX_BYTES)]
    TooLarge(usize),
    #[error("the file is not WebAssembly: it does not begin with the bytes `\\0asm`")]
    NotWasm,
    #[error(
        "the file is a core WebAssembly module, not a component: for Rust, build it with `cargo build --target wasm32-wasip2 --release` (not wasm32-unknown-unknown or wasm32-wasip1)"
    )]
    CoreModule,
    #[error("the file is not a valid component: {0}")]
    Malformed(String),
    #[error("the component makes {found} core instances, the limit is {max}: it nests components that instantiate each other", max = limits::COMPONENT_INSTANCES_MAX)]
    TooManyInstances {
        /// Saturated: a few hundred bytes can ask for more than fits.
        found: u64,
    },
    #[error("the component's code has {found} bytes, the limit is {max}: leave out what it does not need, or split the plugin", max = limits::COMPONENT_CODE_MAX_BYTES)]
    TooMuchCode { found: usize },
    #[error("one function of the component has {found} bytes of code, the limit is {max}: split that function", max = limits::COMPONENT_FUNCTION_MAX_BYTES)]
    FunctionTooLarge { found: usize },
    #[error(
        "the component takes or passes on other components ({0}), which this host does not allow: compose it into one first"
    )]
    TakesComponents(String),
    #[error("the component needs {memories} memories and {tables} tables, the limits are {max_memories} and {max_tables}", max_memories = limits::INSTANCE_MEMORIES_MAX, max_tables = limits::INSTANCE_TABLES_MAX)]
    TooManyMemories { memories: u32, tables: u32 },
    #[error(
        "the component is no Stepwell plugin: it exports {found}, not `stepwell:plugin/functions`; build it with a Stepwell SDK, for the world `stepwell:plugin/plugin`"
    )]
    OtherWorld { found: String },
    #[error("the component is built for version {theirs} of the contract `stepwell:plugin`, this host serves {ours}: rebuild it with an SDK of that version, or use a host of the plugin's", ours = CONTRACT.rsplit('@').next().unwrap_or_default())]
    OtherContract { theirs: String },
    #[error(
        "the component exports no `{0}`, which the world `stepwell:plugin/plugin` asks for: rebuild it with a current SDK"
    )]
    MissingExport(&'static str),
    #[error("the component imports `{name}`, which this host does not offer; it offers {offered}")]
    UnknownImport { name: String, offered: String },
    #[error("the component does not fit the contract {CONTRACT}: {0}; rebuild it with a current SDK")]
    Mismatch(String),
    #[error("the component could not be compiled: {0}")]
    Compile(String),
    #[error("compiling the component {0}: it is larger or more deeply nested than this host allows")]
    CompileLimit(String),
    #[error("the compiler `{path}` could not be started: {source}")]
    Compiler { path: PathBuf, source: std::io::Error },
    #[error("the cache of compiled code at {path}: {source}")]
    Cache { path: PathBuf, source: std::io::Error },
    #[error("the plugin could not describe its functions: {}", told(.0))]
    Describe(Box<Failure>),
    #[error("the plugin describes {0} functions, the limit is {max}", max = limits::FUNCTIONS_PER_PLUGIN_MAX)]
    TooManyFunctions(usize),
    #[error(transparent)]
    Definition(#[from] crate::model::DefinitionError),
    #[error("the plugin describes two functions with the id {0:?}: give each an id of its own")]
    DuplicateFunction(String),
    #[error("the plugin describes a function {0:?}, which is also the name of the failure function of {of:?}: rename one of them", of = .0.strip_suffix("-failure").unwrap_or(.0))]
    FailureNameTaken(String),
    #[error("the WebAssembly engine could not be set up: {0}")]
    Engine(String),
}

impl Error {
    pub(super) fn at(path: &Path, source: std::io::Error) -> Self {
        Self::Cache { path: path.to_owned(), source }
    }

    /// Whether the same component may work when it is tried again: the fault was the machine's, not the component's.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Compiler { .. } | Self::Cache { .. } | Self::Engine(_))
    }
}

/// A failure in a sentence, with its stack below where it has one.
fn told(failure: &Failure) -> String {
    match &failure.stack {
        Some(stack) => format!("{}: {}\n{stack}", failure.name, failure.message),
        None => format!("{}: {}", failure.name, failure.message),
    }
}
