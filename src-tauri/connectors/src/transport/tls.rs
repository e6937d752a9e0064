//! TLS settings: ring, the operating system's roots plus one optional CA file. There is no way to switch verification off.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::endpoint::ConfigProblem;

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
        add_file(&mut store, path).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// What is wrong with the CA file of a connection; `None` also where there is none.
pub(crate) fn ca_file_problem(ca_file: Option<&Path>) -> Option<ConfigProblem> {
    let path = ca_file?;
    let why = add_file(&mut RootCertStore::empty(), path).err()?;
    Some(ConfigProblem {
        field: "ca_file".to_owned(),
        value: path.display().to_string(),
        problem: format!("cannot be used: {why}"),
        remedy: "Give the path of a file with the certificates of your authority in PEM form, which this user may read."
            .to_owned(),
    })
}

fn add_file(store: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| format!("{error:?}"))?;
        store.add(certificate).map_err(|error| error.to_string())?;
        added += 1;
    }
    match added {
        0 => Err("it holds no certificate in PEM form".to_owned()),
        _ => Ok(()),
    }
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
