//! The event stream: server-sent events in, plant events out. It goes on from the last event's id when the MES can, and is
//! given up after 45 seconds without a sound. When to connect again is the watch's business.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use andon_domain::ports::{PlantEvent, PlantEvents};
use andon_domain::records::{DowntimeEvent, MachineStatus};
use andon_domain::{PortError, PortErrorKind};
use serde_json::value::RawValue;

use super::Mes;
use super::config::StatusWords;
use super::lists::problem;
use super::records::Versioned;
use crate::transport::{Call, Streaming};

/// A comment comes every 15 s; three missing ones mean that nobody is there.
const SILENCE: Duration = Duration::from_secs(45);
/// Longest line and longest event accepted.
const MAX_EVENT: usize = 1024 * 1024;

/// Opens the stream.
pub(super) async fn listen(mes: &Mes) -> Result<PlantEvents, PortError> {
    let last = mes
        .last_event
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let address = mes.address("api/v1/events", &[("types", "machine_status,downtime")]);
    let mut call = Call::new(address)
        .header("accept", "text/event-stream")
        .header("cache-control", "no-store")
        .header("accept-encoding", "identity");
    if let Some(last) = &last {
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
    let mut waiting = VecDeque::new();
    if last.is_none() {
        // Nothing to go on from: what happened before must be fetched.
        waiting.push_back(PlantEvent::Resync);
    }
    let listener = Listener {
        stream,
        parser: Parser::default(),
        waiting,
        words: Arc::clone(&mes.words),
        last_event: Arc::clone(&mes.last_event),
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

struct Listener {
    stream: Streaming,
    parser: Parser,
    waiting: VecDeque<PlantEvent>,
    words: Arc<StatusWords>,
    last_event: Arc<Mutex<Option<String>>>,
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
            let read = match self.stream.next(SILENCE).await {
                Ok(Some(piece)) => self.parser.take(&piece).map_err(|TooLong| {
                    Mes::failure(PortErrorKind::Protocol, "sent an event that is too long")
                }),
                Ok(None) => return None,
                Err(error) => Err(error),
            };
            match read {
                Ok(parts) => {
                    for part in parts {
                        self.put(part);
                    }
                }
                Err(error) => {
                    self.has_failed = true;
                    return Some(Err(error));
                }
            }
        }
    }

    fn put(&mut self, part: Part) {
        let event = match part {
            Part::Comment => PlantEvent::Alive,
            Part::Event { name, data, id } => {
                let event = self.event(&name, &data);
                // The id counts only once the event is in our hands, and a resync makes all earlier ids worthless.
                let keep = if event == PlantEvent::Resync {
                    id
                } else {
                    id.or_else(|| self.last())
                };
                *self.last_event.lock().unwrap_or_else(PoisonError::into_inner) = keep;
                event
            }
        };
        self.waiting.push_back(event);
    }

    fn last(&self) -> Option<String> {
        self.last_event
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn event(&self, name: &str, data: &str) -> PlantEvent {
        let raw = || serde_json::from_str::<&RawValue>(data).ok();
        let read = match name {
            "machine_status" => raw()
                .and_then(|raw| MachineStatus::read(raw, &self.words))
                .map(|m| PlantEvent::Machine(Box::new(m))),
            "downtime" => raw()
                .and_then(|raw| DowntimeEvent::read(raw, &self.words))
                .map(|d| PlantEvent::Downtime(Box::new(d))),
            "resync" => Some(PlantEvent::Resync),
            // Other types were not asked for, but show that the stream lives.
            _ => Some(PlantEvent::Alive),
        };
        read.unwrap_or_else(|| {
            tracing::warn!(
                name,
                "an event of the MES could not be read; everything is fetched again"
            );
            PlantEvent::Resync
        })
    }
}

/// A part of a stream of server-sent events.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Comment,
    Event {
        name: String,
        data: String,
        id: Option<String>,
    },
}

/// A line or an event is over [`MAX_EVENT`].
#[derive(Debug, PartialEq, Eq)]
struct TooLong;

/// Splits a stream into events, whatever its pieces.
#[derive(Default)]
struct Parser {
    line: Vec<u8>,
    /// The last byte was a carriage return; a line feed now belongs to it.
    after_return: bool,
    has_begun: bool,
    name: String,
    data: String,
    has_data: bool,
    id: Option<String>,
}

impl Parser {
    fn take(&mut self, piece: &[u8]) -> Result<Vec<Part>, TooLong> {
        let mut parts = Vec::new();
        for byte in piece {
            match byte {
                b'\n' if self.after_return => self.after_return = false,
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    self.end_of_line(&line, &mut parts)?;
                }
                byte => {
                    self.after_return = false;
                    self.line.push(*byte);
                    if self.line.len() > MAX_EVENT {
                        return Err(TooLong);
                    }
                }
            }
        }
        Ok(parts)
    }

    fn end_of_line(&mut self, line: &[u8], parts: &mut Vec<Part>) -> Result<(), TooLong> {
        let text = String::from_utf8_lossy(line);
        let text = if self.has_begun {
            text.as_ref()
        } else {
            text.trim_start_matches('\u{feff}')
        };
        self.has_begun = true;
        if text.is_empty() {
            let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            let id = self.id.take();
            if std::mem::take(&mut self.has_data) {
                parts.push(Part::Event { name, data, id });
            }
            return Ok(());
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => parts.push(Part::Comment),
            "event" => value.clone_into(&mut self.name),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
                if self.data.len() > MAX_EVENT {
                    return Err(TooLong);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(name: &str, data: &str, id: Option<&str>) -> Part {
        Part::Event {
            name: name.to_owned(),
            data: data.to_owned(),
            id: id.map(str::to_owned),
        }
    }

    const STREAM: &str = "\u{feff}: hello\r\n\r\nid: 7\r\nevent: downtime\r\ndata: {\"a\":\r\ndata:1}\r\n\r\nevent: lost\n\ndata\n\nretry: 5000\nevent:resync\rdata: x\r\rdata: not ended";

    #[test]
    fn events_are_split_as_the_standard_says() {
        let parts = Parser::default().take(STREAM.as_bytes()).unwrap();
        assert_eq!(
            parts,
            [
                Part::Comment,
                event("downtime", "{\"a\":\n1}", Some("7")),
                event("", "", None),
                event("resync", "x", None)
            ]
        );
    }

    #[test]
    fn endless_lines_and_events_are_given_up() {
        assert_eq!(Parser::default().take(&vec![b'x'; MAX_EVENT + 1]), Err(TooLong));
        let line = format!("data: {}\n", "x".repeat(1_000)).repeat(1_100);
        assert_eq!(Parser::default().take(line.as_bytes()), Err(TooLong));
    }

    proptest! {
        #[test]
        fn pieces_do_not_change_the_events(cuts in prop::collection::vec(0_usize..STREAM.len(), 0..12)) {
            let whole = Parser::default().take(STREAM.as_bytes()).unwrap();
            let mut cuts = cuts;
            cuts.sort_unstable();
            let (mut parser, mut parts, mut from) = (Parser::default(), Vec::new(), 0);
            for to in cuts.into_iter().chain([STREAM.len()]) {
                parts.extend(parser.take(&STREAM.as_bytes()[from..to]).unwrap());
                from = to;
            }
            prop_assert_eq!(parts, whole);
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Parser::default().take(&bytes);
        }
    }
}
