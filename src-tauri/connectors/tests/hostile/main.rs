//! A hostile upstream for both connectors, through what the engine itself calls. One table: what the server does, and what
//! must come of it, a clear error of the right kind or the correct records. After each row the same connection reads a
//! healthy answer, the process has grown by no more than 64 MiB, nobody else was contacted, and no secret stands in a message.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod cases;
mod systems;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use andon_domain::PortErrorKind;
use andon_domain::ports::Fetched;

use crate::cases::{Case, Expected, cases};
use crate::systems::{Reached, SECRET, System};
use crate::upstream::{Upstream, answer};

/// How much a row may make the process grow.
const MOST_MEMORY: u64 = 64 * 1024 * 1024;
/// How long a row may take with the limits of `systems`, its second call included.
const MOST_TIME: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_an_upstream_does_ends_in_a_clear_error_or_the_right_records() {
    let mut wrong = Vec::new();
    for case in cases() {
        for system in case.systems {
            let name = format!("{} ({})", case.name, system.name());
            match tokio::time::timeout(MOST_TIME, run(&case, *system)).await {
                Ok(Ok(())) => {}
                Ok(Err(problem)) => wrong.push(format!("{name}: {problem}")),
                Err(_) => wrong.push(format!("{name}: did not end within {MOST_TIME:?}")),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

async fn run(case: &Case, system: System) -> Result<(), String> {
    let elsewhere = Upstream::start(Arc::new(|_| answer(200, &[], b"{}"))).await;
    let upstream = Upstream::start((case.script)(system, &elsewhere.url)).await;
    let connection = system.connect(&upstream.url);
    let before = resident();
    forget_peak();
    let read = connection.read().await;
    let grown = peak().saturating_sub(before);
    judge(case, &read)?;
    if let Err(error) = &read {
        let said = format!("{error} {} {:?}", error.detail, error.code);
        if said.contains(SECRET) {
            return Err(format!("the secret is in: {said}"));
        }
        if error.message.contains("127.0.0.1") || error.message.contains("http://") {
            return Err(format!("a host is in: {}", error.message));
        }
    }
    if grown > MOST_MEMORY {
        return Err(format!("grew by {} MiB", grown / 1024 / 1024));
    }
    if elsewhere.calls() > 0 {
        return Err("another host was contacted".to_owned());
    }
    if let Some(most) = case.most_calls
        && upstream.calls() > most
    {
        return Err(format!("{} calls instead of at most {most}", upstream.calls()));
    }
    upstream.become_this(system.healthy());
    if case.is_refused_logon || matches!(&read, Err(error) if error.kind == PortErrorKind::Unauthorized) {
        // Nothing more is sent until somebody set the credentials again.
        let calls = upstream.calls();
        let again = connection.read().await;
        if !matches!(&again, Err(error) if error.kind == PortErrorKind::Unauthorized)
            || upstream.calls() != calls
        {
            return Err("a refused logon was tried again by itself".to_owned());
        }
        connection.credentials_changed();
    }
    match connection.read().await {
        Ok(Fetched { records, .. }) if records.len() == 1 => Ok(()),
        other => Err(format!("the next call to a healthy system: {other:?}")),
    }
}

fn judge(case: &Case, read: &Reached) -> Result<(), String> {
    match (&case.expected, read) {
        (Expected::Records(count), Ok(fetched)) if fetched.records.len() == *count => Ok(()),
        (Expected::Cut(least), Ok(fetched)) if fetched.is_truncated && fetched.records.len() >= *least => {
            Ok(())
        }
        (Expected::Shown(looks), Ok(fetched)) => looks(&fetched.records),
        (Expected::Error(kinds), Err(error)) if kinds.contains(&error.kind) => Ok(()),
        (expected, read) => Err(format!("expected {expected:?}, got {read:?}")),
    }
}

/// Memory of this process in bytes, from a line of its status.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let found = status.lines().find(|text| text.starts_with(line)).unwrap();
    let kibibytes: u64 = found.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes * 1024
}

fn resident() -> u64 {
    memory("VmRSS:")
}

fn peak() -> u64 {
    memory("VmHWM:")
}

/// Makes the peak start again from what is used now (`man 5 proc`, `clear_refs`).
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}
