//! Where projects get their language's SDK from.

use std::path::{Path, PathBuf};

use super::Language;

/// The dependency of a project on the SDK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder on this machine, which fits this host.
    Folder(PathBuf),
    /// The language's registry, in this host's version.
    Registry,
}

/// The SDK of a language: below the folder `STEPWELL_SDK`, else beside the host's executable or above it, as a release
/// and a checkout have it; else the registry's.
pub fn of(language: Language) -> Source {
    let named = std::env::var_os("STEPWELL_SDK").map(PathBuf::from).into_iter();
    let executable = std::env::current_exe().and_then(|path| path.canonicalize()).unwrap_or_default();
    let beside = executable.ancestors().skip(1).map(|folder| folder.join("sdk"));
    let (name, manifest) = match language {
        Language::Rust => ("rust", "Cargo.toml"),
        Language::TypeScript => ("typescript", "package.json"),
        Language::Python => ("python", "pyproject.toml"),
    };
    let folder = named.chain(beside).map(|folder| folder.join(name)).find(|folder| folder.join(manifest).is_file());
    folder.and_then(|folder| folder.canonicalize().ok()).map_or(Source::Registry, Source::Folder)
}

impl Source {
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Registry => None,
        }
    }
}

/// The SDK as a project's manifest names it; in Rust between braces, where features may stand beside it.
pub fn dependency(language: Language, source: &Source) -> String {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    let folder = source.folder().map(|folder| folder.display().to_string());
    match (language, folder) {
        (Language::Rust, Some(folder)) => format!("path = {folder:?}"),
        (Language::Rust, None) => format!("version = {VERSION:?}"),
        (Language::TypeScript, Some(folder)) => format!("file:{folder}"),
        (Language::TypeScript, None) => format!("^{VERSION}"),
        (Language::Python, Some(folder)) => format!("stepwell[build] @ file://{folder}"),
        (Language::Python, None) => format!("stepwell[build]~={VERSION}"),
    }
}
