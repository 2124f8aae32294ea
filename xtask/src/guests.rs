//! Building guests from source to components.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{build, root};

const TARGET: &str = "wasm32-wasip2";

/// Workspaces of guests.
const WORKSPACES: [&str; 2] = ["guest-examples/rust", "tests/guests"];

/// Builds all Rust guests, and adds their target to the toolchain where it is missing.
pub fn build() -> Result<()> {
    ensure_target()?;
    WORKSPACES.iter().try_for_each(|workspace| build_workspace(&root().join(workspace)))
}

/// Builds the examples alone.
pub fn build_examples() -> Result<()> {
    ensure_target()?;
    build_workspace(&root().join(WORKSPACES[0]))
}

/// Where a guest's component is, by its name.
pub fn path(name: &str) -> PathBuf {
    let file = format!("target/{TARGET}/release/{}.wasm", name.replace('-', "_"));
    let paths = WORKSPACES.map(|workspace| root().join(workspace).join(&file));
    paths.iter().find(|path| path.exists()).cloned().unwrap_or_else(|| paths[0].clone())
}

fn build_workspace(folder: &Path) -> Result<()> {
    // Guests have a target folder of their own: theirs is another target and another profile.
    let mut cargo = build::cargo();
    cargo.current_dir(folder).env_remove("CARGO_TARGET_DIR");
    build::run(cargo.args(["build", "--release", "--target", TARGET]))
}

fn ensure_target() -> Result<()> {
    let sysroot = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let sysroot = sysroot.context("run rustc: is the Rust toolchain installed?")?;
    let folder = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    if sysroot.status.success() && folder.exists() {
        return Ok(());
    }
    eprintln!("The toolchain lacks the target {TARGET} that guests are built for; adding it with rustup.");
    build::run(Command::new("rustup").args(["target", "add", TARGET]))
        .with_context(|| format!("add the target by hand: rustup target add {TARGET}"))
}
