//! The table: what each combination of host, origin, cookie, token, header, method, path and body gets.

use axum::body::Body;
use axum::http::StatusCode;

use super::{Ask, COOKIE, HERE, House, command, line};

async fn holds(house: &House, rows: Vec<(&str, Ask, u16)>) {
    for (what, ask, status) in rows {
        let path = ask.path.clone();
        let answer = house.ask(ask).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {path}: {}", answer.text);
        if path.starts_with("/api/") && matches!(status, 400 | 401 | 404) {
            let code = answer.code();
            let wanted = match status {
                400 => "invalid_input",
                401 => "not_signed_in",
                _ => "not_found",
            };
            assert_eq!(code, wanted, "{what}");
        }
    }
}

#[tokio::test]
async fn by_host_and_origin() {
    let house = House::open();
    let cookie = house.browser().await;
    let ask = || command("status_get", &cookie);
    let rows = vec![
        ("the page's own request", ask(), 200),
        ("no host", ask().drop("host"), 403),
        ("another name (rebinding)", ask().set("host", "evil.example"), 403),
        (
            "another name with our port",
            ask().set("host", "evil.example:4321"),
            403,
        ),
        ("no port", ask().set("host", "127.0.0.1"), 403),
        ("another port", ask().set("host", "127.0.0.1:4322"), 403),
        (
            "our address as a beginning",
            ask().set("host", "127.0.0.1:4321.evil.example"),
            403,
        ),
        (
            "another address of this machine",
            ask().set("host", "127.0.0.2:4321"),
            403,
        ),
        ("localhost", ask().set("host", "localhost:4321"), 200),
        ("the other loopback", ask().set("host", "[::1]:4321"), 200),
        ("our origin", ask().set("origin", "http://127.0.0.1:4321"), 200),
        ("another origin", ask().set("origin", "http://evil.example"), 403),
        ("no origin at all", ask().set("origin", "null"), 403),
        (
            "another scheme",
            ask().set("origin", "https://127.0.0.1:4321"),
            403,
        ),
        (
            "another port's page",
            ask().set("origin", "http://127.0.0.1:8080"),
            403,
        ),
        (
            "another name for us",
            ask().set("origin", "http://localhost:4321"),
            403,
        ),
        (
            "said by the browser: same origin",
            ask().set("sec-fetch-site", "same-origin"),
            200,
        ),
        (
            "said by the browser: another site",
            ask().set("sec-fetch-site", "cross-site"),
            403,
        ),
        (
            "said by the browser: another port",
            ask().set("sec-fetch-site", "same-site"),
            403,
        ),
        (
            "a link from elsewhere to the front page",
            line("GET /").set("sec-fetch-site", "cross-site"),
            401,
        ),
        (
            "a file for a page elsewhere",
            line("GET /assets/app.js").set("sec-fetch-site", "cross-site"),
            403,
        ),
        (
            "the stream for a page elsewhere",
            ask_stream(&cookie).set("sec-fetch-site", "same-site"),
            403,
        ),
    ];
    holds(&house, rows).await;
}

fn ask_stream(cookie: &str) -> Ask {
    line("GET /api/events").set("cookie", &format!("{COOKIE}={cookie}"))
}

#[tokio::test]
async fn by_cookie_and_token() {
    let house = House::open();
    let cookie = house.browser().await;
    let control = house.control.expose().to_owned();
    let ask = || command("status_get", &cookie);
    let bearer = |token: &str| {
        ask()
            .drop("cookie")
            .set("authorization", &format!("Bearer {token}"))
    };
    let two = format!("{COOKIE}=old; theme=dark; {COOKIE}={cookie}");
    let rows = vec![
        ("no cookie", ask().drop("cookie"), 401),
        (
            "an unknown cookie",
            ask().set("cookie", &format!("{COOKIE}=AAAA")),
            401,
        ),
        ("an empty cookie", ask().set("cookie", &format!("{COOKIE}=")), 401),
        (
            "the cookie of another console",
            ask().set("cookie", &format!("andon_session_4322={cookie}")),
            401,
        ),
        (
            "the cookie under no port",
            ask().set("cookie", &format!("andon_session={cookie}")),
            401,
        ),
        ("ours beside others", ask().set("cookie", &two), 200),
        (
            "the control token as a cookie",
            ask().set("cookie", &format!("{COOKIE}={control}")),
            401,
        ),
        ("the control token", bearer(&control), 200),
        (
            "the control token needs no page header",
            bearer(&control).drop("x-andon"),
            200,
        ),
        ("a wrong control token", bearer("AAAA"), 401),
        ("a browser's token is no control token", bearer(&cookie), 401),
        (
            "a wrong token is not saved by a cookie",
            ask().set("authorization", "Bearer AAAA"),
            401,
        ),
        (
            "basic",
            ask()
                .drop("cookie")
                .set("authorization", &format!("Basic {control}")),
            401,
        ),
        (
            "the token in the address",
            {
                let mut asked = ask().drop("cookie");
                asked.path = format!("/api/status_get?token={control}&access_token={control}");
                asked
            },
            401,
        ),
        (
            "a browser wants a link",
            command("x", &cookie).path("/control/link"),
            401,
        ),
        ("nobody wants a link", line("POST /control/link"), 401),
        (
            "andonctl wants a link",
            bearer(&control).path("/control/link"),
            200,
        ),
        ("the stream without cookie", line("GET /api/events"), 401),
        ("the stream with an unknown cookie", ask_stream("AAAA"), 401),
        ("the stream", ask_stream(&cookie), 200),
    ];
    holds(&house, rows).await;
}

