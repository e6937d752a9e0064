//! `andonctl serve` as a process: its one line, its files, its end, and what a second start gets.

use std::time::Duration;

use crate::support::{Place, modes};
use rustix::process::Signal;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn it_says_one_line_where_it_is_and_ends_cleanly() {
    let place = Place::new();
    let console = place.serve(&[]).await;
    let ready = console.ready.as_object().unwrap();
    let mut names: Vec<_> = ready.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["data_dir", "gateway_url", "tokens", "url"]);
    let host = format!("http://{}/?token=", console.address());
    assert!(ready["url"].as_str().unwrap().starts_with(&host), "{ready:?}");
    assert_eq!(ready["gateway_url"], console.file["gateway_url"]);
    assert!(
        ready["gateway_url"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:")
    );
    assert_eq!(ready["data_dir"], place.data().display().to_string());
    let file = place.data().join("console.json");
    assert_eq!(ready["tokens"]["console"], file.display().to_string());
    assert!(
        ready["tokens"]["agents"]
            .as_str()
            .unwrap()
            .contains("andonctl agent add")
    );
    assert_eq!(console.file["pid"], console.id());

    let (code, took, rest) = console.ended(Signal::TERM).await;
    assert_eq!((code, rest.as_str()), (0, ""), "{}", place.said());
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(!file.exists(), "the address and the token end with the console");
}

