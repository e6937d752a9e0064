//! Reads an event stream piece by piece and gives the data of each event. Only what the protocol uses: data lines.

/// Most bytes of one event; larger ones are a fault of the other side.
const MAX_EVENT: usize = 8 * 1024 * 1024;

/// A reader of one stream.
#[derive(Debug, Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    data: Option<String>,
    after_return: bool,
}

/// An event larger than any answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

impl Events {
    /// Takes in a piece and gives the data of each event that ended in it. Events without data give nothing.
    ///
    /// # Errors
    /// When an event does not end.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Result<Vec<String>, TooLarge> {
        let mut ended = Vec::new();
        for &byte in piece {
            let follows_return = std::mem::take(&mut self.after_return);
            match byte {
                b'\n' if follows_return => {}
                b'\r' | b'\n' => {
                    self.after_return = byte == b'\r';
                    ended.extend(self.end_line());
                }
                _ => self.line.push(byte),
            }
        }
        let size = self.line.len() + self.data.as_ref().map_or(0, String::len);
        if size > MAX_EVENT {
            Err(TooLarge)
        } else {
            Ok(ended)
        }
    }

    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return self.data.take().filter(|data| !data.is_empty());
        }
        let rest = line.strip_prefix(b"data")?;
        let text = match rest.strip_prefix(b":") {
            Some(text) => text.strip_prefix(b" ").unwrap_or(text),
            None if rest.is_empty() => rest,
            None => return None,
        };
        let text = String::from_utf8_lossy(text);
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(&text);
            }
            None => self.data = Some(text.into_owned()),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_however_the_stream_is_cut() {
        let stream = "id: 0\r\nretry: 3000\r\ndata:\r\n\r\n: ping\n\ndata: {\"a\":\"ü\"}\nid: 1\n\nevent: message\rdata:{\ndata: }\n\ndatum: x\n\ndata: open";
        let whole = Events::default().feed(stream.as_bytes()).unwrap();
        assert_eq!(whole, ["{\"a\":\"ü\"}", "{\n}"]);
        for size in 1..7 {
            let mut events = Events::default();
            let cut: Vec<String> = stream
                .as_bytes()
                .chunks(size)
                .flat_map(|piece| events.feed(piece).unwrap())
                .collect();
            assert_eq!(cut, whole, "pieces of {size}");
        }
    }
}
