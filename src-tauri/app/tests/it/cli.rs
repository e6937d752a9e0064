//! `andonctl` without a console: exit codes, words, the guard, the audit file, and a look at the machine.

use std::process::Stdio;
use std::time::Duration;

use crate::support::Place;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

#[tokio::test]
async fn every_command_explains_itself() {
    let place = Place::new();
    for line in [
        "",
        "serve",
        "open",
        "op",
        "op list",
        "op run",
        "approval",
        "approval list",
        "approval show",
        "approval approve",
        "approval deny",
        "ask",
        "query",
        "agent",
        "agent add",
        "agent list",
        "agent revoke",
        "audit",
        "audit tail",
        "audit verify",
        "credential",
        "credential set",
        "credential remove",
        "connections",
        "feed",
        "feed pause",
        "feed resume",
        "feed sync",
        "mirror",
        "mirror rebuild",
        "status",
        "mcp",
        "guard",
        "guard check",
        "doctor",
    ] {
        let mut arguments: Vec<&str> = line.split_whitespace().collect();
        arguments.push("--help");
        let ended = place.bare(&arguments).await;
        ended.says(0, &[]);
        assert!(
            ended.out.contains("Usage: andonctl") && ended.err.is_empty(),
            "{ended:?}"
        );
    }
    let version = place.bare(&["--version"]).await;
    assert_eq!(version.out, format!("andonctl {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn a_usage_mistake_exits_with_2_and_leaves_standard_output_empty() {
    let place = Place::new();
    for (arguments, words) in [
        (vec!["serve", "--no-such-flag"], "--no-such-flag"),
        (vec!["no-such-command"], "no-such-command"),
        (vec!["op", "run"], "<NAME>"),
        (vec!["approval", "approve", "x"], "--digest"),
        (vec!["agent", "add", "x"], "--scope"),
        (
            vec!["agent", "add", "x", "--scope", "sap.*", "--class", "class_v"],
            "class_v",
        ),
        (
            vec!["guard", "check", "--policy", "p", "--dialect", "oracle"],
            "oracle",
        ),
        (vec!["credential", "set", "erp"], "erp"),
        (vec!["feed", "pause", "weather"], "machine_history"),
        (vec!["mirror", "rebuild", "--feed", "weather"], "cost_centers"),
        (
            vec!["serve", "--listen", "0.0.0.0:0"],
            "only addresses of this machine",
        ),
        (
            vec!["serve", "--gateway-listen", "[2001:db8::1]:4517"],
            "only addresses of this machine",
        ),
        (vec!["serve", "--listen", "localhost"], "such as 127.0.0.1:4517"),
        (vec!["audit", "verify", "--tenant", "../x"], "not a tenant"),
        (
            vec!["mcp", "--url", "http://127.0.0.1:1/mcp"],
            "ANDON_AGENT_TOKEN is not set",
        ),
    ] {
        let ended = place.ctl(&arguments).await;
        ended.says(2, &[words]);
        assert_eq!(ended.out, "", "{arguments:?}");
    }
    assert!(!place.data().exists(), "a mistake makes no files");
}

#[tokio::test]
async fn without_a_console_commands_exit_with_3_and_say_how_to_start_one() {
    let mut place = Place::new();
    place.set("ANDON_AGENT_TOKEN", "token");
    let commands = [
        vec!["status"],
        vec!["open"],
        vec!["op", "list"],
        vec!["approval", "list"],
        vec!["query", "SELECT 1"],
        vec!["ask", "what stands?"],
        vec!["agent", "list"],
        vec!["audit", "tail"],
        vec!["credential", "remove", "sap"],
        vec!["mcp"],
    ];
    for arguments in &commands {
        let ended = place.ctl(arguments).await;
        ended.says(3, &["no console runs on this folder", "andonctl serve"]);
        assert_eq!(ended.out, "", "{arguments:?}");
    }
    // What a console left behind that was killed, and a file that is none of ours.
    std::fs::create_dir(place.data()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for (content, words) in [
        (
            json!({"url": format!("http://{address}"), "gateway_url": "x", "control_token": "t"}).to_string(),
            "may have ended",
        ),
        ("{".to_owned(), "no console runs"),
    ] {
        place.file("data/console.json", &content);
        place.ctl(&["status"]).await.says(3, &[words]);
    }
}

const POLICY: &str = r#"{"tables":{"orders":{"columns":["id","status"],"description":"Orders."}}}"#;

#[tokio::test]
async fn the_guard_gives_every_line_its_verdict_in_every_dialect() {
    let place = Place::new();
    let policy = place.file("policy.json", POLICY);
    let lines = [
        r#"{"id":1,"sql":"SELECT id FROM orders WHERE status = 'open' ORDER BY id LIMIT 5"}"#,
        r#"{"id":"two","sql":"DELETE FROM orders"}"#,
        "",
        r#"{"id":3,"sql":"SELECT amount FROM orders"}"#,
        "this is no JSON",
        r#"{"id":5}"#,
        "[1]",
        r#"{"id":7,"sql":"SELECT id FROM customers"}"#,
    ];
    for (dialect, sql, params) in [
        (
            "sqlite",
            "SELECT id FROM orders WHERE status = ? ORDER BY id LIMIT 5",
            json!(["open"]),
        ),
        (
            "postgres",
            "SELECT id FROM orders WHERE status = $1 ORDER BY id LIMIT 5",
            json!(["open"]),
        ),
        (
            "mysql",
            "SELECT id FROM orders WHERE status = ? ORDER BY id LIMIT 5",
            json!(["open"]),
        ),
    ] {
        let arguments = ["guard", "check", "--policy", &policy, "--dialect", dialect];
        // The last line has no end, as files of some editors.
        let ended = place.with_input(&arguments, &lines.join("\n")).await;
        ended.says(0, &[]);
        assert_eq!(ended.err, "");
        let verdicts: Vec<Value> = ended
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let allowed =
            json!({"id": 1, "verdict": "allowed", "score": 1, "sql": sql, "params": params, "reasons": []});
        assert_eq!(verdicts[0], allowed, "{dialect}");
        let codes: Vec<_> = verdicts[1..]
            .iter()
            .map(|verdict| {
                assert_eq!(
                    (&verdict["verdict"], &verdict["sql"]),
                    (&json!("refused"), &Value::Null),
                    "{verdict}"
                );
                let reason = &verdict["reasons"][0];
                for name in ["message", "hint"] {
                    assert!(
                        reason[name].as_str().is_some_and(|text| !text.is_empty()),
                        "{verdict}"
                    );
                }
                (verdict["id"].clone(), reason["code"].as_str().unwrap().to_owned())
            })
            .collect();
        let wanted = [
            (json!("two"), "write_statement"),
            (json!(3), "column_not_allowed"),
            (Value::Null, "bad_input"),
            (json!(5), "bad_input"),
            (Value::Null, "bad_input"),
            (json!(7), "table_not_allowed"),
        ];
        assert_eq!(codes, wanted.map(|(id, code)| (id, code.to_owned())), "{dialect}");
    }
}

#[tokio::test]
async fn a_policy_that_says_less_or_more_than_it_should_exits_with_2() {
    let place = Place::new();
    for (content, words) in [
        (r#"{"tables":{}}"#, "table"),
        (r#"{"tables":{"orders":{"columns":[]}}}"#, "orders"),
        (r#"{"tables":{"orders":{"colums":["id"]}}}"#, "colums"),
        (
            r#"{"tables":{"orders":{"columns":["id"]}},"allow_all":true}"#,
            "allow_all",
        ),
        ("{}", "tables"),
        ("", "policy.json"),
        ("not json", "policy.json"),
    ] {
        let policy = place.file("policy.json", content);
        let arguments = ["guard", "check", "--policy", &policy, "--dialect", "sqlite"];
        let ended = place
            .with_input(&arguments, "{\"id\":1,\"sql\":\"SELECT id FROM orders\"}\n")
            .await;
        ended.says(2, &[words, &policy]);
        assert_eq!(ended.out, "", "{content}");
    }
    let ended = place
        .bare(&[
            "guard",
            "check",
            "--policy",
            "/nowhere.json",
            "--dialect",
            "sqlite",
        ])
        .await;
    ended.says(2, &["the policy file cannot be read: /nowhere.json"]);
}

#[tokio::test]
async fn a_reader_that_goes_away_is_the_end_and_not_a_failure() {
    let place = Place::new();
    let policy = place.file("policy.json", POLICY);
    let mut command = place.command(env!("CARGO_BIN_EXE_andonctl"));
    command
        .args(["guard", "check", "--policy", &policy, "--dialect", "sqlite"])
        .stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    for _ in 0..2_000 {
        // It may end before it has read all of it.
        if input
            .write_all(b"{\"id\":1,\"sql\":\"SELECT id FROM orders\"}\n")
            .await
            .is_err()
        {
            break;
        }
    }
    drop(input);
    let output = tokio::time::timeout(Duration::from_secs(20), child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[tokio::test]
async fn a_folder_without_a_journal_has_no_audit_to_verify() {
    let place = Place::new();
    let ended = place.ctl(&["audit", "verify"]).await;
    ended.says(1, &["journal.sqlite"]);
    assert!(!place.data().exists(), "looking makes no files");
}

#[tokio::test]
async fn wrong_settings_stop_the_start_before_anything_is_made() {
    let mut place = Place::new();
    place.set("CONNECTOR_CACHE_TTL_SECONDS", "soon");
    place.set("SAP_AUTH_TYPE", "ntlm");
    let file = place.file(
        "andon.toml",
        "[sap]\nendpoint = \"http://sap.example.org\"\nusername = \"T\"\npassword = \"s3cret\"\n[mse]\nendpoint = \"x\"\n",
    );
    let ended = place.serve_fails(&["--config", &file]).await;
    let line = |number: u32| format!("{file}:{number}: ");
    ended.says(
        2,
        &[
            "the configuration has mistakes: 5",
            &format!("{}sap.endpoint = \"http://sap.example.org/\"", line(2)),
            "Use https",
            &format!("{}sap.password", line(4)),
            "andonctl credential set",
            &format!("{}mse.endpoint", line(6)),
            "Did you mean mes.endpoint?",
            "environment CONNECTOR_CACHE_TTL_SECONDS: cache.ttl_seconds = \"soon\"",
            "Give a whole number from 0 to 86400",
            "environment SAP_AUTH_TYPE: sap.auth = \"ntlm\"",
            "Give one of basic, bearer",
        ],
    );
    assert!(!ended.err.contains("s3cret"), "{}", ended.err);
    assert_eq!(ended.out, "");
    assert!(!place.data().exists(), "nothing was made");
    assert!(ended.took < Duration::from_secs(3), "{:?}", ended.took);

    let missing = place.path("none.toml").display().to_string();
    let ended = place.serve_fails(&["--config", &missing]).await;
    ended.says(2, &[&format!("{missing}: file"), "cannot be read"]);
    assert!(!ended.err.contains(":0"), "{}", ended.err);
}

#[tokio::test]
async fn the_usual_file_counts_when_none_is_named() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("home/config/andon")).unwrap();
    let file = place.file("home/config/andon/andon.toml", "[cache]\nttl = 5\n");
    for ended in [
        place.serve_fails(&[]).await,
        place.ctl(&["doctor", "--offline"]).await,
    ] {
        assert!(
            format!("{}{}", ended.out, ended.err).contains(&format!("{file}:2: cache.ttl")),
            "{ended:?}"
        );
    }
}

#[tokio::test]
async fn doctor_looks_at_the_machine_in_words() {
    let mut place = Place::new();
    let ended = place.ctl(&["doctor", "--offline"]).await;
    ended.says(1, &["things to look at: 1"]);
    let lines: Vec<_> = ended.out.lines().collect();
    assert!(
        lines[0].starts_with("ok   data folder: ") && lines[0].contains("the first start makes it"),
        "{ended:?}"
    );
    assert_eq!(
        lines[1],
        "ok   configuration: SAP not set, MES not set, model not set"
    );
    assert!(
        lines[2].starts_with("look keyring: is not there: install and start gnome-keyring"),
        "{ended:?}"
    );
    assert_eq!(lines.len(), 3);

    place.set("MES_API_TOKEN", "s3cret");
    std::fs::create_dir(place.data()).unwrap();
    std::fs::set_permissions(place.data(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let ended = place.ctl(&["doctor"]).await;
    ended.says(1, &["things to look at: 4"]);
    for words in [
        "look data folder: ",
        "can be read by other users",
        "look MES_API_TOKEN is in the environment",
        "look console: no console runs on this folder",
    ] {
        assert!(ended.out.contains(words), "{words}: {ended:?}");
    }
    assert!(!ended.out.contains("s3cret"));
}
