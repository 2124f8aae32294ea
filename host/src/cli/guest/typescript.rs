//! Guests in TypeScript or JavaScript, built by the SDK's own tool on Node.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;
use tokio::process::Command;

use super::super::Ending;
use super::command::{run, tool};
use super::{Built, Language, Wish, name_of, sdk};

const NODE: &str = "Node.js";
/// Names of modules that say nothing of what they are.
const USUAL: [&str; 2] = ["index", "plugin"];
/// Modules that make a folder a guest without a `package.json`.
const ENTRIES: [&str; 4] = ["index.ts", "plugin.ts", "src/index.ts", "src/plugin.ts"];

pub fn is_at(folder: &Path) -> bool {
    folder.join("package.json").is_file() || ENTRIES.iter().any(|entry| folder.join(entry).is_file())
}

/// The project's name without its scope, or that of the module or folder.
pub fn name(folder: &Path, module: Option<&Path>) -> String {
    let manifest = fs::read_to_string(folder.join("package.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_str(&manifest).unwrap_or_default();
    let project = manifest["name"].as_str().filter(|_| module.is_none());
    let project = project.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
    project.unwrap_or_else(|| name_of(folder, module, &USUAL))
}

pub async fn build(folder: &Path, module: Option<&Path>, wish: &Wish) -> Result<Built> {
    let plugin = name(folder, module);
    let project = project(folder);
    prepare_sdk().await?;
    install(&project).await?;
    let out = wish.out.clone().unwrap_or_else(|| project.join("dist").join(format!("{plugin}.wasm")));
    let mut build = builder(&project)?;
    build.arg(absolute(module.unwrap_or(folder))).arg("-o").arg(absolute(&out));
    if wish.inngest {
        build.arg("--inngest");
    }
    if let Some(inputs) = &wish.inputs {
        build.arg("--inputs").arg(inputs);
    }
    run(build, NODE, &format!("{} cannot be built", module.unwrap_or(folder).display())).await?;
    Ok(Built { plugin, path: out })
}

/// The nearest folder with a `package.json`, or the guest's own.
fn project(folder: &Path) -> PathBuf {
    let folder = absolute(folder);
    folder.ancestors().find(|folder| folder.join("package.json").is_file()).unwrap_or(&folder).to_owned()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// An SDK beside the host that is in source form is compiled once.
async fn prepare_sdk() -> Result<()> {
    let source = sdk::of(Language::TypeScript);
    let Some(folder) = source.folder().filter(|folder| !folder.join("dist/build/cli.js").is_file()) else {
        return Ok(());
    };
    eprintln!("preparing the TypeScript SDK, once");
    for arguments in [&["ci", "--no-audit", "--no-fund", "--silent"][..], &["run", "--silent", "build"]] {
        let mut npm = tool("npm", folder);
        npm.args(arguments);
        run(npm, NODE, &format!("the SDK in {} cannot be built", folder.display())).await?;
    }
    Ok(())
}

/// Fetches the project's packages, where they are missing or other ones by now.
async fn install(project: &Path) -> Result<()> {
    let time = |path: &str| fs::metadata(project.join(path)).and_then(|file| file.modified()).ok();
    let installed = time("node_modules/.package-lock.json");
    let is_fresh = match time("package.json") {
        None => true,
        manifest => installed.is_some() && installed >= manifest,
    };
    if is_fresh {
        return Ok(());
    }
    eprintln!("installing the packages of {}", project.display());
    let mut npm = tool("npm", project);
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel", "error"]);
    run(npm, NODE, &format!("the packages of {} cannot be installed", project.display())).await
}

/// The SDK's tool: the project's, or that of the SDK beside the host.
fn builder(project: &Path) -> Result<Command> {
    let own = project.ancestors().map(|folder| folder.join("node_modules/.bin/stepwell-build"));
    if let Some(own) = own.into_iter().find(|path| path.exists()) {
        return Ok(tool(own, project));
    }
    let Some(folder) = sdk::of(Language::TypeScript).folder().map(Path::to_owned) else {
        let problem = format!("{} has no @stepwell/sdk, which builds it", project.display());
        return Err(Ending::Hinted { problem, hint: "npm install --save-dev @stepwell/sdk".into() }.into());
    };
    let mut node = tool("node", project);
    node.arg(folder.join("dist/build/cli.js"));
    Ok(node)
}
