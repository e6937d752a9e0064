//! What happens by itself: time limits, sending, feeds, health, and enrolment once the keyring is there.
//!
//! Each timer is its own task, so that a slow system delays nothing but its own reads.

use std::sync::Arc;
use std::time::Duration;

use andon_api::Console;
use andon_domain::ports::KeyringState;
use andon_domain::{RequestId, TenantId};
use andon_engine::{Change, Engine, EngineError, approve, status, watch as plant};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

const SWEEP: Duration = Duration::from_millis(500);
const SEND: Duration = Duration::from_millis(250);
const FEEDS: Duration = Duration::from_millis(500);
const HEALTH: Duration = Duration::from_secs(30);
const HEALTH_IN_TROUBLE: Duration = Duration::from_secs(5);
const ENROL: Duration = Duration::from_secs(5);

/// Ends when the console stops.
pub(crate) async fn until_stopped(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone means that the console is gone.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Starts every timer.
pub(crate) fn start(tasks: &mut JoinSet<()>, console: &Arc<Console>, stopped: &watch::Receiver<bool>) {
    let engine = console.engine();
    tasks.spawn(stoppable(stopped, sweep(Arc::clone(engine))));
    // Sending is not cut off by a stop: what was claimed is finished, and nothing new is claimed.
    tasks.spawn(send(Arc::clone(engine), stopped.clone()));
    tasks.spawn(stoppable(stopped, enrol(Arc::clone(console))));
    for tenant in engine.tenants() {
        let id = tenant.parts.id.clone();
        tasks.spawn(stoppable(stopped, feeds(Arc::clone(engine), id.clone())));
        tasks.spawn(stoppable(stopped, listen(Arc::clone(engine), id.clone())));
        tasks.spawn(stoppable(stopped, health(Arc::clone(engine), id)));
    }
}

fn stoppable(
    stopped: &watch::Receiver<bool>,
    work: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let stop = until_stopped(stopped.clone());
    async move {
        tokio::select! {
            () = work => {}
            () = stop => {}
        }
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Says a failure once until it changes, so that a full disk does not fill the log.
struct Quiet(Option<String>);

impl Quiet {
    fn note(&mut self, what: &str, result: Result<(), &EngineError>) {
        let now = result.err().map(ToString::to_string);
        if now != self.0 {
            match &now {
                Some(error) => tracing::error!("{what}: {error}"),
                None => tracing::info!("{what}: works again"),
            }
            self.0 = now;
        }
    }
}

async fn sweep(engine: Arc<Engine>) {
    let (mut ticks, mut quiet) = (ticks(SWEEP), Quiet(None));
    loop {
        ticks.tick().await;
        let result = approve::sweep(&engine).await;
        quiet.note("time limits of requests", result.as_ref().map(|_| ()));
    }
}

/// Requests are sent side by side: one slow system must not let the time of all others run out.
async fn send(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    let (mut ticks, mut quiet) = (ticks(SEND), Quiet(None));
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.wait_for(|stopped| *stopped) => break,
        }
        let mut result = approve::start_due(&engine, &mut running).await;
        while let Some(ended) = running.try_join_next() {
            // One that panicked has said so in the log, and is put in order by the next look.
            result = result.and(ended.unwrap_or(Ok(())));
        }
        quiet.note("sending approved requests", result.as_ref().copied());
    }
    while running.join_next().await.is_some() {}
}

/// The first admin and the demo's people get their keys as soon as the keyring is there.
///
/// A locked keyring shows a password prompt when it is written to. It does so once; who closes the prompt is not asked
/// again every few seconds, but unlocks the keyring when they like.
async fn enrol(console: Arc<Console>) {
    let (mut ticks, mut quiet) = (ticks(ENROL), Quiet(None));
    let mut is_first = true;
    loop {
        ticks.tick().await;
        let keyring = console.engine().secrets();
        if !std::mem::take(&mut is_first) && keyring.state().await != KeyringState::Available {
            continue;
        }
        let result = console.enrol().await;
        quiet.note("signing keys in the keyring", result.as_ref().copied());
        if result.is_ok() {
            return;
        }
    }
}

async fn feeds(engine: Arc<Engine>, tenant: TenantId) {
    let (mut ticks, mut changes) = (ticks(FEEDS), engine.changes());
    let mut polls = JoinSet::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            change = changes.recv() => {
                // Only a wish for fresh data is worth looking before the next tick.
                if !matches!(change, Ok(Change::SyncWanted { .. })) {
                    continue;
                }
            }
        }
        while polls.try_join_next().is_some() {}
        for feed in plant::due(&engine, &tenant).unwrap_or_default() {
            let (engine, tenant) = (Arc::clone(&engine), tenant.clone());
            polls.spawn(async move {
                // Its failure is in the feed's state and has been logged there.
                let _ = plant::sync_feed(&engine, &tenant, feed).await;
            });
        }
    }
}

async fn listen(engine: Arc<Engine>, tenant: TenantId) {
    let mut failures = 0;
    loop {
        if !plant::should_follow(&engine, &tenant).unwrap_or(false) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        }
        let began = tokio::time::Instant::now();
        if let Err(error) = plant::follow(&engine, &tenant).await {
            tracing::debug!("the plant's stream ended: {error}");
        }
        failures = if began.elapsed() > Duration::from_secs(60) {
            0
        } else {
            failures + 1
        };
        let mut random = [0];
        engine.ids().random(&mut random);
        let asked = plant::asked_to_wait(&engine, &tenant);
        tokio::time::sleep(plant::reconnect_after(asked, failures, random[0])).await;
    }
}

async fn health(engine: Arc<Engine>, tenant: TenantId) {
    loop {
        let reference: RequestId = engine.ids().request();
        if let Err(error) = status::check_all(&engine, &tenant).await {
            tracing::warn!(request_id = %reference, "health check: {error}");
        }
        let pause = if status::is_in_trouble(&engine, &tenant) {
            HEALTH_IN_TROUBLE
        } else {
            HEALTH
        };
        tokio::time::sleep(pause).await;
    }
}
