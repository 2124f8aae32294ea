//! `stepwell check`: whether a component is a plugin, and what it would be and get.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;

use super::Ending;
use super::flags;
use super::paint::Paint;
use super::serve;
use super::table::Table;
use crate::config::Config;
use crate::model::{Definition, PluginName};
use crate::sandbox::Plugin;
use crate::server;

#[derive(Debug, Args)]
pub struct Options {
    /// The component
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    host: flags::Host,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let config = options.host.load(Vec::new())?;
    let bytes = std::fs::read(&options.file)
        .map_err(|error| Ending::Usage(format!("{} cannot be read: {error}", options.file.display())))?;
    let name = plugin_name(&options.file)?;
    let scratch = Scratch::new()?;
    let config = Config { cache_dir: Some(scratch.0.clone()), ..config };
    let checked = server::check(&config, serve::world()?, &name, bytes.into()).await;
    let (plugin, definitions) = checked.with_context(|| format!("{} is no plugin", options.file.display()))?;
    if options.json {
        let functions: Vec<_> = definitions.iter().map(|definition| definition.to_json().to_value()).collect();
        let imports: Vec<_> =
            plugin.imports().iter().map(|import| json!({ "name": import.name, "grant": import.grant })).collect();
        let version = plugin.digest().to_string();
        let report = json!({ "plugin": name, "version": version, "functions": functions, "imports": imports });
        writeln!(io::stdout(), "{report}")?;
    } else {
        show(&config, &name, &plugin, &definitions)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn plugin_name(file: &Path) -> Result<PluginName> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    Ok(PluginName::new(&stem).map_err(|error| Ending::Usage(format!("the file's name names the plugin: {error}")))?)
}

fn show(config: &Config, name: &PluginName, plugin: &Plugin, definitions: &[Definition]) -> Result<()> {
    let paint = Paint::stdout();
    let mut out = io::stdout().lock();
    writeln!(out, "{} plugin {} version {}\n", paint.green("✓"), paint.bold(name), plugin.digest())?;
    let mut table = Table::new(&["FUNCTION", "NAME", "TRIGGERS", "RETRIES", "FAILURE HANDLER"]);
    for definition in definitions {
        let triggers = definition.triggers.iter().map(|trigger| match &trigger.filter {
            Some(filter) => format!("{} if {filter}", trigger.event),
            None => trigger.event.clone(),
        });
        let schedules = definition.schedules.iter().map(|schedule| format!("cron {}", schedule.source()));
        table.row(vec![
            format!("{name}-{}", definition.id),
            definition.name.to_string(),
            triggers.chain(schedules).collect::<Vec<_>>().join(", "),
            definition.retry.retries().to_string(),
            if definition.has_failure_handler { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table.print(&mut out, paint)?;
    imports(&mut out, plugin, paint)?;
    grants(&mut out, config, name)
}

/// Imports of a component, by what it gets of them.
fn imports(out: &mut impl io::Write, plugin: &Plugin, paint: Paint) -> Result<()> {
    let mut by_grant: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for import in plugin.imports() {
        by_grant.entry(import.grant).or_default().push(import.name);
    }
    writeln!(out, "\n{}", paint.dim("IMPORTS, AND WHAT IT GETS OF THEM"))?;
    for (grant, names) in by_grant {
        writeln!(out, "{}\n  {grant}", names.join(" "))?;
    }
    Ok(())
}

fn grants(out: &mut impl io::Write, config: &Config, name: &PluginName) -> Result<()> {
    let Some(plugin) = config.plugins.get(name) else {
        return Ok(writeln!(out, "\nNo [plugins.{name}] in the configuration: no hosts, no variables.")?);
    };
    let hosts = plugin.grants.hosts.iter().map(|grant| match grant.port {
        Some(port) => format!("{}:{port}", grant.host),
        None => grant.host.clone(),
    });
    writeln!(out, "\nhosts      {}", hosts.collect::<Vec<_>>().join(", "))?;
    let variables: Vec<&str> = plugin.grants.variables.keys().map(String::as_str).collect();
    Ok(writeln!(out, "variables  {}", variables.join(", "))?)
}

/// A folder for compiled code that is gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("stepwell-check-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
