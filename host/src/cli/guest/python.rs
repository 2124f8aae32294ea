//! Guests in Python, built by the SDK in an environment of the project's own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Deserialize;

use super::super::Ending;
use super::command::{run, tool};
use super::{Built, Language, Wish, name_of, sdk};

const PYTHON: &str = "Python 3.11 or later";
/// Names of modules that say nothing of what they are; the first that exists is built.
const USUAL: [&str; 3] = ["app", "plugin", "main"];
/// In the environment: what was installed there.
const INSTALLED: &str = "stepwell-installed";

#[derive(Default, Deserialize)]
struct Manifest {
    #[serde(default)]
    project: Project,
}

#[derive(Default, Deserialize)]
struct Project {
    name: Option<String>,
}

pub fn is_at(folder: &Path) -> bool {
    entry(folder).is_some()
}

fn entry(folder: &Path) -> Option<PathBuf> {
    USUAL.iter().map(|name| folder.join(name).with_extension("py")).find(|file| file.is_file())
}

/// The project's name, or that of the module or folder.
pub fn name(folder: &Path, module: Option<&Path>) -> String {
    let manifest = fs::read_to_string(folder.join("pyproject.toml")).unwrap_or_default();
    let manifest: Manifest = toml::from_str(&manifest).unwrap_or_default();
    manifest.project.name.filter(|_| module.is_none()).unwrap_or_else(|| name_of(folder, module, &USUAL))
}

pub async fn build(folder: &Path, module: Option<&Path>, wish: &Wish) -> Result<Built> {
    let plugin = name(folder, module);
    let folder = std::path::absolute(folder)?;
    let out = wish.out.clone().unwrap_or_else(|| folder.join("dist").join(format!("{plugin}.wasm")));
    let Some(module) = module.map(std::path::absolute).transpose()?.or_else(|| entry(&folder)) else {
        return Err(Ending::Usage(format!("{} has no app.py", folder.display())).into());
    };
    let mut build = tool(interpreter(&folder).await?, &folder);
    build.args(["-B", "-m", "stepwell", "build"]).arg(&module).arg("-o").arg(std::path::absolute(&out)?);
    if let Some(inputs) = &wish.inputs {
        build.arg("--inputs").arg(inputs);
    }
    run(build, PYTHON, &format!("{} cannot be built", module.display())).await?;
    Ok(Built { plugin, path: out })
}

/// The Python of the environment that is active, where that has the SDK; else of the project's own, made where missing.
async fn interpreter(folder: &Path) -> Result<PathBuf> {
    if let Some(active) = std::env::var_os("VIRTUAL_ENV").map(|active| PathBuf::from(active).join("bin/python"))
        && has_sdk(&active, folder).await
    {
        return Ok(active);
    }
    let environment = folder.join(".venv");
    let python = environment.join("bin/python");
    let made_here = environment.join(INSTALLED);
    if python.exists() && !made_here.exists() {
        return match has_sdk(&python, folder).await {
            true => Ok(python),
            false => Err(lacks_sdk(&python)),
        };
    }
    let requirements = folder.join("requirements.txt");
    let wanted = fs::read_to_string(&requirements)
        .unwrap_or_else(|_| sdk::dependency(Language::Python, &sdk::of(Language::Python)));
    if fs::read_to_string(&made_here).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    eprintln!("installing the packages of {} in its .venv", folder.display());
    let mut venv = tool("python3", folder);
    venv.args(["-m", "venv", ".venv"]);
    run(venv, PYTHON, "no virtual environment can be made: `stepwell doctor` says what is missing").await?;
    // Before it is filled: an environment that was left half done is filled again.
    fs::write(&made_here, "")?;
    let mut pip = tool(&python, folder);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    if requirements.is_file() {
        pip.args(["--requirement", "requirements.txt"]);
    } else {
        pip.arg(&wanted);
    }
    run(pip, PYTHON, &format!("the packages of {} cannot be installed", folder.display())).await?;
    if !has_sdk(&python, folder).await {
        return Err(lacks_sdk(&python));
    }
    fs::write(&made_here, &wanted)?;
    Ok(python)
}

async fn has_sdk(python: &Path, folder: &Path) -> bool {
    let mut check = tool(python, folder);
    let output = check.args(["-c", "import stepwell, componentize_py"]).output().await;
    output.is_ok_and(|output| output.status.success())
}

fn lacks_sdk(python: &Path) -> anyhow::Error {
    let wanted = sdk::dependency(Language::Python, &sdk::of(Language::Python));
    let problem = format!("the environment of {} has no SDK that builds plugins", python.display());
    let hint = format!("{} -m pip install '{wanted}', or name it in requirements.txt", python.display());
    Ending::Hinted { problem, hint }.into()
}
