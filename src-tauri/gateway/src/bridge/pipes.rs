//! Lines in, lines out.

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

/// Longest line taken; the gateway takes no more either.
const MAX_LINE: usize = 256 * 1024;

/// What reading brought.
pub(super) enum Line {
    Message(String),
    TooLong,
    End,
}

/// Reads lines and keeps what it has of one when reading is interrupted.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    partial: Vec<u8>,
    is_skipping: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input: BufReader::new(input),
            partial: Vec::new(),
            is_skipping: false,
        }
    }

    /// The next line that holds something. May be dropped at any time without losing a byte.
    pub(super) async fn next(&mut self) -> std::io::Result<Line> {
        loop {
            let piece = self.input.fill_buf().await?;
            if piece.is_empty() {
                return Ok(if self.partial.is_empty() {
                    Line::End
                } else {
                    self.take()
                });
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(piece.len(), |at| at + 1);
            if !self.is_skipping {
                self.partial.extend_from_slice(&piece[..length]);
                self.is_skipping = self.partial.len() > MAX_LINE;
            }
            self.input.consume(length);
            match end {
                Some(_) if !self.is_skipping && self.partial.trim_ascii().is_empty() => self.partial.clear(),
                Some(_) => return Ok(self.take()),
                None => {}
            }
        }
    }

    fn take(&mut self) -> Line {
        let line = std::mem::take(&mut self.partial);
        match std::mem::take(&mut self.is_skipping) {
            true => Line::TooLong,
            false => Line::Message(String::from_utf8_lossy(&line).into_owned()),
        }
    }
}

/// Writes each line and flushes it, until no more can come.
pub(super) async fn write_lines<W: AsyncWrite + Unpin>(
    mut stdout: W,
    mut lines: mpsc::Receiver<String>,
) -> std::io::Result<()> {
    while let Some(line) = lines.recv().await {
        stdout.write_all(line.as_bytes()).await?;
        stdout.write_all(b"\n").await?;
        stdout.flush().await?;
    }
    Ok(())
}
