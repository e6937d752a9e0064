//! A hostile upstream for both connectors, through what the engine itself calls. One table: what the server does, and what
//! must come of it, a clear error of the right kind or the correct records, for every list, as a read and as a feed of the
//! mirror. After each row the same connection reads a healthy answer, the process has grown by no more than 64 MiB, nobody
//! else was contacted, and no secret stands in a message. Tokens, names and the plant's own oddities have tables beside it.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod cases;
mod memory;
mod names;
mod plant;
mod systems;
mod tokens;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use andon_domain::{PortError, PortErrorKind};

use crate::cases::{Case, Expected, cases};
use crate::memory::{MOST_MEMORY, forget_peak, peak, resident};
use crate::systems::{Reached, Read, SECRET, Way};
use crate::upstream::{Upstream, answer};

/// How long a list may take with the limits of `systems`, its second call included.
const MOST_TIME: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_an_upstream_answers_ends_in_a_clear_error_or_the_right_records() {
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| !case.is_slow) {
        for (read, way) in case.asks() {
            let (problem, grown) = measured(run(case, read, way)).await;
            wrong.extend(problem);
            wrong.extend(too_much(&format!("{} ({read:?}, {way:?})", case.name), grown));
        }
    }
    none_is_wrong(&wrong);
}

/// All lists at once, since each of them mostly waits; so the memory is that of all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_long_an_upstream_takes_every_read_ends_in_time_and_the_next_one_works() {
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| case.is_slow) {
        let all = case.asks().map(|(read, way)| run(case, read, way));
        let (problems, grown) = measured(futures_util::future::join_all(all)).await;
        wrong.extend(problems.into_iter().flatten());
        wrong.extend(too_much(case.name, grown));
    }
    none_is_wrong(&wrong);
}

fn none_is_wrong(wrong: &[String]) {
    let all = wrong.join("\n");
    assert!(wrong.is_empty(), "{} rows are wrong:\n{all}", wrong.len());
}

/// What it brings, and by how much the process grew meanwhile.
async fn measured<T>(work: impl Future<Output = T>) -> (T, u64) {
    let before = resident();
    forget_peak();
    let brought = work.await;
    (brought, peak().saturating_sub(before))
}

fn too_much(name: &str, grown: u64) -> Option<String> {
    (grown > MOST_MEMORY).then(|| format!("{name}: grew by {} MiB", grown / 1024 / 1024))
}

impl Case {
    /// Every list in every way. A feed brings the same records in another form, so their look is judged once.
    fn asks(&self) -> impl Iterator<Item = (Read, Way)> {
        let ways: &[Way] = match self.expected {
            Expected::Shown(_) => &[Way::Operation],
            _ => &[Way::Operation, Way::Feed],
        };
        let of = |read: &Read| ways.iter().map(move |way| (*read, *way)).collect::<Vec<_>>();
        self.reads.iter().flat_map(of)
    }
}

async fn run(case: &Case, read: Read, way: Way) -> Option<String> {
    let problem = match tokio::time::timeout(MOST_TIME, reads(case, read, way)).await {
        Ok(Ok(())) => return None,
        Ok(Err(problem)) => problem,
        Err(_) => format!("did not end within {MOST_TIME:?}"),
    };
    Some(format!("{} ({read:?}, {way:?}): {problem}", case.name))
}

async fn reads(case: &Case, read: Read, way: Way) -> Result<(), String> {
    let elsewhere = Upstream::start(Arc::new(|_| answer(200, &[], b"{}"))).await;
    let upstream = Upstream::start((case.script)(read, &elsewhere.url)).await;
    let connection = read.system().connect(&upstream.url);
    let reached = connection.ask(read, way).await;
    judge(case, &reached)?;
    if let Err(error) = &reached {
        tells_nothing(error)?;
    }
    if elsewhere.calls() > 0 {
        return Err("another host was contacted".to_owned());
    }
    if let Some(most) = case.most_calls
        && upstream.calls() > most
    {
        return Err(format!("{} calls instead of at most {most}", upstream.calls()));
    }
    upstream.become_this(read.healthy());
    if case.is_refused_logon || matches!(&reached, Err(error) if error.kind == PortErrorKind::Unauthorized) {
        // Nothing more is sent until somebody set the credentials again.
        let calls = upstream.calls();
        let again = connection.ask(read, way).await;
        if !matches!(&again, Err(error) if error.kind == PortErrorKind::Unauthorized)
            || upstream.calls() != calls
        {
            return Err("a refused logon was tried again by itself".to_owned());
        }
        connection.credentials_changed();
    }
    match connection.ask(read, way).await {
        Ok(got) if got.records.len() == 1 => Ok(()),
        other => Err(format!("the next call to a healthy system: {other:?}")),
    }
}

/// No secret in any part of it, and no host in what people read.
fn tells_nothing(error: &PortError) -> Result<(), String> {
    let said = format!("{error} {} {:?}", error.detail, error.code);
    if said.contains(SECRET) {
        return Err(format!("the secret is in: {said}"));
    }
    if error.message.contains("127.0.0.1") || error.message.contains("http://") {
        return Err(format!("a host is in: {}", error.message));
    }
    Ok(())
}

fn judge(case: &Case, reached: &Reached) -> Result<(), String> {
    match (&case.expected, reached) {
        (Expected::Records(count), Ok(got)) if got.records.len() == *count => Ok(()),
        (Expected::Cut(least), Ok(got)) if got.is_cut != Some(false) && got.records.len() >= *least => Ok(()),
        (Expected::Shown(looks), Ok(got)) => looks(&got.records),
        (Expected::Error(kinds), Err(error)) if kinds.contains(&error.kind) => Ok(()),
        (expected, reached) => Err(format!("expected {expected:?}, got {reached:?}")),
    }
}
