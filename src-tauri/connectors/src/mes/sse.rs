//! Splits a stream of server-sent events into comments and events, whatever pieces it arrives in.

/// Longest line and longest event accepted.
const MAX_EVENT: usize = 1024 * 1024;

/// A piece of a stream of server-sent events.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Comment,
    /// How many milliseconds to wait before a new connection.
    Retry(u64),
    Event {
        name: String,
        data: String,
        id: Option<String>,
    },
}

/// A line or an event is over [`MAX_EVENT`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// Splits a stream into events, whatever its pieces.
#[derive(Default)]
pub(super) struct Parser {
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
    pub(super) fn take(&mut self, piece: &[u8]) -> Result<Vec<Piece>, TooLong> {
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

    fn end_of_line(&mut self, line: &[u8], parts: &mut Vec<Piece>) -> Result<(), TooLong> {
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
            // A place without an event is still a place to go on from.
            if std::mem::take(&mut self.has_data) || id.is_some() {
                parts.push(Piece::Event { name, data, id });
            }
            return Ok(());
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => parts.push(Piece::Comment),
            "event" => value.clone_into(&mut self.name),
            // Digits only, as the standard says; anything else is ignored.
            "retry" if value.bytes().all(|b| b.is_ascii_digit()) => {
                parts.extend(value.parse().ok().map(Piece::Retry));
            }
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

    fn event(name: &str, data: &str, id: Option<&str>) -> Piece {
        Piece::Event {
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
                Piece::Comment,
                event("downtime", "{\"a\":\n1}", Some("7")),
                event("", "", None),
                Piece::Retry(5000),
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
