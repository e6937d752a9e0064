//! TLS settings: ring, the operating system's roots plus one optional CA file. There is no way to switch verification off.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Where the roots come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Roots {
    /// The operating system's.
    System,
    /// None: for connections that never use TLS.
    None,
}

/// Builds the settings of one connection.
///
/// # Errors
/// A sentence for the log when the CA file cannot be used.
pub(super) fn client_config(roots: Roots, ca_file: Option<&Path>) -> Result<ClientConfig, String> {
    let mut store = RootCertStore::empty();
    if roots == Roots::System {
        let loaded = rustls_native_certs::load_native_certs();
        for error in &loaded.errors {
            tracing::warn!(%error, "a certificate of the operating system could not be read");
        }
        store.add_parsable_certificates(loaded.certs);
    }
    if let Some(path) = ca_file {
        let mut added = 0;
        let certificates =
            CertificateDer::pem_file_iter(path).map_err(|e| format!("{}: {e:?}", path.display()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|e| format!("{}: {e:?}", path.display()))?;
            store
                .add(certificate)
                .map_err(|e| format!("{}: {e}", path.display()))?;
            added += 1;
        }
        if added == 0 {
            return Err(format!("{}: holds no certificate in PEM form", path.display()));
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_without_a_certificate_is_an_error_and_not_ignored() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(
            client_config(Roots::None, Some(file.path()))
                .unwrap_err()
                .contains("no certificate")
        );
        assert!(client_config(Roots::None, None).is_ok());
    }
}
