//! Which worlds fit: our own exports, and imports out of what this host offers.

use super::Error;
use super::check::Findings;

const OURS: &str = "stepwell:plugin";
/// Versions of the contract that this host serves: 0.1 only adds.
const VERSIONS: (u64, u64) = (0, 1);
const FUNCTIONS: &str = "stepwell:plugin/functions";
const FAILURE_HANDLER: &str = "stepwell:plugin/failure-handler";

/// Interfaces that are linked, each with what a plugin gets of it. The first that an import's path begins with counts.
const OFFERED: [(&str, &str); 16] = [
    ("stepwell:plugin/log", "allowed: the run's log"),
    ("stepwell:plugin/", "allowed: the contract itself"),
    ("wasi:io/", "allowed: streams and waiting, which the others are made of"),
    ("wasi:clocks/", "allowed: the run's own time outside a step, the real time inside"),
    ("wasi:random/insecure-seed", "allowed: one value for each run"),
    ("wasi:random/", "allowed: the run's own randomness outside a step, the system's inside"),
    ("wasi:cli/environment", "by grant: the variables granted to the plugin; no arguments"),
    ("wasi:cli/exit", "allowed: ends the instance, as a panic does"),
    ("wasi:cli/stdin", "denied: always empty"),
    ("wasi:cli/stdout", "allowed: goes to the run's log"),
    ("wasi:cli/stderr", "allowed: goes to the run's log"),
    ("wasi:cli/terminal-", "denied: there is no terminal"),
    ("wasi:http/types", "allowed: what requests are made of"),
    ("wasi:http/outgoing-handler", "by grant: requests to the hosts granted to the plugin"),
    ("wasi:filesystem/", "denied: no file can be opened"),
    ("wasi:sockets/", "denied: no connection can be made"),
];

/// An import of a plugin, and what it would be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// As the component names it, version and all.
    pub name: String,
    /// A sentence for people.
    pub grant: &'static str,
}

/// A name such as `wasi:io/streams@0.2.6`, taken apart.
struct Name<'a> {
    package: &'a str,
    path: &'a str,
    version: Option<&'a str>,
}

impl<'a> Name<'a> {
    fn read(name: &'a str) -> Self {
        let (path, version) = match name.split_once('@') {
            Some((path, version)) => (path, Some(version)),
            None => (name, None),
        };
        let package = path.split('/').next().unwrap_or(path);
        Self { package, path, version }
    }

    fn is_ours(&self) -> bool {
        self.package == OURS
    }

    /// Major and minor.
    fn series(&self) -> Option<(u64, u64)> {
        let mut parts = self.version?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

/// Whether the component is a plugin of a version that this host serves, and asks for nothing that it does not offer.
pub(super) fn check(findings: &Findings) -> Result<(), Error> {
    let names = || findings.exports.iter().chain(&findings.imports).map(|name| Name::read(name));
    if let Some(other) = names().find(|name| name.is_ours() && name.series() != Some(VERSIONS)) {
        return Err(Error::OtherContract { theirs: other.version.unwrap_or("(none)").to_owned() });
    }
    let exports = |path: &str| findings.exports.iter().any(|name| Name::read(name).path == path);
    if !findings.exports.iter().any(|name| Name::read(name).is_ours()) {
        return Err(Error::OtherWorld { found: list(&findings.exports) });
    }
    for needed in [FUNCTIONS, FAILURE_HANDLER] {
        if !exports(needed) {
            return Err(Error::MissingExport(needed));
        }
    }
    match findings.imports.iter().find(|name| grant(name).is_none()) {
        Some(name) => Err(Error::UnknownImport { name: name.clone(), offered: offered() }),
        None => Ok(()),
    }
}

/// Every import with what it would be granted.
pub(super) fn imports(names: &[String]) -> Vec<Import> {
    let granted = names.iter().filter_map(|name| Some(Import { name: name.clone(), grant: grant(name)? }));
    granted.collect()
}

/// The part of an import that a plugin gets, if it is offered at all.
fn grant(name: &str) -> Option<&'static str> {
    let name = Name::read(name);
    let (_, grant) = OFFERED.iter().find(|(start, _)| name.path.starts_with(start))?;
    let series = if name.is_ours() { VERSIONS } else { (0, 2) };
    (name.series() == Some(series)).then_some(grant)
}

fn offered() -> String {
    let mut packages: Vec<&str> = OFFERED.iter().filter_map(|(path, _)| path.split('/').next()).collect();
    packages.dedup();
    let wasi: Vec<String> =
        packages.into_iter().filter(|package| *package != OURS).map(|package| format!("{package}@0.2")).collect();
    format!("{OURS}@{}.{} and {}", VERSIONS.0, VERSIONS.1, wasi.join(", "))
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 5;
    match names {
        [] => "nothing".to_owned(),
        names if names.len() <= SHOWN => names.join(", "),
        names => format!("{} and {} more", names[..SHOWN].join(", "), names.len() - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(imports: &[&str], exports: &[&str]) -> Result<(), String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let findings = Findings { imports: owned(imports), exports: owned(exports), ..Findings::default() };
        check(&findings).map_err(|error| error.to_string())
    }

    const GOOD: [&str; 3] = ["stepwell:plugin/functions@0.1.0", "stepwell:plugin/failure-handler@0.1.7", "init"];

    #[test]
    fn takes_ours_and_wasi() {
        let imports = ["stepwell:plugin/steps@0.1.3", "wasi:io/streams@0.2.6", "wasi:http/types@0.2.12"];
        assert_eq!(checked(&imports, &GOOD), Ok(()));
    }

    #[test]
    fn says_what_does_not_fit() {
        let cases: [(&[&str], &[&str], &str); 7] = [
            (&[], &["wasi:cli/run@0.2.6"], "it exports wasi:cli/run@0.2.6, not"),
            (&[], &[], "it exports nothing"),
            (&[], &["stepwell:plugin/functions@0.2.0"], "version 0.2.0 of the contract"),
            (&["stepwell:plugin/steps@1.0.0"], &GOOD, "version 1.0.0 of the contract"),
            (&[], &["stepwell:plugin/functions@0.1.0"], "exports no `stepwell:plugin/failure-handler`"),
            (&["wasi:io/streams@0.3.0"], &GOOD, "imports `wasi:io/streams@0.3.0`, which this host does not offer"),
            (&["acme:db/sql@1.0.0"], &GOOD, "it offers stepwell:plugin@0.1 and wasi:io@0.2, wasi:clocks@0.2"),
        ];
        for (imports, exports, wanted) in cases {
            let error = checked(imports, exports).expect_err(wanted);
            assert!(error.contains(wanted), "{error}");
        }
    }
}
