//! Black-box tests, in one binary so that the engine is linked once: scenarios by folder, and suites by subject.

mod bad_plugins;
mod cancellations;
mod captures;
mod cargo_component;
mod cli;
mod clock;
mod crash;
mod crons;
mod examples;
mod fetch;
mod flow;
mod guests;
mod hot_swap;
mod http;
mod inngest;
mod kept;
mod languages;
mod packages;
mod process;
mod projects;
mod python;
mod render;
mod replays;
mod requests;
mod scenario_guests;
mod scenarios;
mod server;
mod sim;
mod stage;
mod typescript;
mod walls;
#[path = "../../host/src/sandbox/tests/guest.rs"]
mod wat_guest;
mod witness;

use libtest_mimic::Arguments;

fn main() {
    let arguments = Arguments::from_args();
    let suites = [
        scenarios::trials(),
        bad_plugins::trials(),
        cancellations::trials(),
        captures::trials(),
        cargo_component::trials(),
        cli::trials(),
        crash::trials(),
        crons::trials(),
        examples::trials(),
        fetch::trials(),
        flow::trials(),
        hot_swap::trials(),
        http::trials(),
        inngest::trials(),
        kept::trials(),
        languages::trials(),
        packages::trials(),
        projects::trials(),
        python::trials(),
        replays::trials(),
        requests::trials(),
        sim::trials(),
        typescript::trials(),
        walls::trials(),
    ];
    let trials = suites.into_iter().flatten().collect();
    libtest_mimic::run(&arguments, trials).exit();
}