#[tokio::test]
async fn open_streams_and_silent_connections_do_not_hold_up_the_end() {
    let place = Place::new();
    let ui = place.path("ui");
    std::fs::create_dir(&ui).unwrap();
    std::fs::write(ui.join("index.html"), "page").unwrap();
    let console = place.serve(&["--ui", ui.to_str().unwrap()]).await;
    let address = console.address().to_owned();

    let link = console.ready["url"]
        .as_str()
        .unwrap()
        .split_once(&address)
        .unwrap()
        .1
        .to_owned();
    let entered = console
        .raw(&format!(
            "GET {link} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        ))
        .await;
    let cookie = entered
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let page = format!("GET / HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
    assert!(console.raw(&page).await.ends_with("\r\n\r\npage"));

    let mut stream = TcpStream::connect(&address).await.unwrap();
    let ask = format!("GET /api/events HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    let _silent = TcpStream::connect(&address).await.unwrap();
    let mut half = TcpStream::connect(&address).await.unwrap();
    half.write_all(b"POST /api/status_get HTTP/1.1\r\nHost: ")
        .await
        .unwrap();

    let (code, took, _) = console.ended(Signal::TERM).await;
    assert_eq!(code, 0, "{}", place.said());
    assert!(took < Duration::from_secs(6), "{took:?}");
}

#[tokio::test]
async fn control_c_and_a_closed_terminal_are_orderly_ends_too() {
    for signal in [Signal::INT, Signal::HUP] {
        let place = Place::new();
        let (code, _, _) = place.serve(&[]).await.ended(signal).await;
        assert_eq!(code, 0, "{signal:?}");
        assert!(!place.data().join("console.json").exists());
    }
}

#[tokio::test]
async fn a_second_start_on_the_folder_ends_at_once_and_disturbs_nothing() {
    let place = Place::new();
    let console = place.serve(&[]).await;
    let read = || std::fs::read_to_string(place.data().join("console.json")).unwrap();
    let before = read();
    let second = place.serve_fails(&[]).await;
    second.says(
        3,
        &[
            "another instance holds the data folder",
            "Use the console that is already running",
        ],
    );
    assert!(second.took < Duration::from_millis(1_500), "{:?}", second.took);
    assert_eq!((second.out.as_str(), read()), ("", before));
    assert_eq!(console.call("session_get", "{}").await.0, 200);

    let mut wrong = place.environment.clone();
    wrong.insert("CONNECTOR_CACHE_TTL_SECONDS".to_owned(), "soon".to_owned());
    let mut command = place.command(env!("CARGO_BIN_EXE_andonctl"));
    command
        .arg("serve")
        .arg("--data-dir")
        .arg(place.data())
        .envs(wrong);
    let output = command.output().await.unwrap();
    assert_eq!(
        output.status.code(),
        Some(2),
        "a wrong setting is said before another instance is"
    );
}

#[tokio::test]
async fn after_a_kill_the_folder_is_free_and_old_tokens_are_worth_nothing() {
    let place = Place::new();
    let first = place.serve(&[]).await;
    let old = first.control().to_owned();
    first.killed().await;
    place.ctl(&["status"]).await.says(3, &["may have ended"]);
    let second = place.serve(&[]).await;
    assert_ne!(second.control(), old);
    let address = second.address();
    let ask = format!(
        "POST /api/session_get HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {old}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    );
    assert!(second.raw(&ask).await.starts_with("HTTP/1.1 401 "));
    place.ctl(&["status"]).await.says(0, &[]);
}

#[tokio::test]
async fn every_file_is_for_its_owner_only_and_the_process_keeps_to_itself() {
    let place = Place::new();
    let console = place.serve(&[]).await;
    place.ctl(&["status"]).await.says(0, &[]);
    let found = modes(&place.data());
    for (path, is_folder, mode) in &found {
        assert_eq!(
            *mode,
            if *is_folder { 0o700 } else { 0o600 },
            "{}: {mode:o}",
            path.display()
        );
    }
    for name in [
        "console.json",
        "installation",
        "journal.sqlite",
        "lock",
        "log/andon.log",
        "tenants/default/mirror.sqlite",
    ] {
        let path = place.data().join(name);
        assert!(
            found.iter().any(|(found, _, _)| *found == path),
            "{name} is missing: {found:?}"
        );
    }
    let proc = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", console.id())).unwrap();
    let limits = proc("limits");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(
        core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(),
        ["0", "0"],
        "{core}"
    );
    assert!(proc("status").lines().any(|line| line == "Umask:\t0077"));
}

#[tokio::test]
async fn a_taken_port_is_named_with_what_to_do() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = place.data().display().to_string();
    for (host, gateway) in [
        (address.as_str(), "127.0.0.1:0"),
        ("127.0.0.1:0", address.as_str()),
    ] {
        let arguments = [
            "serve",
            "--data-dir",
            &data,
            "--listen",
            host,
            "--gateway-listen",
            gateway,
        ];
        place.bare(&arguments).await.says(1, &[&address]);
        assert!(!place.data().join("console.json").exists());
    }
}

#[tokio::test]
async fn a_secret_in_the_environment_is_warned_of_by_name_only() {
    let mut place = Place::new();
    place.set("SAP_PASSWORD", "canary-3f1c");
    place.set("ANDON_LOG", "trace,rmcp=trace");
    let console = place.serve(&[]).await;
    place.ctl(&["status"]).await.says(0, &[]);
    let (code, _, _) = console.ended(Signal::TERM).await;
    assert_eq!(code, 0);
    assert!(
        place
            .said()
            .contains("other programs of this user can read: SAP_PASSWORD"),
        "{}",
        place.said()
    );
    for (path, is_folder, _) in modes(&place.path("")) {
        let found =
            !is_folder && String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("canary-3f1c");
        assert!(!found, "{}", path.display());
    }
}

#[tokio::test]
async fn what_a_command_prints_is_data_and_its_refusals_are_words() {
    let place = Place::new();
    let _console = place.serve(&[]).await;
    let operations = place.ctl(&["op", "list", "--json"]).await.json();
    let names: Vec<_> = operations
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"sap.create_purchase_order"), "{names:?}");
    assert!(place.ctl(&["op", "list"]).await.out.starts_with("OPERATION"));
    assert!(place.ctl(&["status", "--json"]).await.json()["systems"].is_array());

    let refused = place
        .ctl(&["op", "run", "sap.get_inventory", "--tenant", "acme"])
        .await;
    refused.says(2, &["no such tenant: acme"]);
    for params in ["{", r#"{"plant":"1010","plant":"1020"}"#, r#"{"n":1.5}"#] {
        let refused = place
            .ctl(&["op", "run", "sap.get_inventory", "--params", params])
            .await;
        refused.says(2, &["--params cannot be used"]);
        assert_eq!(refused.out, "");
    }
    let link = place.ctl(&["open"]).await;
    link.says(0, &[]);
    assert!(
        link.out.starts_with("http://127.0.0.1:") && link.out.contains("/?token="),
        "{link:?}"
    );
    let answer = place
        .ctl(&["query", "SELECT 'pay \u{202e}x' AS said", "--json"])
        .await;
    answer.says(1, &["the guard refused the query", "hidden_character"]);
    assert!(
        !answer.out.contains('\u{202e}') && !answer.err.contains('\u{202e}'),
        "{answer:?}"
    );
    let answer = place.ctl(&["query", "SELECT 1 AS one", "--json"]).await;
    answer.says(0, &[]);
    assert_eq!(answer.json()["verdict"], "allowed");
    let data = place.data().display().to_string();
    let set = ["credential", "set", "sap", "--data-dir", &data];
    place
        .with_input(&set, "\n")
        .await
        .says(2, &["give the credential on standard input"]);
    place
        .with_input(&set, &"x".repeat(3_000))
        .await
        .says(2, &["longer than 2048 bytes"]);
}

#[tokio::test]
async fn the_log_is_json_lines_with_no_token_in_it() {
    let mut place = Place::new();
    place.set("ANDON_LOG", "debug");
    let console = place.serve(&[]).await;
    place.ctl(&["open"]).await.says(0, &[]);
    let tokens = [
        console.control().to_owned(),
        console.ready["url"]
            .as_str()
            .unwrap()
            .split('=')
            .nth(1)
            .unwrap()
            .to_owned(),
    ];
    console.ended(Signal::TERM).await;
    let log = std::fs::read_to_string(place.data().join("log/andon.log")).unwrap();
    assert!(!log.is_empty());
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(
            line["level"].is_string() && line["timestamp"].is_string(),
            "{line}"
        );
    }
    assert!(!tokens.iter().any(|token| log.contains(token.as_str())));
}
