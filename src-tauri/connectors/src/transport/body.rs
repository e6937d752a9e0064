//! Reads a body in pieces with limits on its decompressed size, on the ratio of decompression, on silence, and on the depth
//! and the number of what is in it.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

/// A body may grow this many times when decompressed, once it is larger than [`RATIO_FROM`].
const MAX_RATIO: usize = 100;
/// Small bodies may compress better than [`MAX_RATIO`] and harm nobody.
const RATIO_FROM: usize = 1024 * 1024;
/// Deepest nesting of JSON accepted.
const MAX_DEPTH: usize = 64;
/// Most objects of a JSON text: two bytes of it can become a record of a kilobyte. 5,000 machines have fifteen each.
const MAX_OBJECTS: usize = 80_000;
/// Most values of a JSON text, of which each takes up to 32 bytes.
const MAX_VALUES: usize = 1_500_000;

/// Why a body was given up.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyFault {
    /// Over the limit.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// Decompresses into far more than was sent.
    #[error("the answer decompresses more than {MAX_RATIO} times")]
    Bomb,
    /// Not gzip although it says so, or cut.
    #[error("the compressed answer is broken: {0}")]
    Broken(String),
    /// An encoding we did not ask for.
    #[error("the answer has an encoding that was not asked for: {0}")]
    Encoding(String),
    /// Nested too deep.
    #[error("the answer is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Too many things in it.
    #[error("the answer has more than {MAX_OBJECTS} objects or {MAX_VALUES} values")]
    TooMany,
    /// Nothing came for too long.
    #[error("the answer stopped coming")]
    Silent,
    /// The connection broke.
    #[error("the connection broke within the answer: {0}")]
    Cut(reqwest::Error),
}

/// Collects pieces of a body, decompressing when asked to.
pub(super) struct Collector {
    limit: usize,
    received: usize,
    sink: Sink,
}

