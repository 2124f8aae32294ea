//! Guests in source form: built with their own tool, here cargo.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tokio::process::Command;

use super::Ending;

const TARGET: &str = "wasm32-wasip2";

/// A component that was built: the plugin's name is its package's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    pub plugin: String,
    pub path: PathBuf,
}

/// A folder with a `Cargo.toml`: a package, or a workspace of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    pub folder: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

/// A line that cargo prints. Other lines have other fields.
#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

impl Guest {
    pub fn is_at(folder: &Path) -> bool {
        folder.join("Cargo.toml").is_file()
    }

    /// The plugins that the folder makes, built or not, by their packages' ids.
    pub async fn plugins(&self) -> Result<HashMap<String, String>> {
        let mut cargo = self.cargo();
        cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
        let output = heard(cargo).await?;
        if !output.status.success() {
            bail!("cargo does not understand {}", self.folder.join("Cargo.toml").display());
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout).context("understand cargo metadata")?;
        let is_plugin = |package: &Package| {
            package.targets.iter().any(|target| target.crate_types.iter().any(|kind| kind == "cdylib"))
        };
        let plugins = metadata.packages.into_iter().filter(is_plugin);
        Ok(plugins.map(|package| (package.id, package.name)).collect())
    }

    /// Builds them. What the compiler says goes to stderr as it says it.
    pub async fn build(&self) -> Result<Vec<Built>> {
        let plugins = self.plugins().await?;
        if plugins.is_empty() {
            let problem = format!("{} has no package that makes a component", self.folder.display());
            let hint = "write crate-type = [\"cdylib\"] below [lib] in its Cargo.toml".into();
            return Err(Ending::Hinted { problem, hint }.into());
        }
        let mut cargo = self.cargo();
        cargo.args(["build", "--release", "--quiet", "--target", TARGET]);
        cargo.args(["--message-format", "json-render-diagnostics"]);
        let output = heard(cargo).await?;
        if !output.status.success() {
            let problem = format!("{} cannot be built", self.folder.display());
            if self.lacks_target().await {
                let hint = format!("the toolchain lacks the target: rustup target add {TARGET}");
                return Err(Ending::Hinted { problem, hint }.into());
            }
            bail!(problem);
        }
        Ok(artifacts(&String::from_utf8_lossy(&output.stdout), &plugins))
    }

    /// Whether the toolchain of the folder cannot build for the guests' target.
    async fn lacks_target(&self) -> bool {
        let mut rustc = Command::new("rustc");
        rustc.current_dir(&self.folder).args(["--print", "target-libdir", "--target", TARGET]);
        let output = rustc.output().await;
        output.is_ok_and(|output| !Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists())
    }

    /// Folders whose files the guest is built from: all below its own, but what is made there.
    pub fn folders(&self) -> HashSet<PathBuf> {
        let mut found = HashSet::new();
        let mut waiting = vec![self.folder.clone()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let is_made = name.starts_with('.') || matches!(&*name, "target" | "node_modules");
                if !is_made && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    waiting.push(entry.path());
                }
            }
            found.insert(folder);
        }
        found
    }

    fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.folder).stdin(Stdio::null()).kill_on_drop(true);
        // Set by a cargo that runs this very process, for the host and not for its guests.
        cargo.env_remove("CARGO_TARGET_DIR");
        cargo
    }
}

/// What cargo answers on stdout; its stderr is ours, so that people see the compiler's words as they come.
async fn heard(mut cargo: Command) -> Result<Output> {
    // Not `Command::output`, which takes stderr for itself whatever was asked for.
    let child = cargo.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let child = child.context("start cargo: is the Rust toolchain installed?")?;
    child.wait_with_output().await.context("wait for cargo")
}

/// The components among what cargo says that it has made.
fn artifacts(messages: &str, plugins: &HashMap<String, String>) -> Vec<Built> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let artifacts = messages.filter(|message| message.reason == "compiler-artifact");
    let built = artifacts.filter_map(|message| {
        let plugin = plugins.get(&message.package_id)?.clone();
        let is_component = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wasm");
        Some(Built { plugin, path: message.filenames.into_iter().find(is_component)? })
    });
    built.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_named_by_their_packages() {
        let plugins = HashMap::from([("path+file:///g#hello@0.1.0".to_owned(), "hello".to_owned())]);
        let messages = concat!(
            r#"{"reason":"compiler-artifact","package_id":"registry+x#serde@1.0.0","filenames":["/t/libserde.rlib"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","package_id":"path+file:///g#hello@0.1.0","filenames":["/t/hello.wasm"]}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(artifacts(messages, &plugins), [Built { plugin: "hello".into(), path: "/t/hello.wasm".into() }]);
    }
}
