//! One HTTP client per connection: TLS that is always verified, no redirects, bounded pool, times and bodies, retries for
//! reads only, and credentials that never leave the connection's origin.
//!
//! What an answer means is the business of the connector; here are only the rules all of them share.

mod auth;
mod body;
mod call;
mod client;
mod endpoint;
mod resolver;
mod retry;
mod tls;

#[cfg(test)]
mod tests;

pub use auth::{AuthKind, CredentialSource};
pub use call::{Answer, Call, Failure, Limits, Sent, TransportSettings};
pub use client::{Streaming, Transport};
pub use endpoint::{ConfigProblem, HttpRule, check_endpoint};
pub(crate) use retry::http_date;
pub use retry::retry_after;
