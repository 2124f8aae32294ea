//! Where the guests lie that `cargo xtask guests` builds from source.

use std::path::{Path, PathBuf};
use std::sync::Arc;

const FOLDERS: [&str; 2] = ["guest-examples/rust", "tests/guests"];

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The component of a guest, by its name.
pub fn path(name: &str) -> PathBuf {
    let file = format!("target/wasm32-wasip2/release/{}.wasm", name.replace('-', "_"));
    let found = FOLDERS.iter().map(|folder| root().join(folder).join(&file)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("guest {name} is not built: run `cargo xtask guests` (or `cargo xtask test`)"))
}

pub fn bytes(name: &str) -> Arc<[u8]> {
    std::fs::read(path(name)).expect("the component is readable").into()
}
