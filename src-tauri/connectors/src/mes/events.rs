//! The event stream: server-sent events in, plant events out. It goes on from the last event's id when the MES can, and is
//! given up after 45 seconds in which nothing whole came. When to connect again is the watch's business.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use andon_domain::ports::{PlantEvent, PlantEvents};
use andon_domain::records::{DowntimeEvent, MachineStatus, ProductionOrder, QualityReport};
use andon_domain::{PortError, PortErrorKind};
use reqwest::header::HeaderValue;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::lists::problem;
use super::offers::Part;
use super::records::Versioned;
use super::sse::{Parser, Piece, TooLong};
use super::words::StatusWords;
use super::{Mes, StreamMemory};
use crate::transport::{Call, Streaming};

/// A comment comes every 15 s; three missing ones mean that nobody is there.
const SILENCE: Duration = Duration::from_secs(45);
/// What is asked for.
const TYPES: &str = "machine_status,order,downtime,quality";
/// Limits of what a MES may ask us to wait before a new connection.
const RETRY_MS: std::ops::RangeInclusive<u64> = 1_000..=60_000;

/// Opens the stream.
pub(super) async fn listen(mes: &Mes) -> Result<PlantEvents, PortError> {
    mes.need(Part::Events).await?;
    // An id that cannot be sent back is no place to go on from.
    let last = mes
        .stream
        .last_event()
        .filter(|id| !id.is_empty() && HeaderValue::from_str(id).is_ok());
    let stream = open(mes, last.as_deref()).await?;
    let listener = Listener {
        stream,
        parser: Parser::default(),
        waiting: VecDeque::new(),
        words: Arc::clone(&mes.words),
        memory: Arc::clone(&mes.stream),
        dead_at: Instant::now() + SILENCE,
        has_failed: false,
    };
    Ok(Box::pin(futures_util::stream::unfold(
        listener,
        |mut listener| async move {
            let next = listener.next().await?;
            Some((next, listener))
        },
    )))
}

/// Connects; nothing has been read when this returns.
pub(super) async fn open(mes: &Mes, last: Option<&str>) -> Result<Streaming, PortError> {
    let address = mes.address(&format!("api/v1/{}", Part::Events.path()), &[("types", TYPES)]);
    let mut call = Call::new(address)
        .header("accept", "text/event-stream")
        .header("cache-control", "no-store")
        .header("accept-encoding", "identity");
    if let Some(last) = last {
        call = call.header("last-event-id", last);
    }
    let stream = match mes.transport.open(&call).await? {
        Ok(stream) => stream,
        Err(answer) => return Err(problem(&answer)),
    };
    let kind = stream
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("text/event-stream") {
        return Err(Mes::failure(
            PortErrorKind::Protocol,
            "answered the event stream with something else",
        ));
    }
    Ok(stream)
}

/// How long to wait before the first try to connect again, where the MES said so.
pub(super) fn retry_after(memory: &StreamMemory) -> Option<Duration> {
    match memory.retry_ms.load(Ordering::Relaxed) {
        0 => None,
        asked => Some(Duration::from_millis(asked)),
    }
}

struct Listener {
    stream: Streaming,
    parser: Parser,
    waiting: VecDeque<PlantEvent>,
    words: Arc<StatusWords>,
    memory: Arc<StreamMemory>,
    /// Moved on by whole comments and events only: bytes that never become one are no sign of life.
    dead_at: Instant,
    has_failed: bool,
}

impl Listener {
    async fn next(&mut self) -> Option<Result<PlantEvent, PortError>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(Ok(event));
            }
            if self.has_failed {
                return None;
            }
            let left = self.dead_at.saturating_duration_since(Instant::now());
            let read = match self.stream.next(left).await {
                Ok(Some(bytes)) => self.parser.take(&bytes).map_err(|TooLong| {
                    Mes::failure(PortErrorKind::Protocol, "sent an event that is too long")
                }),
                Ok(None) => return None,
                Err(error) => Err(error),
            };
            match read {
                Ok(pieces) => {
                    for piece in pieces {
                        self.put(piece);
                    }
                }
                Err(error) => {
                    self.has_failed = true;
                    return Some(Err(error));
                }
            }
        }
    }

    fn put(&mut self, piece: Piece) {
        let event = match piece {
            Piece::Retry(asked) => {
                let asked = asked.clamp(*RETRY_MS.start(), *RETRY_MS.end());
                self.memory.retry_ms.store(asked, Ordering::Relaxed);
                return;
            }
            Piece::Comment => PlantEvent::Alive,
            Piece::Event { name, data, id } => {
                let event = self.event(&name, &data);
                // The id counts only once the event is in our hands, and a resync makes all earlier ids worthless.
                let keep = if event == PlantEvent::Resync {
                    id
                } else {
                    id.or_else(|| self.memory.last_event())
                };
                self.memory.keep_event(keep);
                event
            }
        };
        self.dead_at = Instant::now() + SILENCE;
        self.waiting.push_back(event);
    }

    /// What an event says. One that cannot be read is counted and passed over: the slow poll beside the stream brings what
    /// was in it.
    fn event(&self, name: &str, data: &str) -> PlantEvent {
        let words = &*self.words;
        let read = match name {
            "machine_status" => {
                record::<MachineStatus>(data, words).map(|r| PlantEvent::Machine(Box::new(r)))
            }
            "downtime" => record::<DowntimeEvent>(data, words).map(|r| PlantEvent::Downtime(Box::new(r))),
            "order" => record::<ProductionOrder>(data, words).map(|r| PlantEvent::Order(Box::new(r))),
            "quality" => record::<QualityReport>(data, words).map(|r| PlantEvent::Quality(Box::new(r))),
            "resync" => Some(PlantEvent::Resync),
            // Other types were not asked for, but show that the stream lives.
            _ => Some(PlantEvent::Alive),
        };
        read.unwrap_or_else(|| {
            let count = self.memory.unreadable.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::warn!(name, count, "an event of the MES could not be read");
            PlantEvent::Alive
        })
    }
}

fn record<R: Versioned>(data: &str, words: &StatusWords) -> Option<R> {
    let raw: &RawValue = serde_json::from_str(data).ok()?;
    R::read(raw, words)
}
