//! Turns the one host of a connection into addresses and refuses the forbidden ones, so that a name whose answer changes
//! cannot lead us to this machine, to link-local or to a metadata service. The client connects to exactly these addresses.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use super::endpoint::{forbidden_address, is_loopback_host};

/// Resolver of one connection.
#[derive(Debug)]
pub(super) struct CheckedResolver;

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let checked = allowed(&host, found)?;
            Ok(Box::new(checked.into_iter()) as Addrs)
        })
    }
}

fn allowed(host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, ForbiddenAddress> {
    let may_be_loopback = is_loopback_host(&Host::Domain(host));
    for address in &found {
        if let Some(reason) = forbidden_address(address.ip()) {
            return Err(ForbiddenAddress(reason));
        }
        if address.ip().is_loopback() && !may_be_loopback {
            return Err(ForbiddenAddress("is this machine under another name"));
        }
    }
    Ok(found)
}

/// A name leads where no connection may go.
#[derive(Debug, thiserror::Error)]
#[error("the address behind the name {0}")]
pub(super) struct ForbiddenAddress(&'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_turns_to_a_forbidden_address_is_refused() {
        let address = |text: &str| vec![text.parse::<SocketAddr>().unwrap()];
        assert!(allowed("sap.example.org", address("10.0.0.1:0")).is_ok());
        assert!(allowed("localhost", address("127.0.0.1:0")).is_ok());
        for bad in ["127.0.0.1:0", "[::1]:0", "169.254.169.254:0", "0.0.0.0:0"] {
            assert!(allowed("sap.example.org", address(bad)).is_err(), "{bad}");
        }
    }
}
