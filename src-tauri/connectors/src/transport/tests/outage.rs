//! A system that does not answer: who still asks it, and when.

use std::sync::atomic::AtomicU16;

use super::*;

/// A system whose status is switched; 0 closes the connection without an answer.
struct Switch {
    status: Arc<AtomicU16>,
    server: Stranger,
    transport: Arc<Transport>,
}

async fn switch(change: impl FnOnce(&mut Limits)) -> Switch {
    let status = Arc::new(AtomicU16::new(200));
    let told = Arc::clone(&status);
    let server = Stranger::start(move |seen| match told.load(Ordering::SeqCst) {
        _ if seen.path == "/hang" => Reply::Hang,
        0 => Reply::Cut,
        200 => ok(),
        status => Reply::with(status, &[], ""),
    })
    .await;
    let mut limits = Limits {
        attempts: 2,
        down_after: 3,
        first_pause: Duration::from_secs(3_600),
        longest_pause: Duration::from_secs(7_200),
        ..limits()
    };
    change(&mut limits);
    Switch {
        status,
        transport: Arc::new(transport(&server, limits)),
        server,
    }
}

impl Switch {
    fn call(&self) -> Call {
        Call::new(self.server.url.clone())
    }

    fn check(&self) -> Call {
        Call {
            errand: Errand::Check,
            ..self.call()
        }
    }

    async fn get(&self) -> Result<Answer, andon_domain::PortError> {
        self.transport.get(&self.call()).await
    }

