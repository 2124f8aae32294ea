//! Configurations that are taken and refused.

use std::io::Write as _;

use super::*;
use crate::model::duration_text;
use crate::sandbox::Reach;

fn load(text: &str, environment: &[(&str, &str)], flags: &[Flag]) -> Result<Config, Error> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("written");
    let environment = environment.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
    Config::load(Some(file.path()), &environment, flags)
}

fn problem(text: &str) -> String {
    let error = load(text, &[], &[]).expect_err("refused").to_string();
    // Without the folder of the temporary file.
    error.split_once(':').expect("names its place").1.to_owned()
}

#[test]
fn flags_beat_the_environment_which_beats_the_file() {
    let text = "workers = 1\nlisten = \"0.0.0.0:1\"\ndurability = \"relaxed\"\ninstance_memory = \"fresh\"\n";
    let environment = [("STEPWELL_WORKERS", "2"), ("STEPWELL_LISTEN", "0.0.0.0:2"), ("STEPWELL_ELSE", "x")];
    let config = load(text, &environment, &[("workers", "3".into())]).expect("valid");
    assert_eq!((config.workers, config.listen.port()), (3, 2));
    assert_eq!((config.durability, config.instance_memory), (Durability::Relaxed, InstanceMemory::Fresh));
    assert!(!config.is_loopback());
}

#[test]
fn errors_name_line_and_key() {
    assert_eq!(problem("\nworker = 3\n"), "2: unknown key `worker`, did you mean `workers`?");
    assert_eq!(problem("workers = 0\n"), "1: `workers`: it has to be a number from 1 to 65536");
    assert_eq!(problem("zzz = 0\n"), "1: unknown key `zzz`");
    assert!(problem("a = \n").starts_with("1: "), "{}", problem("a = \n"));
    assert_eq!(problem("[plugins.a]\nhost = []\n"), "2: unknown key `plugins.a.host`, did you mean `hosts`?");
    assert_eq!(
        problem("[plugins.a]\nvariables_from_env = [\"NOPE\"]\n"),
        "2: `plugins.a.variables_from_env`: environment variable NOPE is not set"
    );
    assert!(problem("instance_memory = \"new\"\n").contains("neither \"reset\" nor \"fresh\""));
    assert_eq!(problem("listen = 3\n"), "1: `listen`: it has to be a string, not an integer");
}

#[test]
fn nearly_a_setting_in_the_environment_is_an_error() {
    let error = load("", &[("STEPWELL_WORKER", "2")], &[]).expect_err("refused").to_string();
    assert_eq!(error, "environment variable STEPWELL_WORKER: unknown key `worker`, did you mean `workers`?");
    assert!(load("", &[("STEPWELL_BENCH_GUEST", "2")], &[]).is_ok());
}

#[test]
fn a_plugin_is_granted_what_its_table_says() {
    let text = r#"
        [plugins.product-import]
        hosts = ["api.example.com"]
        private_hosts = ["db.internal:5432"]
        variables = { REGION = "eu" }
        variables_from_env = ["SLACK_TOKEN"]
        memory = "64MiB"
        deadline = "1m30s"
    "#;
    let config = load(text, &[("SLACK_TOKEN", "xoxb")], &[]).expect("valid");
    let plugin = &config.plugins[&PluginName::new("product-import").expect("a name")];
    assert_eq!((plugin.memory_bytes, plugin.deadline_ms), (Some(64 << 20), Some(90_000)));
    assert_eq!(plugin.grants.variables["REGION"], "eu");
    assert_eq!(plugin.grants.variables["SLACK_TOKEN"], "xoxb");
    assert_eq!(plugin.grants.hosts[1].private, Reach::PrivateToo);
    assert_eq!(plugin.grants.hosts[1].port, Some(5_432));
    assert!(!format!("{config:?}").contains("xoxb"));
}

#[test]
fn values_have_units() {
    let ms = |text: &str| value::duration_ms(&Value::Text(text.into()));
    assert_eq!(ms("500ms"), Ok(500));
    assert_eq!(ms("1h30m"), Ok(5_400_000));
    assert_eq!(ms("2"), Ok(2_000));
    assert!(ms("banana").is_err() && ms("").is_err() && ms("0s").is_err() && ms("99999999999999999d").is_err());
    assert_eq!(value::size_bytes(&Value::Text("64 MB".into())), Ok(64_000_000));
    assert!(value::size_bytes(&Value::Text("1B".into())).is_err());
    assert_eq!((duration_text(7_200_000), value::show_bytes(256 << 20)), ("2h".into(), "256MiB".into()));
}

#[test]
fn every_default_reads_back() {
    let config = Config::default();
    let text: String = SETTINGS
        .iter()
        .filter_map(|setting| Some(format!("{} = {}\n", setting.key, (setting.show)(&config)?)))
        .collect();
    let again = load(&text, &[], &[]).expect("valid");
    assert_eq!(format!("{again:?}"), format!("{config:?}"));
}
