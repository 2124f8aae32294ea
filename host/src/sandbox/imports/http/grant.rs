//! Which hosts a plugin may talk to.

use std::fmt;

use wasmtime_wasi_http::{Error, Result};

use crate::sandbox::{HostGrant, Reach};

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    /// In lower case, without brackets and final dot.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_tls: bool,
}

impl Target {
    pub(super) fn of(uri: &http::Uri) -> Result<Self> {
        let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
        // A name and password would end up in the header `host`.
        if authority.as_str().contains('@') {
            return Err(Error::HttpRequestUriInvalid);
        }
        let is_tls = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let host = bare(authority.host());
        if host.is_empty() {
            return Err(Error::HttpRequestUriInvalid);
        }
        let port = authority.port_u16().unwrap_or_else(|| default_port(is_tls));
        Ok(Self { host, port, is_tls })
    }

    /// How far the grants let it go; `None` where none names it.
    pub(super) fn granted_by(&self, grants: &[HostGrant]) -> Option<Reach> {
        let fitting = || grants.iter().filter(|grant| self.fits(grant));
        let private = fitting().any(|grant| grant.private == Reach::PrivateToo);
        fitting().next().map(|_| if private { Reach::PrivateToo } else { Reach::PublicOnly })
    }

    fn fits(&self, grant: &HostGrant) -> bool {
        let port = grant.port.unwrap_or_else(|| default_port(self.is_tls));
        port == self.port && self.fits_name(&bare(&grant.host))
    }

    fn fits_name(&self, pattern: &str) -> bool {
        match pattern.strip_prefix("*.") {
            _ if pattern == "*" => true,
            Some(suffix) => self.host.strip_suffix(suffix).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            None => self.host == pattern,
        }
    }
}

/// As a grant would name it.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

fn default_port(is_tls: bool) -> u16 {
    if is_tls { 443 } else { 80 }
}

fn bare(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(uri: &str, grants: &[(&str, Option<u16>, Reach)]) -> Option<Reach> {
        let target = Target::of(&uri.parse().expect("a URI")).expect("a target");
        let grant = |(host, port, private): &(&str, Option<u16>, Reach)| HostGrant {
            host: (*host).to_owned(),
            port: *port,
            private: *private,
        };
        target.granted_by(&grants.iter().map(grant).collect::<Vec<_>>())
    }

    #[test]
    fn names_and_ports_have_to_fit() {
        let cases = [
            ("https://api.example.com/x", "api.example.com", None, true),
            ("https://API.Example.com./x", "api.example.com", None, true),
            ("http://api.example.com/x", "api.example.com", None, true),
            ("https://api.example.com:8443/x", "api.example.com", None, false),
            ("https://api.example.com:8443/x", "api.example.com", Some(8443), true),
            ("https://api.example.com/x", "api.example.com", Some(8443), false),
            ("https://a.b.example.com", "*.example.com", None, true),
            ("https://example.com", "*.example.com", None, false),
            ("https://evilexample.com", "*.example.com", None, false),
            ("https://.example.com", "*.example.com", None, false),
            ("https://anything.org", "*", None, true),
            ("https://anything.org:1", "*", None, false),
            ("https://example.com.evil.org", "example.com", None, false),
            ("http://[::1]/x", "::1", None, true),
            ("http://127.0.0.1/x", "localhost", None, false),
        ];
        for (uri, host, port, wanted) in cases {
            assert_eq!(reach(uri, &[(host, port, Reach::PublicOnly)]).is_some(), wanted, "{uri} by {host}");
        }
    }

    #[test]
    fn the_widest_fitting_grant_counts() {
        let grants = [("*", None, Reach::PublicOnly), ("db.local", None, Reach::PrivateToo)];
        assert_eq!(reach("http://db.local/", &grants), Some(Reach::PrivateToo));
        assert_eq!(reach("http://other.local/", &grants), Some(Reach::PublicOnly));
        assert_eq!(reach("http://other.local/", &[]), None);
    }

    #[test]
    fn names_and_passwords_are_refused() {
        assert!(Target::of(&"http://user:pass@host/".parse().expect("a URI")).is_err());
    }
}
