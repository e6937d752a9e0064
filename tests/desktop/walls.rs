//! What the page cannot do, even when a stranger's script runs in it: commands by name only, no way out, no code from
//! elsewhere. The static half reads the files that promise it.

use std::collections::BTreeSet;
use std::net::TcpListener;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::desk::{Desk, SOON};
use crate::webdriver::until;

const CONFIGURATION: &str = include_str!("../../tauri.conf.json");
const CAPABILITY: &str = include_str!("../../src-tauri/capabilities/main.json");
const COMMANDS: &str = include_str!("../../src-tauri/commands.txt");

/// Commands of Tauri and its plugins, loaded or not, that would be worth having for a script that should not be there.
const FORBIDDEN: [&str; 20] = [
    "plugin:fs|read_file",
    "plugin:shell|execute",
    "plugin:http|fetch",
    "plugin:dialog|open",
    "plugin:opener|open_url",
    "plugin:process|exit",
    "plugin:notification|notify",
    "plugin:notification|is_permission_granted",
    "plugin:event|emit",
    "plugin:event|emit_to",
    "plugin:window|close",
    "plugin:window|set_title",
    "plugin:webview|create_webview_window",
    "plugin:webview|internal_toggle_devtools",
    "plugin:app|version",
    "plugin:path|resolve_directory",
    "plugin:menu|new",
    "plugin:tray|new",
    "plugin:resources|close",
    // A name that is no command of the table.
    "approval_dispatch",
];

#[tokio::test]
async fn a_script_in_the_page_reaches_only_commands_of_the_list() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let window = desk.open().await?;
    let global = window.script("return typeof window.__TAURI__", json!([])).await?;
    assert_eq!(global, json!("undefined"), "no global way in");

    for command in FORBIDDEN {
        let answer = window
            .invoke(
                command,
                json!({ "request": null, "event": "andon://open", "payload": 1 }),
            )
            .await?;
        // A refusal by the capability list is a text; an answer of the console is an object.
        let refused = answer["refused"].as_str().unwrap_or_default();
        assert!(refused.contains("not allowed"), "{command}: {answer}");
    }
    for command in COMMANDS.lines() {
        let answer = window.invoke(command, json!({ "request": null })).await?;
        let is_answered = answer.get("ok").is_some() || answer["refused"]["code"].is_string();
        assert!(is_answered, "{command}: {answer}");
    }
    window.close().await
}

#[tokio::test]
async fn the_page_runs_no_foreign_code_and_finds_no_way_out() -> anyhow::Result<()> {
    let outside = TcpListener::bind(("127.0.0.1", 0))?;
    outside.set_nonblocking(true)?;
    let url = format!("http://{}/", outside.local_addr()?);
    let desk = Desk::new().await?;
    let window = desk.open().await?;
    let home = window.address().await?;

    let made = "try { return ['ran', arguments[0](arguments[1])] } catch (error) { return error.name }";
    for maker in ["eval", "Function"] {
        let script = made.replace("arguments[0]", maker);
        let outcome = window.script(&script, json!([null, "1 + 1"])).await?;
        assert_eq!(outcome, json!("EvalError"), "{maker}");
    }
    let broken = window.script_async(WAYS_OUT, json!([url])).await?;
    assert_eq!(broken["ran"], json!(null), "no inline script ran");
    assert_eq!(broken["fetched"], json!("TypeError"), "{broken}");
    let violated: BTreeSet<&str> = broken["violated"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for directive in [
        "connect-src",
        "img-src",
        "script-src-elem",
        "frame-src",
        "form-action",
    ] {
        assert!(violated.contains(directive), "{directive}: {broken}");
    }

    // Going elsewhere is refused by the window itself, which says so.
    window
        .script("location.href = arguments[0]", json!([format!("{url}away")]))
        .await?;
    until(SOON, "the refusal in the log", async || {
        let log = desk.log();
        Ok(log
            .lines()
            .any(|line| line.contains("a way out of the window was refused") && line.contains("/away"))
            .then_some(()))
    })
    .await?;
    let opened = window
        .script("return window.open(arguments[0]) === null", json!([url]))
        .await?;
    assert_eq!(opened, json!(true), "no second window");
    assert_eq!(home.split('#').next(), window.address().await?.split('#').next());
    window.wait_for("main", SOON).await?;
    let called = outside.accept().map(|(_, who)| who);
    assert!(called.is_err(), "nothing ever left the page: {called:?}");
    window.close().await
}

/// Tries every way out that the content policy closes, and waits for the browser to report each.
const WAYS_OUT: &str = r"
const [url, done] = [arguments[0], arguments[arguments.length - 1]];
const violated = [];
const wanted = 5;
let fetched = null;
const tell = () => {
  if (fetched === null || new Set(violated).size < wanted) return;
  done({ fetched, violated, ran: window.inlineRan ?? null });
};
document.addEventListener('securitypolicyviolation', (event) => { violated.push(event.effectiveDirective); tell(); });
const add = (name, set) => { const made = document.createElement(name); set(made); document.body.append(made); return made; };
add('script', (it) => { it.textContent = 'window.inlineRan = 1'; });
add('img', (it) => { it.src = url + 'img'; });
add('iframe', (it) => { it.src = url + 'frame'; });
add('form', (it) => { it.action = url + 'form'; it.method = 'post'; }).submit();
fetch(url + 'fetch').then(() => 'answered', (error) => error.name).then((name) => { fetched = name; tell(); });
";

#[test]
fn the_configuration_closes_what_it_promises_to_close() -> anyhow::Result<()> {
    let configuration: Value = serde_json::from_str(CONFIGURATION)?;
    let app = &configuration["app"];
    assert_eq!(app["withGlobalTauri"], json!(false));
    assert_eq!(
        app["windows"],
        json!([]),
        "the window is made by code, with its walls"
    );
    assert_eq!(app["security"]["capabilities"], json!(["main"]));
    assert_eq!(app["security"]["freezePrototype"], json!(true));
    let policy = app["security"]["csp"].as_str().context("no content policy")?;
    let directives: Vec<(&str, &str)> = policy
        .split("; ")
        .filter_map(|part| part.split_once(' '))
        .collect();
    let of = |name: &str| {
        directives
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| *value)
    };
    assert_eq!(of("default-src"), Some("'none'"));
    assert_eq!(of("script-src"), Some("'self'"));
    assert_eq!(of("connect-src"), Some("'self' ipc: http://ipc.localhost"));
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!policy.contains('*'), "{policy}");
    Ok(())
}

#[test]
fn the_capability_lists_two_event_rights_and_every_command_and_nothing_else() -> anyhow::Result<()> {
    let capability: Value = serde_json::from_str(CAPABILITY)?;
    let listed = capability["permissions"].as_array().context("no permissions")?;
    let listed: BTreeSet<String> = listed
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let events = ["core:event:allow-listen", "core:event:allow-unlisten"];
    let commands = COMMANDS
        .lines()
        .map(|command| format!("allow-{}", command.replace('_', "-")));
    let expected: BTreeSet<String> = events.into_iter().map(str::to_owned).chain(commands).collect();
    assert_eq!(listed, expected);
    assert_eq!(capability["windows"], json!(["main"]));
    assert_eq!(
        capability["remote"],
        Value::Null,
        "no page from elsewhere has any right"
    );
    Ok(())
}
