//! Turns the one host of a connection into addresses and refuses the forbidden ones, so that a name whose answer changes
//! cannot lead us to this machine, to link-local or to a metadata service. The client connects to exactly these addresses.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use super::endpoint::{forbidden_address, is_loopback_host};

/// Turns a name into addresses.
#[async_trait]
pub trait NameService: Send + Sync {
    /// The addresses of a name now.
    ///
    /// # Errors
    /// Why there are none.
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// Who turns the names of a connection into addresses. What comes back is checked, whoever it is.
#[derive(Clone, Default)]
pub enum Names {
    /// The operating system.
    #[default]
    System,
    /// Somebody else.
    Of(Arc<dyn NameService>),
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Of(_) => "Of(..)",
        })
    }
}

impl Names {
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<SocketAddr>> {
        match self {
            Self::System => Ok(tokio::net::lookup_host((name, 0)).await?.collect()),
            Self::Of(service) => {
                let found = service.addresses(name).await?;
                Ok(found.into_iter().map(|address| (address, 0).into()).collect())
            }
        }
    }
}

/// Resolver of one connection.
#[derive(Debug)]
pub(super) struct CheckedResolver(pub(super) Names);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, host) = (self.0.clone(), name.as_str().to_owned());
        Box::pin(async move {
            let checked = allowed(&host, names.addresses(&host).await?)?;
            Ok(Box::new(checked.into_iter()) as Addrs)
        })
    }
}

/// The connection says by the spelling of its host whether it may be this machine: an answer alone never decides that.
fn allowed(host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, ForbiddenAddress> {
    let may_be_loopback = is_loopback_host(&Host::Domain(host));
    for address in &found {
        if let Some(reason) = forbidden_address(address.ip()) {
            return Err(ForbiddenAddress(reason));
        }
        if address.ip().to_canonical().is_loopback() && !may_be_loopback {
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
        for bad in [
            "127.0.0.1:0",
            "[::1]:0",
            "[::ffff:127.0.0.1]:0",
            "169.254.169.254:0",
            "[64:ff9b::a9fe:a9fe]:0",
            "0.0.0.0:0",
        ] {
            assert!(allowed("sap.example.org", address(bad)).is_err(), "{bad}");
        }
        let mut both = address("10.0.0.1:0");
        both.extend(address("169.254.169.254:0"));
        assert!(
            allowed("sap.example.org", both).is_err(),
            "one bad address spoils the answer, or the next attempt would go there"
        );
    }
}
