//! Builds the HTTP client of one origin: checked names, verified TLS, no redirects, no cookies, no proxy, bounded pool.

use std::path::Path;
use std::time::Duration;

use reqwest::Url;

use super::call::Limits;
use super::fault::chain;
use super::resolver::{CheckedResolver, Names};
use super::tls::{self, Roots};

/// The client for this address.
///
/// # Errors
/// A message for people and the detail for the log.
pub(super) fn client(
    address: &Url,
    ca_file: Option<&Path>,
    names: &Names,
    limits: &Limits,
) -> Result<reqwest::Client, (String, String)> {
    let roots = if address.scheme() == "https" {
        Roots::System
    } else {
        Roots::None
    };
    let tls = tls::client_config(roots, ca_file)
        .map_err(|detail| ("the CA file cannot be used".to_owned(), detail))?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(CheckedResolver(names.clone()))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        // Bodies are decompressed by us, to see both sizes.
        .no_gzip()
        .connect_timeout(limits.connect)
        .pool_max_idle_per_host(limits.idle_connections)
        // Shorter than what servers usually keep, so that a write does not meet a connection just closed.
        .pool_idle_timeout(Duration::from_secs(25))
        .tcp_keepalive(Duration::from_secs(30))
        .user_agent(concat!("andon/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| ("the connection cannot be set up".to_owned(), chain(&e)))
}