impl Ask {
    fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }
}

#[tokio::test]
async fn by_header_method_and_path() {
    let house = House::open();
    let cookie = house.browser().await;
    let ask = || command("status_get", &cookie);
    let kind = |kind: &str| ask().set("content-type", kind);
    let method = |line_: &str| {
        line(line_)
            .set("cookie", &format!("{COOKIE}={cookie}"))
            .set("x-andon", "1")
    };
    let rows = vec![
        ("without the page's header", ask().drop("x-andon"), 400),
        ("without a kind", ask().drop("content-type"), 400),
        ("plain text, as a form may send it", kind("text/plain"), 400),
        ("a form", kind("application/x-www-form-urlencoded"), 400),
        ("a form with files", kind("multipart/form-data; boundary=x"), 400),
        ("a kind that only begins so", kind("application/jsonp"), 400),
        (
            "JSON with its alphabet",
            kind("application/json; charset=utf-8"),
            200,
        ),
        ("JSON in capitals", kind("Application/JSON"), 200),
        ("get", method("GET /api/status_get"), 405),
        ("put", method("PUT /api/status_get"), 405),
        ("delete", method("DELETE /api/status_get"), 405),
        (
            "a preflight of our own page",
            method("OPTIONS /api/status_get").set("origin", &format!("http://{HERE}")),
            405,
        ),
        (
            "a preflight from elsewhere",
            method("OPTIONS /api/status_get").set("origin", "http://evil.example"),
            403,
        ),
        ("a post to the stream", command("events", &cookie), 405),
        ("a post to the page", method("POST /"), 405),
        ("a post to a file", method("POST /assets/app.js"), 405),
        ("a get for a link", method("GET /control/link"), 405),
        ("an unknown command", command("no_such", &cookie), 404),
        ("a command in capitals", command("STATUS_GET", &cookie), 404),
        ("the page", method("GET /"), 200),
        ("the page for nobody", line("GET /"), 401),
        ("a file", line("GET /assets/app.js"), 200),
        ("no file", line("GET /assets/none.js"), 404),
        ("a folder", line("GET /assets"), 404),
        ("a folder with its slash", line("GET /assets/"), 404),
    ];
    holds(&house, rows).await;
}

#[tokio::test]
async fn by_body() {
    let house = House::open();
    let cookie = house.browser().await;
    let body = |body: Body| command("status_get", &cookie).body(body);
    let large = |bytes: usize| Body::from(format!("{{\"x\":\"{}\"}}", "a".repeat(bytes)));
    let rows = vec![
        ("nothing", body(Body::empty()), 200),
        ("an object", body("{}".into()), 200),
        ("not JSON", body("{".into()), 400),
        ("two values", body("{}{}".into()), 400),
        ("a list", body("[]".into()), 400),
        ("a key that comes twice", body(r#"{"a":1,"a":2}"#.into()), 400),
        ("a field that is missing", command("approval_get", &cookie), 400),
        (
            "a number without an exact value",
            body(r#"{"a":9007199254740993}"#.into()),
            400,
        ),
        (
            "deep",
            body(format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)).into()),
            400,
        ),
        ("not text", body(vec![b'"', 0xff, b'"'].into()), 400),
        ("more than is read as JSON", body(large(300 * 1024)), 400),
        ("more than is read at all", body(large(1024 * 1024)), 400),
    ];
    holds(&house, rows).await;
}

#[tokio::test]
async fn files_outside_the_page_are_never_served() {
    let house = House::open();
    let cookie = house.browser().await;
    for path in [
        "/../outside.txt",
        "/assets/../../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/%2e%2e%2foutside.txt",
        "/assets/%2e%2e/%2e%2e/outside.txt",
        "/..%5coutside.txt",
        "/assets/..%00/outside.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/data/journal.sqlite",
        "/..%2fdata%2fjournal.sqlite",
    ] {
        let ask = line(&format!("GET {path}")).set("cookie", &format!("{COOKIE}={cookie}"));
        let answer = house.ask(ask).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text);
        assert!(
            !answer.text.contains("OUTSIDE") && !answer.text.contains("root:"),
            "{path}"
        );
    }
}
