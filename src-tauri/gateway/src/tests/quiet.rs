//! What must never be in a log: tokens and arguments.

use std::io::Write;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything at the loudest level, with only the promised directives against it.
#[tokio::test]
async fn logs_hold_neither_tokens_nor_arguments() {
    let log = Log::default();
    let filter = EnvFilter::new(format!("trace,{}", crate::QUIET_LOGS));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_env_filter(filter)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let house = House::open(GatewayConfig {
        hold: Duration::from_millis(20),
        ..config()
    })
    .await;
    let argument = json!({"vendor": "canary-argument", "rationale": "canary-argument"});
    let write = Raw::call(1, "sap_create_purchase_order", argument.clone());
    assert_eq!(house.send(&write).await.status, 200);
    assert_eq!(
        house
            .send(&Raw::call(1, "canary-argument", argument))
            .await
            .status,
        200
    );
    assert_eq!(
        house
            .send(&write.clone().set("Authorization", "Bearer canary-token"))
            .await
            .status,
        401
    );
    assert_eq!(
        house
            .send(&write.clone().set("Host", "canary-argument"))
            .await
            .status,
        403
    );
    assert_eq!(
        house.send(&write.body(b"{\"canary-argument\":")).await.status,
        400
    );
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = house
        .send(&Raw::post(
            &json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}),
        ))
        .await;
    let ready = Raw::post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let session = hello.header("mcp-session-id").expect("a session");
    assert_eq!(
        house.send(&ready.set("Mcp-Session-Id", session)).await.status,
        202
    );
    house.close().await;
    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(text.contains("the gateway answers"), "the log was read: {text}");
    for canary in ["canary-argument", "canary-token", "token-a"] {
        let line = text.lines().find(|line| line.contains(canary));
        assert!(line.is_none(), "{canary} is in the log: {line:?}");
    }
}
