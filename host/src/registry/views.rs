//! Plugins as people look at them.

use super::snapshot::Snapshot;
use crate::model::{Digest, Millis, Namespace, PluginName};
use crate::store::Version;

/// A plugin that is live, or that runs still need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginView {
    pub namespace: Namespace,
    pub name: PluginName,
    /// `None` when it has been retired and only its runs are left.
    pub live: Option<LiveVersion>,
    /// Unended runs that are on other versions than the live one.
    pub older: Vec<OlderVersion>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveVersion {
    pub version: Digest,
    pub since: Millis,
    /// Composite ids, without failure functions.
    pub functions: Vec<String>,
    /// Unended runs.
    pub runs: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OlderVersion {
    pub version: Digest,
    /// Unended runs.
    pub runs: u64,
}

pub(super) fn plugins(snapshot: &Snapshot, versions: &[Version], unended: &[(Digest, u64)]) -> Vec<PluginView> {
    let runs = |version: Digest| unended.iter().find(|(other, _)| *other == version).map_or(0, |(_, runs)| *runs);
    let mut views: Vec<PluginView> = snapshot
        .plugins()
        .map(|plugin| PluginView {
            namespace: plugin.namespace.clone(),
            name: plugin.name.clone(),
            live: Some(LiveVersion {
                version: plugin.version,
                since: plugin.activated,
                functions: plugin.function_names(),
                runs: runs(plugin.version),
            }),
            older: Vec::new(),
        })
        .collect();
    for version in versions.iter().filter(|version| runs(version.digest) > 0) {
        let is_it = |view: &&mut PluginView| view.namespace == version.namespace && view.name == version.plugin;
        let older = OlderVersion { version: version.digest, runs: runs(version.digest) };
        match views.iter_mut().find(is_it) {
            Some(view) if view.live.as_ref().is_some_and(|live| live.version == version.digest) => {}
            Some(view) => view.older.push(older),
            None => views.push(PluginView {
                namespace: version.namespace.clone(),
                name: version.plugin.clone(),
                live: None,
                older: vec![older],
            }),
        }
    }
    views.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    views
}
