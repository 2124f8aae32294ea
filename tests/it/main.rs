//! Black-box tests, in one binary so that the engine is linked once: scenarios by folder, and suites by subject.

mod clock;
mod guests;
mod render;
mod scenarios;
mod stage;

use libtest_mimic::Arguments;

fn main() {
    let arguments = Arguments::from_args();
    let trials = scenarios::trials();
    libtest_mimic::run(&arguments, trials).exit();
}
