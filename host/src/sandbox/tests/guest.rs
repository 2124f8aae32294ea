//! Small guests in WAT: a core module made into a component of our world.

use std::sync::Arc;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const CONTRACT: &str = include_str!("../../../../wit/stepwell.wit");

/// The little of WASI that the tests ask for, as an old guest would name it.
const WASI: &[(&str, &str)] = &[
    (
        "clocks.wit",
        "package wasi:clocks@0.2.0; interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; } interface monotonic-clock { now: func() -> u64; }",
    ),
    (
        "random.wit",
        "package wasi:random@0.2.3; interface random { get-random-u64: func() -> u64; } interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }",
    ),
    (
        "cli.wit",
        "package wasi:cli@0.2.6; interface environment { get-environment: func() -> list<tuple<string, string>>; } interface exit { exit: func(status: result); }",
    ),
];

const WORLD: &str = "package test:guest; world guest {
    include stepwell:plugin/plugin@VERSION;
    import wasi:clocks/wall-clock@0.2.0;
    import wasi:clocks/monotonic-clock@0.2.0;
    import wasi:random/random@0.2.3;
    import wasi:random/insecure-seed@0.2.3;
    import wasi:cli/environment@0.2.6;
    import wasi:cli/exit@0.2.6;
}";

/// The parts of every guest: the imports, memory, and helpers around the canonical ABI. Below 16384 is scratch and
/// data.
const PRELUDE: &str = r#"
    (import "stepwell:plugin/steps@VERSION" "plan" (func $plan (param i32 i32 i32)))
    (import "stepwell:plugin/steps@VERSION" "finish" (func $finish (param i32) (result i32)))
    (import "stepwell:plugin/steps@VERSION" "next" (func $next (param i32)))
    (import "stepwell:plugin/steps@VERSION" "suspend" (func $suspend))
    (import "stepwell:plugin/steps@VERSION" "failed-step" (func $failed_step (param i32 i32 i32 i32)))
    (import "stepwell:plugin/log@VERSION" "write" (func $log (param i32 i32 i32 i32 i32)))
    (import "stepwell:plugin/log@VERSION" "panicked" (func $panicked (param i32 i32 i32 i32)))
    (import "stepwell:plugin/log@VERSION" "guess" (func $guess (param i32 i32)))
    (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))
    (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $monotonic (result i64)))
    (import "wasi:random/random@0.2.3" "get-random-u64" (func $random (result i64)))
    (import "wasi:cli/environment@0.2.6" "get-environment" (func $environment (param i32)))
    (import "wasi:cli/exit@0.2.6" "exit" (func $exit (param i32)))
    (memory (export "memory") PAGES)
    (global $top (mut i32) (i32.const 16384))
    (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
        (global.set $top (i32.add (local.get $at) (local.get 3)))
        (block $fits
            (br_if $fits (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
            (drop (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get 3) (i32.const 65536))))))
        (local.get $at))
    ;; The outcome `completed`.
    (func $completed (param $text i32) (param $len i32) (result i32)
        (i32.store8 (i32.const 512) (i32.const 0))
        (i32.store (i32.const 520) (local.get $text))
        (i32.store (i32.const 524) (local.get $len))
        (i32.const 512))
    ;; The outcome `suspended`.
    (func $suspended (result i32)
        (i32.store8 (i32.const 512) (i32.const 1))
        (i32.const 512))
    ;; The outcome `failed` with name and message alike.
    (func $failed (param $text i32) (param $len i32) (result i32)
        (memory.fill (i32.const 512) (i32.const 0) (i32.const 128))
        (i32.store8 (i32.const 512) (i32.const 2))
        (i32.store (i32.const 524) (local.get $text))
        (i32.store (i32.const 528) (local.get $len))
        (i32.store (i32.const 532) (local.get $text))
        (i32.store (i32.const 536) (local.get $len))
        (i32.const 512))
    ;; Plans one step; 0 is `run`, 1 is `noted`.
    (func $plan_one (param $id i32) (param $len i32) (result i32)
        (i32.store (i32.const 700) (local.get $id))
        (i32.store (i32.const 704) (local.get $len))
        (i32.store (i32.const 708) (i32.const 0))
        (i32.store (i32.const 712) (i32.const 640))
        (i32.store (i32.const 716) (i32.const 3))
        (i32.store (i32.const 720) (i32.const 643))
        (i32.store (i32.const 724) (i32.const 2))
        (call $plan (i32.const 700) (i32.const 1) (i32.const 740))
        (i32.load8_u (i32.load (i32.const 740))))
    (data (i32.const 640) "run{}")
    ;; Finishes a step with a value; 0 is `proceed`, 1 is `stop`.
    (func $finish_with (param $id i32) (param $id_len i32) (param $text i32) (param $len i32) (result i32)
        (memory.fill (i32.const 768) (i32.const 0) (i32.const 128))
        (i32.store (i32.const 768) (local.get $id))
        (i32.store (i32.const 772) (local.get $id_len))
        (i32.store8 (i32.const 784) (i32.const 0))
        (i32.store (i32.const 792) (local.get $text))
        (i32.store (i32.const 796) (local.get $len))
        (call $finish (i32.const 768)))
    ;; Takes the next result; its value is where `$value` points. 1 if there was one.
    (func $take (result i32)
        (call $next (i32.const 1024))
        (i32.load8_u (i32.const 1024)))
    (func $value (result i32 i32) (i32.load (i32.const 1056)) (i32.load (i32.const 1060)))
    ;; Writes a number as 16 hexadecimal digits.
    (func $hex (param $number i64) (param $at i32)
        (local $i i32) (local $digit i32)
        (loop $more
            (local.set $digit (i32.wrap_i64 (i64.and (local.get $number) (i64.const 15))))
            (i32.store8 (i32.add (local.get $at) (i32.sub (i32.const 15) (local.get $i)))
                (i32.add (local.get $digit)
                    (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 10)))))
            (local.set $number (i64.shr_u (local.get $number) (i64.const 4)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $more (i32.lt_u (local.get $i) (i32.const 16)))))
    ;; Logs a number.
    (func $say (param $number i64)
        (call $hex (local.get $number) (i32.const 900))
        (call $log (i32.const 1) (i32.const 900) (i32.const 16) (i32.const 900) (i32.const 0)))
