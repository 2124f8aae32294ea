//! Guests in Rust, built by cargo: a package, or a workspace of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tokio::process::Command;

use super::super::Ending;
use super::command::{heard, tool};
use super::{Built, Wish};

/// The target of guests.
pub const TARGET: &str = "wasm32-wasip2";

const TOOLCHAIN: &str = "the Rust toolchain";

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    /// A package by its path has none.
    source: Option<String>,
    manifest_path: PathBuf,
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

/// Names of plugins, by the ids of their packages.
pub async fn plugins(folder: &Path) -> Result<HashMap<String, String>> {
    let mut cargo = cargo(folder);
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = heard(cargo, TOOLCHAIN).await?;
    if !output.status.success() {
        bail!("cargo does not understand {}", folder.join("Cargo.toml").display());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("understand cargo metadata")?;
    let is_plugin =
        |package: &Package| package.targets.iter().any(|target| target.crate_types.iter().any(|kind| kind == "cdylib"));
    let plugins = metadata.packages.into_iter().filter(is_plugin);
    Ok(plugins.map(|package| (package.id, package.name)).collect())
}

/// The folders of packages that the guest depends on by their paths, as far as cargo knows them without a network.
pub async fn path_dependencies(folder: &Path) -> Vec<PathBuf> {
    let mut cargo = cargo(folder);
    cargo.args(["metadata", "--offline", "--format-version", "1"]);
    let Ok(output) = heard(cargo, TOOLCHAIN).await else { return Vec::new() };
    let metadata: Metadata = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let local = metadata.packages.into_iter().filter(|package| package.source.is_none());
    local.filter_map(|package| package.manifest_path.parent().map(Path::to_owned)).collect()
}

pub async fn build(folder: &Path, wish: &Wish) -> Result<Vec<Built>> {
    let plugins = plugins(folder).await?;
    if plugins.is_empty() {
        let problem = format!("{} has no package that makes a component", folder.display());
        let hint = "write crate-type = [\"cdylib\"] below [lib] in its Cargo.toml".into();
        return Err(Ending::Hinted { problem, hint }.into());
    }
    let mut cargo = cargo(folder);
    cargo.args(["build", "--release", "--quiet", "--target", TARGET]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    let output = heard(cargo, TOOLCHAIN).await?;
    if !output.status.success() {
        let problem = format!("{} cannot be built", folder.display());
        if lacks_target(folder).await {
            let hint = format!("the toolchain lacks the target: rustup target add {TARGET}");
            return Err(Ending::Hinted { problem, hint }.into());
        }
        bail!(problem);
    }
    let built = artifacts(&String::from_utf8_lossy(&output.stdout), &plugins);
    if let Some(inputs) = &wish.inputs {
        let read: Vec<PathBuf> = built.iter().flat_map(|built| sources(&built.path)).collect();
        std::fs::write(inputs, serde_json::to_vec(&read)?).with_context(|| format!("write {}", inputs.display()))?;
    }
    match (&wish.out, built.as_slice()) {
        (None, _) => Ok(built),
        (Some(out), [one]) => {
            std::fs::copy(&one.path, out).with_context(|| format!("write {}", out.display()))?;
            Ok(vec![Built { path: out.clone(), ..one.clone() }])
        }
        (Some(out), several) => {
            let problem = format!("{} plugins cannot all be {}", several.len(), out.display());
            Err(Ending::Usage(problem).into())
        }
    }
}

/// The files that a component was built from, as cargo lists them beside it.
fn sources(component: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_to_string(component.with_extension("d")).unwrap_or_default();
    dependencies(&listed)
}

/// The right side of `target: source source …`. A space in a name follows a backslash.
fn dependencies(listed: &str) -> Vec<PathBuf> {
    let Some((_, sources)) = listed.lines().next().and_then(|line| line.split_once(": ")) else { return Vec::new() };
    let names = sources.replace("\\ ", "\0");
    names.split_whitespace().map(|name| PathBuf::from(name.replace('\0', " "))).collect()
}

/// Whether the toolchain of the folder cannot build for the guests' target.
pub async fn lacks_target(folder: &Path) -> bool {
    let mut rustc = tool("rustc", folder);
    let output = rustc.args(["--print", "target-libdir", "--target", TARGET]).output().await;
    output.is_ok_and(|output| !Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists())
}

fn cargo(folder: &Path) -> Command {
    let mut cargo = tool(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), folder);
    // Set by a cargo that runs this very process, for the host and not for its guests.
    cargo.env_remove("CARGO_TARGET_DIR");
    cargo
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
    fn sources_are_read_from_what_cargo_lists() {
        let listed = "/a b/target/x.wasm: /g/src/lib.rs /other\\ one/src/build/mod.rs\n\n/g/src/lib.rs:\n";
        assert_eq!(dependencies(listed), [Path::new("/g/src/lib.rs"), Path::new("/other one/src/build/mod.rs")]);
        assert!(dependencies("").is_empty());
    }

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
