//! `[plugins.<name>]`: what one plugin may use.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use super::value::{self, Value};
use crate::sandbox::{Grants, HostGrant, Reach};

/// Grants and bounds of a plugin. The default is nothing, within the host's own bounds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PluginConfig {
    pub grants: Grants,
    pub memory_bytes: Option<usize>,
    pub deadline_ms: Option<u64>,
}

/// The keys of such a table, beside the table `variables`.
pub(super) const KEYS: [&str; 5] = ["hosts", "private_hosts", "variables_from_env", "memory", "deadline"];

/// Sets one key; the caller has checked that it is one of [`KEYS`].
pub(super) fn set(
    plugin: &mut PluginConfig,
    key: &str,
    value: Value,
    environment: &BTreeMap<String, String>,
) -> Result<(), String> {
    match key {
        "hosts" => add_hosts(plugin, value.list()?, Reach::PublicOnly)?,
        "private_hosts" => add_hosts(plugin, value.list()?, Reach::PrivateToo)?,
        "variables_from_env" => {
            for name in value.list()? {
                let text = environment.get(&name).ok_or_else(|| format!("environment variable {name} is not set"))?;
                set_variable(plugin, &name, text)?;
            }
        }
        "memory" => plugin.memory_bytes = Some(value::size_bytes(&value)?),
        _ => plugin.deadline_ms = Some(value::duration_ms(&value)?),
    }
    Ok(())
}

pub(super) fn set_variable(plugin: &mut PluginConfig, name: &str, text: &str) -> Result<(), String> {
    if name.is_empty() || name.contains(['=', '\0']) || text.contains('\0') {
        return Err(format!("variable {name:?} cannot be given: '=' in the name, or a NUL"));
    }
    plugin.grants.variables.insert(name.to_owned(), text.to_owned());
    Ok(())
}

fn add_hosts(plugin: &mut PluginConfig, hosts: Vec<String>, reach: Reach) -> Result<(), String> {
    for text in hosts {
        plugin.grants.hosts.push(host(&text, reach)?);
    }
    Ok(())
}

/// `api.example.com`, `*.example.com`, `localhost:9000`, `[::1]:9000`, `*`.
fn host(text: &str, reach: Reach) -> Result<HostGrant, String> {
    let refuse = || format!("{text:?} is no host: write one such as \"api.example.com\" or \"localhost:9000\"");
    let (host, port) = split_port(text).ok_or_else(refuse)?;
    let name = host.strip_prefix("*.").unwrap_or(&host);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let is_name = !name.is_empty() && name.chars().all(allowed);
    if !(is_name || host == "*" || host.parse::<Ipv6Addr>().is_ok()) {
        return Err(refuse());
    }
    // Naming this machine or a private address can only mean that it is to be reached.
    let reach = if names_private(&host) { Reach::PrivateToo } else { reach };
    Ok(HostGrant { host: host.to_ascii_lowercase(), port, private: reach })
}

fn split_port(text: &str) -> Option<(String, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let port = if port.is_empty() { None } else { Some(port.strip_prefix(':')?.parse().ok()?) };
        return Some((host.to_owned(), port));
    }
    match text.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => Some((text.to_owned(), None)),
        Some((host, port)) => Some((host.to_owned(), Some(port.parse().ok()?))),
        None => Some((text.to_owned(), None)),
    }
}

fn names_private(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let private_address = match host.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        Err(_) => false,
    };
    private_address || host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_ports_and_reach() {
        let read = |text| host(text, Reach::PublicOnly).map(|grant| (grant.host, grant.port, grant.private));
        assert_eq!(read("API.example.com"), Ok(("api.example.com".into(), None, Reach::PublicOnly)));
        assert_eq!(read("localhost:9000"), Ok(("localhost".into(), Some(9_000), Reach::PrivateToo)));
        assert_eq!(read("[::1]:80"), Ok(("::1".into(), Some(80), Reach::PrivateToo)));
        assert_eq!(read("10.0.0.1"), Ok(("10.0.0.1".into(), None, Reach::PrivateToo)));
        assert_eq!(read("*.example.com"), Ok(("*.example.com".into(), None, Reach::PublicOnly)));
        assert_eq!(read("*"), Ok(("*".into(), None, Reach::PublicOnly)));
        for bad in ["https://a.b", "", "a b", "a:port", "a.b/path", "*.*"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
