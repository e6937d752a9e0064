//! Server-sent events: a ring of the last changes, replay after `Last-Event-ID`, `resync` when it cannot be had.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{broadcast, watch};

use crate::faults::{MesFault, hold};

/// Changes that are kept for those who come back; more machines make more of them.
const RING: usize = 4000;
const COMMENT_EVERY: Duration = Duration::from_secs(15);

/// One change as it goes out.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    number: u64,
    kind: &'static str,
    machine_id: String,
    data: Arc<str>,
}

/// The changes so far.
#[derive(Debug)]
pub(crate) struct Events {
    /// Tells one run's ids from another's.
    run: String,
    ring: Mutex<(u64, VecDeque<Event>)>,
    most: usize,
    sender: broadcast::Sender<Event>,
}

/// Which events a listener wants.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) kinds: Option<BTreeSet<String>>,
    pub(crate) machine_ids: Option<BTreeSet<String>>,
}

impl Events {
    pub(crate) fn new(machines: usize) -> Self {
        let run = uuid::Uuid::new_v4().simple().to_string();
        let (sender, _) = broadcast::channel(4096);
        let run = run.get(..8).unwrap_or_default().to_owned();
        Self {
            run,
            ring: Mutex::new((0, VecDeque::new())),
            most: RING.max(machines * 4),
            sender,
        }
    }

    pub(crate) fn publish(&self, kind: &'static str, machine_id: &str, data: &str) {
        let mut ring = hold(&self.ring);
        ring.0 += 1;
        let event = Event {
            number: ring.0,
            kind,
            machine_id: machine_id.to_owned(),
            data: Arc::from(data),
        };
        if ring.1.len() >= self.most {
            ring.1.pop_front();
        }
        ring.1.push_back(event.clone());
        // Nobody listening is fine.
        _ = self.sender.send(event);
    }

    /// What a listener has missed since an id, and the channel for what follows; `None` means it must start again.
    fn join(&self, last_id: Option<&str>) -> (Option<Vec<Event>>, broadcast::Receiver<Event>) {
        let ring = hold(&self.ring);
        let receiver = self.sender.subscribe();
        let Some(last_id) = last_id else {
            return (Some(Vec::new()), receiver);
        };
        let seen = last_id
            .split_once('-')
            .filter(|(run, _)| *run == self.run)
            .and_then(|(_, number)| number.parse::<u64>().ok())
            .filter(|seen| *seen <= ring.0)
            .filter(|seen| ring.1.front().is_none_or(|oldest| *seen + 1 >= oldest.number));
        let missed = seen.map(|seen| {
            ring.1
                .iter()
                .filter(|event| event.number > seen)
                .cloned()
                .collect::<Vec<_>>()
        });
        (missed, receiver)
    }

    fn last_number(&self) -> u64 {
        hold(&self.ring).0
    }

    fn write(&self, number: u64, kind: &str, data: &str) -> String {
        format!("id: {}-{number}\nevent: {kind}\ndata: {data}\n\n", self.run)
    }
}

impl Wanted {
    fn takes(&self, event: &Event) -> bool {
        event.kind == "resync"
            || (self.kinds.as_ref().is_none_or(|kinds| kinds.contains(event.kind))
                && self
                    .machine_ids
                    .as_ref()
                    .is_none_or(|ids| ids.contains(&event.machine_id)))
    }
}

/// The body of an event stream; it ends when the MES goes down.
pub(crate) fn body(
    events: Arc<Events>,
    wanted: Wanted,
    last_id: Option<&str>,
    faults: watch::Receiver<MesFault>,
) -> Body {
    let (missed, receiver) = events.join(last_id);
    let mut opening = "retry: 3000\n: connected\n\n".to_owned();
    match missed {
        Some(missed) => {
            for event in missed.iter().filter(|event| wanted.takes(event)) {
                opening.push_str(&events.write(event.number, event.kind, &event.data));
            }
        }
        None => opening.push_str(&events.write(events.last_number(), "resync", "{}")),
    }
    let listener = Listener {
        events,
        wanted,
        receiver,
        faults,
        opening: Some(opening),
        next_comment: tokio::time::Instant::now() + COMMENT_EVERY,
    };
    Body::from_stream(stream::unfold(listener, Listener::next))
}

struct Listener {
    events: Arc<Events>,
    wanted: Wanted,
    receiver: broadcast::Receiver<Event>,
    faults: watch::Receiver<MesFault>,
    opening: Option<String>,
    next_comment: tokio::time::Instant,
}

impl Listener {
    async fn next(mut self) -> Option<(Result<Bytes, std::io::Error>, Self)> {
        if let Some(opening) = self.opening.take() {
            return Some((Ok(Bytes::from(opening)), self));
        }
        loop {
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(self.next_comment) => {
                    self.next_comment += COMMENT_EVERY;
                    return Some((Ok(Bytes::from_static(b": still here\n\n")), self));
                }
                event = self.receiver.recv() => match event {
                    Ok(event) if self.wanted.takes(&event) => {
                        let text = self.events.write(event.number, event.kind, &event.data);
                        return Some((Ok(Bytes::from(text)), self));
                    }
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        self.receiver = self.receiver.resubscribe();
                        let text = self.events.write(self.events.last_number(), "resync", "{}");
                        return Some((Ok(Bytes::from(text)), self));
                    }
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                changed = self.faults.changed() => {
                    if changed.is_err() || *self.faults.borrow_and_update() == MesFault::Down {
                        return None;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_id_gets_what_followed_and_an_unknown_one_starts_again() {
        let events = Events::new(24);
        for n in 0..5 {
            events.publish("machine_status", "M-1", &n.to_string());
        }
        let numbers = |id: &str| {
            events
                .join(Some(id))
                .0
                .map(|missed| missed.iter().map(|event| event.number).collect::<Vec<_>>())
        };
        assert_eq!(numbers(&format!("{}-3", events.run)), Some(vec![4, 5]));
        assert_eq!(numbers(&format!("{}-5", events.run)), Some(vec![]));
        assert_eq!(numbers(&format!("{}-9", events.run)), None, "from the future");
        assert_eq!(numbers("other-3"), None, "from another run");
        assert_eq!(numbers("nonsense"), None);
    }

    #[test]
    fn what_fell_out_of_the_ring_asks_for_a_resync() {
        let events = Events::new(24);
        for n in 0..=RING {
            events.publish("order", "M-1", &n.to_string());
        }
        assert!(
            events.join(Some(&format!("{}-0", events.run))).0.is_none(),
            "the first event is gone"
        );
        assert_eq!(
            events
                .join(Some(&format!("{}-1", events.run)))
                .0
                .map(|missed| missed.len()),
            Some(RING)
        );
    }
}
