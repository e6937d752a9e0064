//! The model against servers that answer the way models do, and the way servers fail.

use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::stranger::{Fixed, Reply, Stranger, noon};

fn request() -> ModelRequest {
    ModelRequest {
        question: "how many machines are down?".to_owned(),
        dialect: "sqlite".to_owned(),
        schema: "machines(machine_id, status)".to_owned(),
        today: "2026-06-22".to_owned(),
        previous: None,
    }
}

fn model(server: &Stranger, key: Option<&'static str>) -> Arc<ChatModel> {
    let mut config = ModelConfig::new(server.url.join("/v1").unwrap(), "small");
    config.limits.total = Duration::from_secs(3);
    ChatModel::new(config, Fixed::new(key), noon()).unwrap()
}

async fn ask(reply: Reply) -> Result<ModelReply, PortError> {
    let reply = Mutex::new(Some(reply));
    let server = Stranger::start(move |_| reply.lock().unwrap().take().unwrap_or(Reply::Cut)).await;
    model(&server, None).write_sql(&request()).await
}

fn said(content: &Value) -> Reply {
    Reply::json(
        200,
        &json!({"choices": [{"message": {"role": "assistant", "content": content}}], "usage": {"total_tokens": 123}}),
    )
}

#[tokio::test]
async fn the_statement_its_reading_and_the_tokens_come_back() {
    let server = Stranger::start(|_| said(&json!("{\"sql\":\"SELECT 1\",\"assumptions\":\"now\"}"))).await;
    let reply = model(&server, Some("key")).write_sql(&request()).await.unwrap();
    assert_eq!(
        reply,
        ModelReply {
            sql: "SELECT 1".to_owned(),
            assumptions: Some("now".to_owned()),
            tokens: Some(123)
        }
    );
    let seen = &server.seen()[0];
    assert_eq!(
        (seen.path.as_str(), seen.header("authorization")),
        ("/v1/chat/completions", "Bearer key")
    );
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(
        (
            body["model"].as_str(),
            body["temperature"].as_i64(),
            body["stream"].as_bool()
        ),
        (Some("small"), Some(0), Some(false))
    );
}

#[tokio::test]
async fn no_key_is_fine_and_prose_fences_and_parts_are_read() {
    for content in [
        json!("Of course!\n```sql\nSELECT count(*) FROM machines;\n```\nAnything else?"),
        json!("The answer:\nSELECT count(*) FROM machines;"),
        json!([{"type": "text", "text": "{\"sql\": \"SELECT count(*) "}, {"type": "text", "text": "FROM machines\"}"}]),
        json!("{\"sql\": SELECT broken}\n```\nSELECT count(*) FROM machines\n```"),
    ] {
        let server = Stranger::start({
            let content = content.clone();
            move |_| said(&content)
        })
        .await;
        let reply = model(&server, None).write_sql(&request()).await.unwrap();
        assert_eq!(reply.sql, "SELECT count(*) FROM machines", "{content}");
        assert_eq!(server.seen()[0].header("authorization"), "");
    }
}

#[tokio::test]
async fn failures_are_named_and_a_call_is_never_repeated_by_itself() {
    for (reply, kind) in [
        (
            said(&json!("I would rather talk about the weather.")),
            PortErrorKind::Rejected,
        ),
        (said(&Value::Null), PortErrorKind::Rejected),
        (Reply::json(200, &json!({"choices": []})), PortErrorKind::Rejected),
        (Reply::with(200, &[], "not json"), PortErrorKind::Protocol),
        (
            Reply::json(401, &json!({"error": {"message": "bad key"}})),
            PortErrorKind::Unauthorized,
        ),
        (
            Reply::json(404, &json!({"error": {"message": "no such model"}})),
            PortErrorKind::NotFound,
        ),
        (Reply::json(429, &json!({})), PortErrorKind::Unavailable),
        (Reply::json(500, &json!({})), PortErrorKind::Unavailable),
        (Reply::Cut, PortErrorKind::Unavailable),
    ] {
        assert_eq!(ask(reply).await.unwrap_err().kind, kind);
    }
    let busy = Stranger::start(|_| Reply::json(503, &json!({}))).await;
    model(&busy, None).write_sql(&request()).await.unwrap_err();
    assert_eq!(busy.seen().len(), 1, "answers cost money");
}
