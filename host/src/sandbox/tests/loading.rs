//! Loading: what is refused and why, the cache, `describe`.

use std::sync::Arc;

use super::guest::{Guest, bomb, describing, describing_by, running};
use super::{load, sandbox};
use crate::limits;
use crate::sandbox::Error;

async fn refused(bytes: impl Into<Arc<[u8]>>) -> Error {
    sandbox().load(bytes.into()).await.map(|plugin| plugin.digest()).expect_err("is refused")
}

#[tokio::test]
async fn describes_its_functions() {
    let plugin = load(running("(call $suspended)")).await;
    let definitions = plugin.describe().await.expect("describes");
    assert_eq!(definitions.len(), 1);
    assert_eq!((&*definitions[0].id, definitions[0].has_failure_handler), ("f", true));
    let imports = plugin.imports();
    assert!(imports.iter().any(|import| import.name == "wasi:random/random@0.2.3"), "{imports:?}");
}

#[tokio::test]
async fn refuses_what_is_no_plugin() {
    assert!(matches!(refused(&b"hello"[..]).await, Error::NotWasm));
    assert!(matches!(refused(wat::parse_str("(module)").expect("valid")).await, Error::CoreModule));
    assert!(matches!(refused(wat::parse_str("(component)").expect("valid")).await, Error::OtherWorld { .. }));
    let cut = running("(call $suspended)")[..200].to_vec();
    assert!(matches!(refused(cut).await, Error::Malformed(_)));
}

#[tokio::test]
async fn names_both_versions_of_the_contract() {
    let error = refused(Guest { version: "0.2.0", ..Guest::default() }.build()).await;
    let text = error.to_string();
    assert!(text.contains("version 0.2.0") && text.contains("this host serves 0.1.0"), "{text}");
}

#[tokio::test]
async fn a_compile_bomb_is_refused_before_it_is_compiled() {
    let bytes = bomb(12);
    assert!(bytes.len() < 1_000, "{}", bytes.len());
    let error = refused(bytes).await;
    assert!(matches!(error, Error::TooManyInstances { found: 16_777_216 }), "{error}");
    assert!(matches!(refused(bomb(80)).await, Error::TooManyInstances { found: u64::MAX }));
}

#[tokio::test]
async fn components_as_values_are_refused() {
    let text = r#"(component (import "c" (component)))"#;
    assert!(matches!(refused(wat::parse_str(text).expect("valid")).await, Error::TakesComponents(_)));
}

#[tokio::test]
async fn a_plugin_that_cannot_describe_itself_says_why() {
    let trap = &describing_by("(call $panicked (i32.const 640) (i32.const 3) (i32.const 0) (i32.const 0))");
    let plugin = load(Guest { describe: Some(trap), ..Guest::default() }.build()).await;
    let text = plugin.describe().await.expect_err("traps").to_string();
    assert!(text.starts_with("the plugin could not describe its functions: Panic: run"), "{text}");

    let step = &describing_by("(return (call $plan_one (i32.const 640) (i32.const 3)))");
    let plugin = load(Guest { describe: Some(step), ..Guest::default() }.build()).await;
    let text = plugin.describe().await.expect_err("is refused").to_string();
    assert!(text.contains("reached for a step"), "{text}");
}

#[tokio::test]
async fn two_functions_of_one_name_are_refused() {
    for (second, wanted) in
        [("f", "two functions with the id \"f\""), ("f-failure", "name of the failure function of \"f\"")]
    {
        let describe = describing(&[("f", "{}", true), (second, "{}", false)]);
        let plugin = load(Guest { describe: Some(&describe), ..Guest::default() }.build()).await;
        let text = plugin.describe().await.expect_err("is refused").to_string();
        assert!(text.contains(wanted), "{text}");
    }
}

#[tokio::test]
async fn compiled_code_is_kept_and_made_again_when_it_is_broken() {
    let dir = tempfile::tempdir().expect("a directory");
    let bytes = running("(call $suspended)");
    let options = || crate::sandbox::Options {
        cache: dir.path().to_owned(),
        compiler: crate::sandbox::Compiler::InProcess,
        instances: 1,
        computing: 1,
        memory: crate::sandbox::InstanceMemory::Fresh,
        memory_total: 1 << 30,
    };
    let files = || {
        let list = std::fs::read_dir(dir.path()).expect("a directory");
        list.map(|file| file.expect("an entry").path()).collect::<Vec<_>>()
    };
    for contents in [None, Some(&b"rubbish"[..]), Some(&b""[..])] {
        if let Some(contents) = contents {
            std::fs::write(&files()[0], contents).expect("writes");
        }
        let sandbox = crate::sandbox::Sandbox::new(options()).expect("sets up");
        sandbox.load(Arc::clone(&bytes)).await.expect("loads");
        assert_eq!(files().len(), 1, "{:?}", files());
        assert!(std::fs::metadata(&files()[0]).expect("a file").len() > 1_000);
    }
    assert!(limits::COMPONENT_MAX_BYTES > bytes.len());
}
