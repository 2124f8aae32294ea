//! `stepwell dev`: a host for development, and guests rebuilt and swapped as they change.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use notify::Watcher as _;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::Ending;
use super::flags;
use super::guest::{Built, Guest, Watched, Wish};
use super::paint::Paint;
use super::serve;
use crate::limits;
use crate::model::{Namespace, PluginName};
use crate::server::{Change, Host, News, Offered, PluginSource, Registry, signals};
use crate::telemetry::{self, Voice};

#[derive(Debug, Args)]
pub struct Options {
    /// Components, folders of them, or guests in source: folders with a Cargo.toml, a package.json or an app.py, modules
    /// in TypeScript or Python [default: .]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) host: flags::Host,
}

/// The meaning of the paths.
#[derive(Debug, Default, PartialEq, Eq)]
struct Inputs {
    guests: Vec<Guest>,
    sources: Vec<PluginSource>,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let config = serve::without_keys(options.host.load(Vec::new())?);
    telemetry::start(config.log_format, Voice::Host);
    if !config.is_loopback() {
        let problem = format!(
            "{} can be reached from other machines, and dev asks for no keys: listen on 127.0.0.1, or use `serve`",
            config.listen
        );
        return Err(Ending::Usage(problem).into());
    }
    let inputs = inputs(options.paths)?;
    let mut stop = signals().context("listen for signals")?;
    let (format, data) = (config.log_format, config.data_dir.display().to_string());
    let mut host = Host::open(config, serve::world()?).await?;
    tokio::select! {
        started = start(&mut host, inputs) => started?,
        () = stop.wait() => return serve::leave(host, &mut stop).await,
    }
    let paint = Paint::stderr();
    eprintln!("{} {}  data in {data}", paint.bold("stepwell dev"), env!("CARGO_PKG_VERSION"));
    serve::announce(&host, format);
    eprintln!("{}", paint.dim("send an event: stepwell send NAME '{\"key\": \"value\"}' --wait"));
    stop.wait().await;
    serve::leave(host, &mut stop).await
}

fn inputs(paths: Vec<PathBuf>) -> Result<Inputs> {
    let paths = if paths.is_empty() { vec![PathBuf::from(".")] } else { paths };
    let mut inputs = Inputs::default();
    for path in paths {
        if let Some(guest) = Guest::at(&path) {
            inputs.guests.push(guest);
        } else if path.is_dir() {
            inputs.guests.extend(Guest::below(&path));
            inputs.sources.push(PluginSource::Folder(path));
        } else if path.extension().is_some_and(|extension| extension == "wasm") && path.is_file() {
            inputs.sources.push(PluginSource::File(path));
        } else {
            let problem = format!(
                "{}: no component, folder of components, folder with a Cargo.toml, a package.json or an app.py, or module \
                 in TypeScript or Python",
                path.display()
            );
            return Err(Ending::Usage(problem).into());
        }
    }
    Ok(inputs)
}

/// Builds and loads everything once, listens, and follows changes from then on.
async fn start(host: &mut Host, inputs: Inputs) -> Result<()> {
    let mut kept = HashSet::new();
    for guest in inputs.guests {
        let inputs = tempfile::NamedTempFile::new().context("make a file for what a build reads")?;
        let (registry, namespace) = (host.registry().clone(), host.namespace().clone());
        let workshop = Workshop { registry, namespace, guest, inputs };
        match workshop.guest.plugins().await {
            Ok(plugins) => kept.extend(plugins.iter().filter_map(|name| PluginName::new(name).ok())),
            // The names of what it makes are unknown: no plugin is retired on its account.
            Err(_) => kept.extend(host.registry().plugins().await?.into_iter().map(|plugin| plugin.name)),
        }
        workshop.work().await;
        tokio::spawn(workshop.run(host.stopping()));
    }
    host.watch(inputs.sources, kept, Arc::new(tell)).await?;
    host.listen().await?;
    Ok(())
}

/// Builds a guest and swaps what comes of it.
struct Workshop {
    registry: Arc<Registry>,
    namespace: Namespace,
    guest: Guest,
    /// The inputs of the last build that got so far.
    inputs: tempfile::NamedTempFile,
}

impl Workshop {
    /// A failed build, or a component that is refused, leaves the last good version live.
    async fn work(&self) {
        let built = self.build().await;
        self.offer_all(built).await;
    }