    fn set(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    async fn go_down(&self) {
        self.set(0);
        for _ in 0..3 {
            self.get().await.unwrap_err();
        }
        assert!(self.transport.traffic().failing_since.is_some());
    }

    fn asked(&self) -> usize {
        self.server.seen().len()
    }
}

#[tokio::test]
async fn after_some_unanswered_calls_everything_fails_at_once_and_says_so() {
    for status in [0, 502, 503, 504] {
        let system = switch(|_| {}).await;
        system.set(status);
        for _ in 0..3 {
            assert_eq!(system.transport.traffic().failing_since, None);
            let _ = system.get().await;
        }
        assert_eq!(system.asked(), 6, "three calls of two attempts");
        let error = system.get().await.unwrap_err();
        assert_eq!((error.kind, error.attempts), (PortErrorKind::Unavailable, 0));
        assert!(error.message.starts_with("has not answered since 2026-06-22T12:00:00.000Z and is not asked again before a probe; the next probe is due in "), "{error}");
        let failure = system.transport.post(&system.call()).await.unwrap_err();
        assert_eq!((failure.sent, failure.error.attempts), (Sent::No, 0));
        assert!(system.transport.open(&system.call()).await.is_err());
        assert_eq!(system.asked(), 6, "nothing was sent");
        let traffic = system.transport.traffic();
        assert_eq!(
            (traffic.calls, traffic.refused_at_once, traffic.failures),
            (3, 3, 3)
        );
        assert_eq!(traffic.failing_since, Some(noon().0));
    }
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_an_answer_starts_the_count_anew() {
    for status in [400, 403, 404, 429, 500] {
        let system = switch(|_| {}).await;
        for _ in 0..2 {
            system.set(503);
            system.get().await.unwrap();
            system.get().await.unwrap();
            system.set(status);
            assert_eq!(system.get().await.unwrap().status, status);
        }
        assert_eq!(system.transport.traffic().failing_since, None, "{status}");
    }
    let refusing = switch(|_| {}).await;
    refusing.set(401);
    for _ in 0..5 {
        assert_eq!(
            refusing.get().await.unwrap_err().kind,
            PortErrorKind::Unauthorized
        );
    }
    assert_eq!(refusing.transport.traffic().failing_since, None);
}

#[tokio::test]
async fn a_check_is_always_sent_and_its_success_ends_the_outage() {
    let system = switch(|_| {}).await;
    system.go_down().await;
    let before = system.asked();
    system.transport.get(&system.check()).await.unwrap_err();
    assert_eq!(system.asked(), before + 2, "a check may look twice");
    system.set(200);
    assert_eq!(system.transport.get(&system.check()).await.unwrap().status, 200);
    assert_eq!(system.transport.traffic().failing_since, None);
    assert_eq!(system.get().await.unwrap().status, 200);
    assert_eq!(system.transport.post(&system.call()).await.unwrap().status, 200);
}

#[tokio::test]
async fn once_the_pause_is_over_one_read_of_many_is_the_probe() {
    let system = switch(|limits| limits.first_pause = Duration::ZERO).await;
    system.go_down().await;
    let before = system.asked();
    let mut hang = system.call();
    hang.url = system.server.url.join("hang").unwrap();
    hang.total = Some(Duration::from_millis(300));
    let (transport, probe) = (Arc::clone(&system.transport), hang.clone());
    let probe = tokio::spawn(async move { transport.get(&probe).await.unwrap_err() });
    while system.asked() == before {
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        let error = system.get().await.unwrap_err();
        assert_eq!(error.attempts, 0);
        assert!(error.message.ends_with("a probe is under way"), "{error}");
    }
    // A write is never the probe, and a check waits for it.
    assert_eq!(
        system.transport.post(&system.call()).await.unwrap_err().sent,
        Sent::No
    );
    assert_eq!(system.asked(), before + 1, "one probe, single flight");
    system.set(200);
    assert_eq!(system.transport.get(&system.check()).await.unwrap().status, 200);
    let error = probe.await.unwrap();
    assert_eq!((error.kind, error.attempts), (PortErrorKind::TimedOut, 1));
    assert_eq!(system.get().await.unwrap().status, 200, "open again");
}

#[tokio::test]
async fn a_cancelled_probe_leaves_the_next_one_free() {
    let system = switch(|limits| limits.first_pause = Duration::ZERO).await;
    system.go_down().await;
    let mut hang = system.call();
    hang.url = system.server.url.join("hang").unwrap();
    let before = system.asked();
    let transport = Arc::clone(&system.transport);
    let probe = tokio::spawn(async move { transport.get(&hang).await });
    while system.asked() == before {
        tokio::task::yield_now().await;
    }
    assert_eq!(system.transport.traffic().open, 1);
    probe.abort();
    assert!(probe.await.unwrap_err().is_cancelled());
    assert_eq!(system.transport.traffic().open, 0);
    system.set(200);
    assert_eq!(system.get().await.unwrap().status, 200);
    let permits = system.transport.permits.available_permits();
    assert_eq!(
        permits, system.transport.limits.open_requests,
        "no permit was left behind"
    );
}

#[tokio::test]
async fn changed_credentials_make_the_next_read_a_probe_at_once() {
    let system = switch(|_| {}).await;
    system.go_down().await;
    system.set(200);
    assert_eq!(system.get().await.unwrap_err().attempts, 0);
    system.transport.credentials_changed();
    assert_eq!(system.get().await.unwrap().status, 200);
}

#[tokio::test]
async fn a_write_that_is_not_answered_counts_and_is_still_sent_once() {
    let system = switch(|_| {}).await;
    system.set(0);
    for _ in 0..3 {
        assert_eq!(
            system.transport.post(&system.call()).await.unwrap_err().sent,
            Sent::Maybe
        );
    }
    assert_eq!(
        (system.asked(), system.transport.traffic().failing_since.is_some()),
        (3, true)
    );
}

#[tokio::test]
async fn calls_that_wait_for_a_permit_are_not_sent_once_the_system_is_down() {
    let system = switch(|limits| {
        limits.open_requests = 1;
        limits.attempts = 1;
        limits.down_after = 1;
        limits.idle = Duration::from_millis(300);
    })
    .await;
    // The logon is proven first, so that only the permit holds the others back.
    system.get().await.unwrap();
    let mut hang = system.call();
    hang.url = system.server.url.join("hang").unwrap();
    let transport = Arc::clone(&system.transport);
    let slow = tokio::spawn(async move { transport.get(&hang).await.unwrap_err() });
    while system.asked() < 2 {
        tokio::task::yield_now().await;
    }
    let waiting: Vec<_> = (0..10)
        .map(|_| {
            let (transport, call) = (Arc::clone(&system.transport), system.call());
            tokio::spawn(async move { transport.get(&call).await.unwrap_err().attempts })
        })
        .collect();
    assert_eq!(slow.await.unwrap().kind, PortErrorKind::TimedOut);
    for task in waiting {
        assert_eq!(task.await.unwrap(), 0);
    }
    assert_eq!(system.asked(), 2, "the ten were told without being sent");
}

#[tokio::test(start_paused = true)]
async fn the_pause_doubles_with_each_failed_probe_up_to_the_longest() {
    use crate::transport::outage::{Entrance, Evidence, Outage};
    let outage = Outage::new(&Limits {
        down_after: 1,
        ..Limits::default()
    });
    let now = noon().0;
    let pass = outage.enter(Entrance::Read).await.ok().unwrap();
    outage.settle(&pass, Evidence::Unanswered, None, now);
    for step in [1, 2, 4, 8, 16, 30, 30] {
        let down = outage.enter(Entrance::Read).await.err().unwrap();
        let pause = down.next_in.unwrap();
        let (least, most) = (Duration::from_millis(step * 500), Duration::from_secs(step));
        assert!(
            least <= pause && pause <= most,
            "{pause:?} for a step of {step} s"
        );
        tokio::time::advance(pause).await;
        let probe = outage.enter(Entrance::Read).await.ok().unwrap();
        assert!(probe.is_probe());
        outage.settle(&probe, Evidence::Unanswered, None, now);
    }
    tokio::time::advance(Duration::from_secs(30)).await;
    let probe = outage.enter(Entrance::Read).await.ok().unwrap();
    // What the system itself asks for is kept, within the longest pause.
    outage.settle(
        &probe,
        Evidence::Unanswered,
        Some(Duration::from_secs(3_600)),
        now,
    );
    drop(probe);
    let down = outage.enter(Entrance::Read).await.err().unwrap();
    assert_eq!(down.next_in, Some(Duration::from_secs(30)));
    tokio::time::advance(Duration::from_secs(30)).await;
    let probe = outage.enter(Entrance::Read).await.ok().unwrap();
    outage.settle(&probe, Evidence::Answered, None, now);
    drop(probe);
    let pass = outage.enter(Entrance::Write).await.ok().unwrap();
    assert!(!pass.is_probe() && outage.since().is_none());
}
