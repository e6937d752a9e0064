//! One HTTP client per connection: TLS that is always verified, no redirects, bounded pool, times and bodies, retries for
//! reads only, credentials that never leave the connection's origin, nothing but a probe while the system is down, and a
//! ledger of what was exchanged.
//!
//! What an answer means is the business of the connector; here are only the rules all of them share.

mod attempt;
mod auth;
mod body;
mod call;
mod client;
mod endpoint;
mod fault;
mod http;
mod ledger;
mod oauth;
mod outage;
mod resolver;
mod retry;
mod streaming;
mod tls;

#[cfg(test)]
mod tests;

pub use auth::{AuthKind, CredentialSource};
pub(crate) use body::is_object;
pub use call::{Answer, Call, Failure, Limits, Logon, Sent, TransportSettings};
pub use client::Transport;
pub use endpoint::{ConfigProblem, HttpRule, check_endpoint};
pub(crate) use fault::TOO_LARGE;
pub use outage::Errand;
pub use resolver::{NameService, Names};
pub(crate) use retry::http_date;
pub use streaming::Streaming;
pub(crate) use tls::ca_file_problem;
