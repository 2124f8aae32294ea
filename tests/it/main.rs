//! Black-box tests, in one binary so that the engine is linked once: scenarios by folder, and suites by subject.

mod cli;
mod clock;
mod crash;
mod guests;
mod hot_swap;
mod http;
mod process;
mod render;
mod scenarios;
mod stage;
mod witness;

use libtest_mimic::Arguments;

fn main() {
    let arguments = Arguments::from_args();
    let suites = [scenarios::trials(), cli::trials(), crash::trials(), hot_swap::trials(), http::trials()];
    let trials = suites.into_iter().flatten().collect();
    libtest_mimic::run(&arguments, trials).exit();
}
