//! TLS to Redis: whose certificates are trusted.

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Certificates that are trusted.
pub(super) struct Tls(TlsConnector);

impl Tls {
    /// With the certificates in this file, or with those of the system. An error is a sentence that says what to do.
    pub(super) fn new(file: Option<&Path>) -> Result<Self, String> {
        let roots = match file {
            Some(file) => roots_in(file)?,
            None => roots_of_the_system()?,
        };
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS to Redis cannot be set up: {error}."))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Encrypts a connection to the host of this name.
    pub(super) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        self.0.connect(name, stream).await
    }
}

fn roots_in(file: &Path) -> Result<RootCertStore, String> {
    let told = file.display();
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("--redis-ca {told} cannot be read: {error}."))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(|error| {
            format!("--redis-ca {told} has a certificate that cannot be read: {error}.")
        })?;
    }
    match roots.is_empty() {
        true => Err(format!("--redis-ca {told} has no certificate in PEM.")),
        false => Ok(roots),
    }
}

fn roots_of_the_system() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    match roots.is_empty() {
        true => Err(
            "A --redis with TLS needs certificates, and the system has none: give --redis-ca."
                .to_owned(),
        ),
        false => Ok(roots),
    }
}
