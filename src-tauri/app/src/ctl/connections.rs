//! Connections, feeds and the mirror of the running console.

use andon_api::wire::{ConnectionFeed, ConnectionFindings, ConnectionList, ConnectionView};
use andon_domain::ports::{CacheStats, Finding, FindingState};
use andon_domain::text::visible;
use serde_json::json;

use super::arguments::{FeedCommand, Mirror};
use super::client::Client;
use super::show::{table, word};
use super::{Failure, print, print_json};

/// How every connection and every feed is.
pub(crate) async fn list(client: &Client, json: bool) -> Result<(), Failure> {
    let list: ConnectionList = client.call("connection_list", &json!({})).await?;
    if json {
        return print_json(&list);
    }
    let systems: Vec<_> = list.connections.iter().map(system).collect();
    table(
        &[
            "SYSTEM",
            "STATE",
            "LATENCY",
            "LAST CONTACT",
            "CALLS",
            "FAILED",
            "RETRIES",
            "CACHE",
            "WHAT IT SAYS",
        ],
        &systems,
    )?;
    print("")?;
    let feeds = list.connections.iter().flat_map(|connection| &connection.feeds);
    let feeds: Vec<_> = feeds.map(feed).collect();
    table(
        &[
            "FEED",
            "STATE",
            "EVERY",
            "LAST CONTACT",
            "RECORDS",
            "LEFT OUT",
            "WHAT IT SAYS",
        ],
        &feeds,
    )
}

fn system(connection: &ConnectionView) -> Vec<String> {
    let counted = |of: fn(&andon_api::wire::TrafficView) -> u64| word(&connection.traffic.as_ref().map(of));
    vec![
        connection.system.as_str().to_owned(),
        word(&connection.state),
        connection
            .latency_ms
            .map_or_else(|| word(&None::<u64>), |ms| format!("{ms} ms")),
        word(&connection.last_contact),
        counted(|traffic| traffic.calls),
        counted(|traffic| traffic.failures),
        counted(|traffic| traffic.retries),
        hits(connection.cache),
        connection.message.clone(),
    ]
}

/// Found answers of all that were asked for; "–" before the first question.
fn hits(cache: CacheStats) -> String {
    match cache.hits + cache.misses {
        0 => word(&None::<u64>),
        asked => format!("{} of {asked}", cache.hits),
    }
}

fn feed(feed: &ConnectionFeed) -> Vec<String> {
    vec![
        feed.feed.as_str().to_owned(),
        word(&feed.state),
        format!("{} s", feed.interval_s),
        word(&feed.last_contact),
        word(&feed.records),
        feed.dropped.to_string(),
        said(feed),
    ]
}

fn said(feed: &ConnectionFeed) -> String {
    let cut = feed
        .is_truncated
        .then_some("not complete: there is more than can be read at once");
    let said = [cut, feed.message.as_deref()];
    said.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

pub(crate) async fn feed_command(client: &Client, command: FeedCommand) -> Result<(), Failure> {
    let (name, request, done) = match command {
        FeedCommand::Pause { feed } => {
            let done = format!("paused: {feed}");
            ("feed_pause", json!({ "feed": feed, "is_paused": true }), done)
        }
        FeedCommand::Resume { feed } => {
            let done = format!("goes on: {feed}");
            ("feed_pause", json!({ "feed": feed, "is_paused": false }), done)
        }
        FeedCommand::Sync { feed } => {
            let done = format!("asked for: {feed}");
            ("feed_sync", json!({ "feed": feed }), done)
        }
    };
    let _: ConnectionList = client.call(name, &request).await?;
    print(&done)
}

pub(crate) async fn mirror(client: &Client, mirror: Mirror) -> Result<(), Failure> {
    let Mirror::Rebuild { feeds } = mirror;
    let _: ConnectionList = client.call("mirror_rebuild", &json!({ "feeds": feeds })).await?;
    let which = if feeds.is_empty() {
        "all feeds".to_owned()
    } else {
        feeds.join(", ")
    };
    print(&format!("empty and being read in full: {which}"))
}

/// What the running console finds when it looks at each configured system, service by service. What is optional and not
/// there needs nobody.
pub(crate) async fn findings(client: &Client) -> Result<Vec<(bool, String)>, Failure> {
    let list: ConnectionList = client.call("connection_list", &json!({})).await?;
    let mut lines = Vec::new();
    for connection in list
        .connections
        .iter()
        .filter(|connection| connection.is_configured)
    {
        let system = json!({ "system": connection.system });
        let name = connection.system.as_str();
        match client
            .call::<ConnectionFindings>("connection_examine", &system)
            .await
        {
            Ok(found) => lines.extend(found.findings.iter().map(|finding| line(name, finding))),
            // A refusal is said in its place; the other systems are looked at all the same.
            Err(failure) => lines.push((false, format!("{name}: {}", failure.words))),
        }
    }
    Ok(lines)
}

fn line(system: &str, finding: &Finding) -> (bool, String) {
    let Finding {
        subject,
        state,
        message,
        remedy,
    } = finding;
    let remedy = remedy
        .as_ref()
        .map(|remedy| format!(" {remedy}"))
        .unwrap_or_default();
    let state_word = match state {
        FindingState::Good => "",
        FindingState::Missing => "not offered, ",
        FindingState::Warning => "works, but ",
        FindingState::Failed => "does not work: ",
    };
    let is_well = matches!(state, FindingState::Good | FindingState::Missing);
    let message = message.trim_end_matches('.');
    let text = format!("{system} {subject}: {state_word}{message}.{remedy}");
    (is_well, visible(&text, 800))
}
