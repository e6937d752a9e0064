//! Links, cookies and the control token over time.

use axum::http::{StatusCode, header};

use super::super::doors::{IDLE_MS, LINK_LIFE_MS, MOST_BROWSERS, MOST_LINKS};
use super::{COOKIE, House, command, line};

async fn open(house: &House, link: &str) -> StatusCode {
    house.ask(line(&format!("GET /?token={link}"))).await.status
}

async fn is_in(house: &House, cookie: &str) -> bool {
    match house.ask(command("status_get", cookie)).await.status {
        StatusCode::OK => true,
        StatusCode::UNAUTHORIZED => false,
        other => panic!("neither in nor out: {other}"),
    }
}

#[tokio::test]
async fn a_link_lets_one_browser_in_once() {
    let house = House::open();
    let link = house.doors.new_link();
    let answer = house.ask(line(&format!("GET /?token={link}"))).await;
    assert_eq!(
        (answer.status, answer.headers[header::LOCATION].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/"),
        "the token leaves the address line"
    );
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    let (pair, flags) = cookie.split_once(';').unwrap();
    assert_eq!(flags, " Path=/; HttpOnly; SameSite=Strict");
    let token = pair.strip_prefix(COOKIE).unwrap().strip_prefix('=').unwrap();
    assert_eq!(token.len(), 43, "256 bits");
    assert_ne!(token, link);
    assert!(is_in(&house, token).await);

    let again = house.ask(line(&format!("GET /?token={link}"))).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(!again.headers.contains_key(header::SET_COOKIE));
    assert!(
        again.text.contains("used already") && again.text.contains("andonctl open"),
        "{}",
        again.text
    );
}

#[tokio::test]
async fn a_link_ends_after_ten_minutes() {
    let house = House::open();
    let (early, late) = (house.doors.new_link(), house.doors.new_link());
    house.wait(LINK_LIFE_MS - 1);
    assert_eq!(open(&house, &early).await, StatusCode::SEE_OTHER);
    house.wait(1);
    assert_eq!(open(&house, &late).await, StatusCode::UNAUTHORIZED);
    assert_eq!(LINK_LIFE_MS, 600_000);
}

#[tokio::test]
async fn a_look_ahead_does_not_spend_a_link() {
    let house = House::open();
    let link = house.doors.new_link();
    let looked = house.ask(line(&format!("HEAD /?token={link}"))).await;
    assert_eq!(looked.status, StatusCode::UNAUTHORIZED);
    assert!(!looked.headers.contains_key(header::SET_COOKIE));
    assert_eq!(open(&house, &link).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn few_links_wait_at_a_time_and_the_oldest_goes_first() {
    let house = House::open();
    let links: Vec<_> = (0..=MOST_LINKS).map(|_| house.doors.new_link()).collect();
    assert_eq!(open(&house, &links[0]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(open(&house, &links[1]).await, StatusCode::SEE_OTHER);
    assert_eq!(open(&house, &links[MOST_LINKS]).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_browser_that_asks_nothing_for_twelve_hours_is_out() {
    let house = House::open();
    let (busy, idle) = (house.browser().await, house.browser().await);
    house.wait(IDLE_MS / 2);
    assert!(is_in(&house, &busy).await);
    house.wait(IDLE_MS / 2);
    assert!(is_in(&house, &busy).await, "asking keeps it in");
    assert!(!is_in(&house, &idle).await);
    assert_eq!(IDLE_MS, 12 * 3_600_000);
}

#[tokio::test]
async fn the_quietest_browser_goes_when_too_many_are_in() {
    let house = House::open();
    let mut browsers = Vec::new();
    for _ in 0..MOST_BROWSERS {
        browsers.push(house.browser().await);
        house.wait(1);
    }
    assert!(
        is_in(&house, &browsers[0]).await,
        "it has just asked; the second is the quietest now"
    );
    house.wait(1);
    browsers.push(house.browser().await);
    assert!(!is_in(&house, &browsers[1]).await);
    for number in [0, 2, MOST_BROWSERS - 1, MOST_BROWSERS] {
        assert!(is_in(&house, &browsers[number]).await, "{number}");
    }
}

#[tokio::test]
async fn a_new_start_lets_nobody_in_who_was_in_before() {
    let (before, after) = (House::open(), House::open());
    let (cookie, link) = (before.browser().await, before.doors.new_link());
    assert!(!is_in(&after, &cookie).await);
    assert_eq!(open(&after, &link).await, StatusCode::UNAUTHORIZED);
    let control = format!("Bearer {}", before.control.expose());
    let answer = after
        .ask(line("POST /control/link").set("authorization", &control))
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_fresh_link_of_the_control_door_works() {
    let house = House::open();
    let control = format!("Bearer {}", house.control.expose());
    let answer = house
        .ask(line("POST /control/link").set("authorization", &control))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let body: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    let link = body["url"]
        .as_str()
        .unwrap()
        .strip_prefix("http://127.0.0.1:4321/?token=")
        .unwrap();
    assert_eq!(open(&house, link).await, StatusCode::SEE_OTHER);
}
