//! Reaching a host: resolve, check every address, connect to one of those checked, and speak TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, Result};

use super::address;
use super::grant::Target;
use crate::sandbox::Reach;

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The certificate authorities that Mozilla trusts.
static TLS: LazyLock<Arc<rustls::ClientConfig>> = LazyLock::new(|| {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
});

/// The name is resolved once: what is connected to is what was checked.
pub(super) async fn connect(target: &Target, reach: Reach) -> Result<TokioIo<Box<dyn Stream>>> {
    let addresses = resolve(target).await?;
    if !addresses.iter().all(|address| address::is_allowed(address.ip(), reach)) {
        return Err(Error::DestinationIpProhibited);
    }
    let stream = TcpStream::connect(&*addresses).await.map_err(|error| unreachable(&error))?;
    // Small requests go out at once; that it may fail is no reason not to send them.
    let _ = stream.set_nodelay(true);
    let stream: Box<dyn Stream> =
        if target.is_tls { Box::new(secure(stream, target).await?) } else { Box::new(stream) };
    Ok(TokioIo::new(stream))
}

async fn resolve(target: &Target) -> Result<Vec<SocketAddr>> {
    if let Ok(address) = target.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, target.port)]);
    }
    let unresolved = |error: io::Error| Error::DnsError { rcode: Some(error.to_string()), info_code: None };
    let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await.map_err(unresolved)?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err(Error::DestinationNotFound);
    }
    Ok(addresses)
}

async fn secure(stream: TcpStream, target: &Target) -> Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let name = ServerName::try_from(target.host.clone()).map_err(|_| Error::HttpRequestUriInvalid)?;
    let connector = TlsConnector::from(Arc::clone(&TLS));
    connector.connect(name, stream).await.map_err(|error| insecure(&error))
}

fn unreachable(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        io::ErrorKind::TimedOut => Error::ConnectionTimeout,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => Error::DestinationIpUnroutable,
        _ => Error::InternalError(Some(format!("connecting: {error}"))),
    }
}

fn insecure(error: &io::Error) -> Error {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(_)) => Error::TlsCertificateError,
        Some(rustls::Error::AlertReceived(alert)) => {
            Error::TlsAlertReceived { alert_id: Some((*alert).into()), alert_message: Some(format!("{alert:?}")) }
        }
        _ => Error::TlsProtocolError,
    }
}