"#;

/// The export `describe` of functions by id, options, and whether each has a failure handler.
pub fn describing(functions: &[(&str, &str, bool)]) -> String {
    // Records from 8192 on, the texts that they point to from 9216 on.
    let (mut records, mut texts) = (Vec::new(), String::new());
    for (id, options, has_handler) in functions {
        let mut text = |text: &str| {
            let at = 9_216 + texts.len() as u32;
            texts.push_str(text);
            [at, text.len() as u32]
        };
        let (id, name, options) = (text(id), text(""), text(options));
        records.extend([id, name, [u32::from(*has_handler), options[0]]].concat());
        records.push(options[1]);
    }
    let escaped = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let records: Vec<u8> = records.into_iter().flat_map(u32::to_le_bytes).collect();
    format!(
        r#"(data (i32.const 8192) "{}") (data (i32.const 9216) "{}")
        (func (export "stepwell:plugin/functions@VERSION#describe") (result i32)
            (i32.store (i32.const 0) (i32.const 8192)) (i32.store (i32.const 4) (i32.const {}))
            (i32.const 0))"#,
        escaped(&records),
        escaped(texts.as_bytes()),
        functions.len(),
    )
}

/// An export `describe` that runs this code, and traps behind it.
pub fn describing_by(code: &str) -> String {
    format!(r#"(func (export "stepwell:plugin/functions@VERSION#describe") (result i32) {code} unreachable)"#)
}

/// The parts of a guest, each in WAT.
pub struct Guest<'a> {
    /// The contract's version.
    pub version: &'a str,
    /// The export `describe` as a whole; usually that of the function `f` with a failure handler.
    pub describe: Option<&'a str>,
    /// The body of `run`, which leaves a pointer to an outcome.
    pub run: &'a str,
    /// The body of `on-failure`; its parameter points to the context and the failure.
    pub on_failure: &'a str,
    /// More definitions.
    pub more: &'a str,
    /// Memory that it begins with, in units of 64 KiB.
    pub pages: u32,
}

impl Default for Guest<'_> {
    fn default() -> Self {
        let suspended = "(call $suspended)";
        Self { version: "0.1.0", describe: None, run: suspended, on_failure: suspended, more: "", pages: 2 }
    }
}

impl Guest<'_> {
    pub fn build(&self) -> Arc<[u8]> {
        let usual = describing(&[("f", "{}", true)]);
        let core = format!(
            r#"(module {PRELUDE} {} {}
                (func (export "stepwell:plugin/functions@VERSION#run")
                    (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {})
                (func (export "stepwell:plugin/failure-handler@VERSION#on-failure") (param i32) (result i32) {}))"#,
            self.more,
            self.describe.unwrap_or(&usual),
            self.run,
            self.on_failure,
        );
        let core = core.replace("VERSION", self.version).replace("PAGES", &self.pages.to_string());
        let mut module = wat::parse_str(&core).expect("valid WAT");
        let mut resolve = Resolve::default();
        let contract = CONTRACT.replace("@0.1.0", &format!("@{}", self.version));
        let contract = contract.replace("version = 0.1.0", &format!("version = {}", self.version));
        resolve.push_source("stepwell.wit", &contract).expect("valid WIT");
        for (path, text) in WASI {
            resolve.push_source(path, text).expect("valid WIT");
        }
        let package = resolve.push_source("guest.wit", &WORLD.replace("VERSION", self.version)).expect("valid WIT");
        let world = resolve.select_world(&[package], Some("guest")).expect("the world is there");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).expect("embeds");
        let component = ComponentEncoder::default().module(&module).expect("has metadata").encode().expect("encodes");
        component.into()
    }
}

/// A guest with this `run`.
pub fn running(run: &str) -> Arc<[u8]> {
    Guest { run, ..Guest::default() }.build()
}

/// A component in which each level instantiates the one below four times.
pub fn bomb(levels: usize) -> Vec<u8> {
    let mut text = String::from("(component $c0 (core module $m) (core instance (instantiate $m)))");
    for level in 1..=levels {
        let below = level - 1;
        let instances = format!("(instance (instantiate $c{below}))").repeat(4);
        text = format!("(component $c{level} {text} {instances})");
    }
    wat::parse_str(&text).expect("valid WAT")
}
