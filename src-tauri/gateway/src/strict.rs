//! A first look at a message: which kind it is, and that it says everything only once.
//!
//! The protocol library keeps the last of two equal keys without a word; a person could then decide about something else
//! than what a stricter reader of the same bytes would see. So the bytes are walked here, before it.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::refusal::{INVALID_REQUEST, PARSE_ERROR, Refusal};

/// Deepest nesting of a message: canonical JSON allows 32 levels to the arguments, three more lead there.
const MAX_DEPTH: usize = 40;

/// What the door needs to know of a message.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Peek {
    #[serde(default)]
    pub(crate) id: Value,
    #[serde(default)]
    pub(crate) method: String,
}

impl Peek {
    /// Whether a tool is called.
    pub(crate) fn is_call(&self) -> bool {
        self.method == "tools/call"
    }
}

/// Looks at a message.
///
/// # Errors
/// 400 for something else than one JSON object without duplicate keys.
pub(crate) fn peek(body: &[u8]) -> Result<Peek, Refusal> {
    let refuse = |code, message: String, hint: &str| Refusal {
        code,
        ..Refusal::new(http::StatusCode::BAD_REQUEST, message, hint)
    };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let once = Once { depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    once.map_err(|e| {
        let code = if e.is_data() { INVALID_REQUEST } else { PARSE_ERROR };
        refuse(
            code,
            format!("the message is not acceptable: {e}"),
            "Send one JSON object with each key once.",
        )
    })?;
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        let message = "the message is not a JSON object".to_owned();
        return Err(refuse(
            INVALID_REQUEST,
            message,
            "Send one message a request; batches are not taken.",
        ));
    }
    serde_json::from_slice(body).map_err(|e| {
        let message = format!("the message is not JSON-RPC: {e}");
        refuse(
            INVALID_REQUEST,
            message,
            "Send a JSON-RPC 2.0 request, notification or response.",
        )
    })
}

/// Walks a JSON value and refuses equal keys and deep nesting.
#[derive(Clone, Copy)]
struct Once {
    depth: usize,
}

impl Once {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            Err(E::custom("nested too deep"))
        } else {
            Ok(Self { depth })
        }
    }
}

impl<'de> DeserializeSeed<'de> for Once {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut seen = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            if seen.contains(&name) {
                let shown = andon_domain::text::visible(&name, 60);
                return Err(A::Error::custom(format_args!("duplicate key: {shown}")));
            }
            seen.insert(name);
            fields.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_everything_once() {
        let call =
            peek(br#" {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"a":[{"b":1},{"b":1.5}]}}"#);
        let call = call.expect("the same key in two objects is fine");
        assert!(call.is_call() && call.id == 7);
        for refused in [
            r#"{"id":1,"method":"ping","method":"tools/call"}"#,
            r#"{"method":"tools/call","params":{"arguments":{"quantity":1,"quantity":1000}}}"#,
            r#"{"method":"tools/call","params":{"quantity":1,"quantit\u0079":1000}}"#,
            r#"[{"method":"ping"}]"#,
            r#""tools/call""#,
            r#"{"method":"ping"} {"method":"ping"}"#,
            r#"{"method":7}"#,
            "{",
            "",
        ] {
            let refusal = peek(refused.as_bytes()).expect_err(refused);
            assert_eq!(refusal.status, http::StatusCode::BAD_REQUEST, "{refused}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(60), "]".repeat(60));
        assert!(peek(deep.as_bytes()).is_err(), "nesting has an end");
    }
}
