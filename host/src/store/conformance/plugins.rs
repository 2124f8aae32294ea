//! Scenarios of plugins that come, change and go.

use std::sync::Arc;

use super::world::World;
use crate::model::{Digest, Json, PluginName};
use crate::store::{Store, Version};

fn bytes(number: u8) -> Arc<[u8]> {
    vec![number; 10_000].into()
}

fn shop() -> PluginName {
    PluginName::new("shop").expect("a name")
}

/// Makes that version of the plugin `shop` live.
pub async fn activate<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>, number: u8) -> u64 {
    let bytes = bytes(number);
    let version = Version {
        digest: Digest::of(&bytes),
        namespace: world.namespace.clone(),
        plugin: shop(),
        definitions: Json::trusted(format!(r#"[{{"id":"f{number}"}}]"#)),
        activated: world.now,
        is_live: true,
    };
    world.store().activate(version, bytes).await.expect("activated")
}

async fn live<S: Store>(world: &World<'_, S, impl AsyncFn(&str) -> S>) -> Vec<Digest> {
    let versions = world.store().versions().await.expect("read");
    versions.into_iter().filter(|version| version.is_live).map(|version| version.digest).collect()
}

pub async fn makes_one_version_live<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    assert_eq!((world.store().generation(), live(&world).await), (0, vec![]));
    let first = activate(&world, 1).await;
    assert_eq!(world.store().generation(), first);
    assert_eq!(activate(&world, 1).await, first, "it is live already: nothing changes");
    let digest = Digest::of(&bytes(1));
    assert_eq!(world.store().component(digest).await.expect("read"), Some(bytes(1)));
    assert_eq!(world.store().component(Digest([9; 32])).await.expect("read"), None);
    let second = activate(&world, 2).await;
    assert!(second > first);
    assert_eq!(live(&world).await, [Digest::of(&bytes(2))], "one at a time");
    world.now += 5;
    let third = activate(&world, 1).await;
    assert!(third > second);
    let versions = world.store().versions().await.expect("read");
    assert_eq!((live(&world).await, versions[0].activated), (vec![digest], world.now), "it can come back");
    assert_eq!(versions[0].definitions.as_str(), r#"[{"id":"f1"}]"#);
    let retired = world.store().retire(&world.namespace, &shop()).await.expect("retired");
    assert!(retired > third);
    assert_eq!(world.store().retire(&world.namespace, &shop()).await.expect("retired"), retired);
    assert_eq!(live(&world).await, []);
}

pub async fn keeps_what_runs_need<S: Store>(mut world: World<'_, S, impl AsyncFn(&str) -> S>) {
    activate(&world, 1).await;
    let needed = Digest::of(&bytes(1));
    let mut publication = world.publication(r#"{"name":"n"}"#, &["f", "f"]);
    publication.runs.iter_mut().for_each(|run| run.version = needed);
    world.store().publish(world.store().generation(), vec![publication]).await.expect("published");
    activate(&world, 2).await;
    assert_eq!(world.store().unended_by_version().await.expect("read"), [(needed, 2)]);
    world.close_and_open().await;
    assert_eq!(world.store().unended_by_version().await.expect("read"), [(needed, 2)]);
    let versions = world.store().versions().await.expect("read");
    assert_eq!(versions.len(), 2, "two runs need the old one");
    let leases = world.lease(2).await;
    assert_eq!(world.store().component(leases[0].version).await.expect("read"), Some(bytes(1)));
    world.complete(&leases[0]).await;
    assert_eq!(world.store().unended_by_version().await.expect("read"), [(needed, 1)]);
    world.complete(&leases[1]).await;
    assert_eq!(world.store().unended_by_version().await.expect("read"), []);
    assert_eq!(world.store().versions().await.expect("read").len(), 1, "nothing needs it any more");
    world.close_and_open().await;
    assert_eq!(live(&world).await, [Digest::of(&bytes(2))]);
    assert_eq!(world.store().component(Digest::of(&bytes(2))).await.expect("read"), Some(bytes(2)));
}