enum Sink {
    Plain(Vec<u8>),
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Collector {
    /// For a body with this `Content-Encoding`.
    pub(super) fn new(encoding: Option<&str>, limit: usize) -> Result<Self, BodyFault> {
        let sink = match encoding.map(|e| e.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Sink::Plain(Vec::new()),
            Some("gzip" | "x-gzip") => Sink::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            Some(other) => return Err(BodyFault::Encoding(other.to_owned())),
        };
        Ok(Self {
            limit,
            received: 0,
            sink,
        })
    }

    /// Takes the next piece as received. Decompresses in small steps, so that the limits act before memory fills.
    pub(super) fn take(&mut self, piece: &[u8]) -> Result<(), BodyFault> {
        let decoder = match &mut self.sink {
            Sink::Plain(body) => {
                if body.len() + piece.len() > self.limit {
                    return Err(BodyFault::TooLarge(self.limit));
                }
                self.received += piece.len();
                body.extend_from_slice(piece);
                return Ok(());
            }
            Sink::Gzip(decoder) => decoder,
        };
        for step in piece.chunks(1024) {
            self.received += step.len();
            decoder
                .write_all(step)
                .map_err(|e| BodyFault::Broken(e.to_string()))?;
            let size = decoder.get_ref().len();
            if size > self.limit {
                return Err(BodyFault::TooLarge(self.limit));
            }
            if size > RATIO_FROM && size / self.received.max(1) > MAX_RATIO {
                return Err(BodyFault::Bomb);
            }
        }
        Ok(())
    }

    /// The whole body. Fails when a compressed one was cut.
    pub(super) fn finish(self) -> Result<Vec<u8>, BodyFault> {
        match self.sink {
            Sink::Plain(body) => Ok(body),
            Sink::Gzip(_) if self.received == 0 => Ok(Vec::new()),
            Sink::Gzip(decoder) => decoder.finish().map_err(|e| BodyFault::Broken(e.to_string())),
        }
    }
}

/// Reads the body of an answer. `idle` limits the silence between two pieces.
pub(super) async fn read(
    mut response: reqwest::Response,
    limit: usize,
    idle: Duration,
) -> Result<Vec<u8>, BodyFault> {
    let encoding = response.headers().get(reqwest::header::CONTENT_ENCODING);
    let encoding = encoding.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let mut collector = Collector::new(encoding.as_deref(), limit)?;
    loop {
        let piece: Option<Bytes> = match tokio::time::timeout(idle, response.chunk()).await {
            Err(_) => return Err(BodyFault::Silent),
            Ok(Err(error)) => return Err(BodyFault::Cut(error)),
            Ok(Ok(piece)) => piece,
        };
        match piece {
            Some(piece) => collector.take(&piece)?,
            None => break,
        }
    }
    let body = collector.finish()?;
    check_shape(&body)?;
    Ok(body)
}

/// Refuses what nests deeper or has more in it than allowed. Exact for JSON; harmless for anything else.
fn check_shape(body: &[u8]) -> Result<(), BodyFault> {
    let (mut depth, mut rest) = (0_usize, body);
    let (mut objects, mut values) = (0_usize, 0_usize);
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after_string(rest),
            b'{' | b'[' => {
                depth += 1;
                objects += usize::from(*byte == b'{');
                values += 1;
                if depth > MAX_DEPTH {
                    return Err(BodyFault::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            // Whatever is not the first of its list comes after one of these.
            b',' => values += 1,
            _ => continue,
        }
        if objects > MAX_OBJECTS || values > MAX_VALUES {
            return Err(BodyFault::TooMany);
        }
    }
    Ok(())
}

/// What follows the string whose opening quote was before `rest`. Nearly every byte of an answer stands in a string, so they
/// are not looked at one by one.
fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        if rest[at] == b'"' {
            return &rest[at + 1..];
        }
        // A backslash takes the next byte with it.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    &[]
}

/// Whether a JSON text is an object. A list would be read as one too, its entries taken for the fields in their order.
#[must_use]
pub(crate) fn is_object(text: &[u8]) -> bool {
    text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_compressed_body_comes_out_as_it_went_in() {
        let plain = b"{\"d\":{\"results\":[]}}".repeat(50);
        let mut collector = Collector::new(Some("gzip"), 1 << 20).unwrap();
        for piece in gzip(&plain).chunks(7) {
            collector.take(piece).unwrap();
        }
        assert_eq!(collector.finish().unwrap(), plain);
    }

    #[test]
    fn a_bomb_is_given_up_before_it_fills_memory() {
        let bomb = gzip(&vec![0_u8; 24 * 1024 * 1024]);
        let mut collector = Collector::new(Some("gzip"), 32 << 20).unwrap();
        let fault = collector.take(&bomb).unwrap_err();
        assert!(matches!(fault, BodyFault::Bomb), "{fault}");
        let Sink::Gzip(decoder) = &collector.sink else {
            unreachable!()
        };
        assert!(
            decoder.get_ref().len() < 4 << 20,
            "stopped at {}",
            decoder.get_ref().len()
        );
    }

    #[test]
    fn cut_and_foreign_encodings_are_faults() {
        let whole = gzip(&[b'x'; 4000]);
        let mut collector = Collector::new(Some("gzip"), 1 << 20).unwrap();
        collector.take(&whole[..whole.len() - 9]).unwrap();
        assert!(matches!(collector.finish(), Err(BodyFault::Broken(_))));
        assert!(matches!(
            Collector::new(Some("br"), 1),
            Err(BodyFault::Encoding(_))
        ));
    }

    fn shape(body: &str) -> Result<(), BodyFault> {
        check_shape(body.as_bytes())
    }

    #[test]
    fn depth_counts_brackets_outside_strings_only() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(shape(&nested(64)).is_ok());
        assert!(shape(&format!("[\"{}\\\"[\"]", "[".repeat(500))).is_ok());
        for deep in [nested(65), "[".repeat(100_000)] {
            assert!(matches!(shape(&deep), Err(BodyFault::TooDeep)));
        }
    }

    #[test]
    fn what_is_in_a_body_is_counted_outside_strings_only() {
        let objects = |count: usize| format!("[{}{{}}]", "{},".repeat(count - 1));
        assert!(shape(&objects(MAX_OBJECTS)).is_ok());
        let numbers = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
        assert!(shape(&numbers(MAX_VALUES)).is_ok(), "the list itself is one");
        let text = format!("[\"{}\"]", "{},".repeat(2 * MAX_VALUES));
        assert!(shape(&text).is_ok());
        for many in [objects(MAX_OBJECTS + 1), numbers(MAX_VALUES + 1)] {
            assert!(matches!(shape(&many), Err(BodyFault::TooMany)));
        }
    }

    /// The same, byte by byte.
    fn deepest(body: &[u8]) -> usize {
        let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
        for byte in body {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        deepest
    }

    proptest! {
        #[test]
        fn strings_end_where_they_end_wherever_they_lie(
            pieces in proptest::collection::vec("[\\[\\]\"\\\\a!\u{80}-\u{ff}]{0,12}", 0..40),
            brackets in 0_usize..70,
        ) {
            let text = format!("{}{}", "[".repeat(brackets), pieces.concat());
            let is_too_deep = matches!(check_shape(text.as_bytes()), Err(BodyFault::TooDeep));
            prop_assert_eq!(is_too_deep, deepest(text.as_bytes()) > MAX_DEPTH);
        }
    }
}
