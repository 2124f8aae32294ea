//! The contract's generated bindings: private to the crate but for what `plugin!` and the documentation need.
#![allow(missing_docs, clippy::all, clippy::pedantic, reason = "generated from wit/stepwell.wit")]

wit_bindgen::generate!({
    path: "wit",
    world: "plugin",
    pub_export_macro: true,
    export_macro_name: "export_plugin",
    additional_derives: [PartialEq],
});
