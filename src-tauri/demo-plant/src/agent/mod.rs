use serde::Deserialize;
use tokio::sync::watch;
use std::time::Duration;
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub(crate) struct Access { pub(crate) gateway_url: String, token: String }
#[derive(Debug, Clone)]
pub(crate) struct Habits { pub(crate) seed: u64, pub(crate) is_quiet: bool, pub(crate) first_after: Duration }
pub(crate) async fn work(_: Habits, _: watch::Receiver<Option<Access>>) {}