    /// The plugins that a build has made; none if it failed, which is told.
    async fn build(&self) -> Vec<Built> {
        let paint = Paint::stderr();
        let folder = self.guest.folder.display();
        eprintln!("{} {folder}", paint.cyan("building"));
        let wish = Wish { inputs: Some(self.inputs.path().to_owned()), ..Wish::default() };
        self.guest.build(&wish).await.unwrap_or_else(|error| {
            eprintln!("{} {error:#}; what was live before still is", paint.red("✗"));
            if let Some(hint) = error.downcast_ref::<Ending>().and_then(Ending::hint) {
                eprintln!("{} {hint}", paint.cyan("hint:"));
            }
            Vec::new()
        })
    }

    async fn offer_all(&self, built: Vec<Built>) {
        for built in built {
            self.offer(built).await;
        }
    }

    async fn offer(&self, built: Built) {
        let offered = async {
            let plugin = PluginName::new(&built.plugin)?;
            let bytes = tokio::fs::read(&built.path).await?;
            let offered = self.registry.offer(&self.namespace, &plugin, bytes.into()).await?;
            anyhow::Ok(News::Offered { plugin, offered })
        };
        match offered.await {
            Ok(news) => tell(news),
            Err(error) => refused(&built.path, &error),
        }
    }

    /// The files that the last build read; none if it did not come so far.
    fn read(&self) -> Vec<PathBuf> {
        let list = std::fs::read(self.inputs.path()).unwrap_or_default();
        serde_json::from_slice(&list).unwrap_or_default()
    }

    /// Builds again when something has changed, until told to stop.
    async fn run(self, mut stop: watch::Receiver<bool>) {
        let changed = Arc::new(Notify::new());
        let wanted = Arc::new(Mutex::new(Watched::default()));
        let (told, known) = (changed.clone(), wanted.clone());
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if event.is_ok_and(|event| is_change(&event, &known)) {
                told.notify_one();
            }
        });
        let mut watcher = match watcher {
            Ok(watcher) => watcher,
            Err(error) => return tracing::warn!(%error, "changes to source are not noticed"),
        };
        let mut watched = HashSet::new();
        let mut watch = |now: Watched| {
            for folder in now.places() {
                if !watched.contains(&folder) && watcher.watch(&folder, notify::RecursiveMode::NonRecursive).is_ok() {
                    watched.insert(folder);
                }
            }
            *wanted.lock().unwrap_or_else(PoisonError::into_inner) = now;
        };
        // Before a tool is asked for the rest, which takes a while.
        watch(self.guest.watched_at_once(self.read()));
        loop {
            watch(self.guest.watched(self.read()).await);
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = changed.notified() => {}
            }
            let quiet = Duration::from_millis(limits::WATCH_QUIET_MS);
            while timeout(quiet, changed.notified()).await.is_ok() {}
            let built = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                built = self.build() => built,
            };
            // Before anybody is told that it is live, and edits what it has read.
            watch(self.guest.watched_at_once(self.read()));
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = self.offer_all(built) => {}
            }
        }
    }
}

/// Whether something was written, made or removed that a guest is built from.
fn is_change(event: &notify::Event, watched: &Watched) -> bool {
    !event.kind.is_access() && event.paths.iter().any(|path| watched.has(path))
}

fn tell(news: News) {
    let paint = Paint::stderr();
    match news {
        News::Offered { plugin, offered } => {
            let Offered { version, change, functions } = offered;
            let how = match change {
                Change::Added => "is live".to_owned(),
                Change::Replaced { before } => format!("is live in place of {}", before.short()),
                Change::None => "is live as it was".to_owned(),
            };
            let version = paint.dim(version.short());
            eprintln!("{} {} {version} {how}: {}", paint.green("✓"), paint.bold(plugin), functions.join(", "));
        }
        News::Refused { path, error } => refused(&path, &error.into()),
        News::Retired { plugin } => eprintln!("{} {plugin} is retired", paint.yellow("–")),
    }
}

fn refused(path: &Path, error: &anyhow::Error) {
    let paint = Paint::stderr();
    eprintln!("{} {} is refused, what was live before still is: {error:#}", paint.red("✗"), path.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (guest, component) = (folder.path().join("guest"), folder.path().join("a.wasm"));
        std::fs::create_dir(&guest).expect("made");
        std::fs::write(guest.join("Cargo.toml"), "").expect("written");
        std::fs::write(&component, "").expect("written");
        let found = inputs(vec![guest.clone(), component.clone(), folder.path().to_owned()]).expect("valid");
        assert_eq!(found.guests, [Guest::at(&guest).expect("a guest"), Guest::at(&guest).expect("a guest")]);
        let folder_source = PluginSource::Folder(folder.path().to_owned());
        assert_eq!(found.sources, [PluginSource::File(component), folder_source]);
        assert!(inputs(vec![folder.path().join("nothing")]).is_err());
    }
}
