//! Beginning and end of the window: alone on its folder, in front when started again, and gone without a trace of
//! running parts when closed or told to end.

use std::io::Read as _;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::desk::{Desk, START, program};
use crate::process::Guarded;
use crate::webdriver::until;

const X_WINDOWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/x_windows.py");
/// The end waits for what is being sent, and nothing is.
const END: Duration = Duration::from_secs(8);

#[tokio::test]
async fn a_second_start_ends_at_once_and_brings_the_first_window_to_the_front() -> anyhow::Result<()> {
    let mut desk = Desk::new().await?;
    let mut first = running(&mut desk).await?;
    let _cover = cover()?;
    until(START, "the cover above the window", async || {
        Ok((!is_in_front()?).then_some(()))
    })
    .await?;

    let began = Instant::now();
    let second = start_again(&desk)?.wait_with_output()?;
    let took = began.elapsed();
    refused(&desk, &second)?;
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    until(START, "the window in front", async || {
        Ok(is_in_front()?.then_some(()))
    })
    .await?;

    let many: Vec<_> = (0..12).map(|_| start_again(&desk)).collect::<Result<_, _>>()?;
    for one in many {
        refused(&desk, &one.wait_with_output()?)?;
    }
    first.still_running()
}

#[tokio::test]
async fn closing_the_window_ends_console_and_plant() -> anyhow::Result<()> {
    let mut desk = Desk::new().await?;
    let first = running(&mut desk).await?;
    let closed = Command::new(X_WINDOWS).args(["close", "Andon"]).status()?;
    anyhow::ensure!(closed.success(), "the window could not be asked to close");
    ends_cleanly(&desk, first).await
}

#[tokio::test]
async fn a_signal_to_end_is_met_like_a_closed_window() -> anyhow::Result<()> {
    for signal in ["TERM", "INT"] {
        let mut desk = Desk::new().await?;
        let first = running(&mut desk).await?;
        first.signal(signal)?;
        ends_cleanly(&desk, first).await?;
    }
    Ok(())
}

/// A window with a request that an agent waits for: the hardest moment to end.
async fn running(desk: &mut Desk) -> anyhow::Result<Guarded> {
    let first = desk.start()?;
    desk.notified("HIGH").await?;
    until(START, "the window on the screen", async || {
        Ok(titles()?.contains(&"Andon".to_owned()).then_some(()))
    })
    .await?;
    assert!(
        desk.data().join("console.json").exists(),
        "the console says where it is"
    );
    Ok(first)
}

async fn ends_cleanly(desk: &Desk, mut window: Guarded) -> anyhow::Result<()> {
    let status = window.ended(END).await?;
    assert!(status.success(), "{status}");
    assert!(
        !desk.data().join("console.json").exists(),
        "nobody is sent to a console that is gone"
    );
    let plant = format!("/proc/{}", desk.plant_pid()?);
    until(END, "the plant's end", async || {
        Ok((!std::path::Path::new(&plant).exists()).then_some(()))
    })
    .await?;
    let log = desk.log();
    assert!(!log.contains("did not end in time"), "{log}");
    assert!(!log.contains("a task ended unexpectedly"), "{log}");
    Ok(())
}

fn start_again(desk: &Desk) -> anyhow::Result<std::process::Child> {
    let child = Command::new(program("andon")?)
        .args(desk.args())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    Ok(child)
}

/// Ended with the code for a folder that is held, and says which.
fn refused(desk: &Desk, output: &Output) -> anyhow::Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.code() == Some(3), "{}: {said}", output.status);
    anyhow::ensure!(said.contains(&desk.data().display().to_string()), "{said}");
    Ok(())
}

/// A window over everything, until dropped.
fn cover() -> anyhow::Result<Guarded> {
    let mut cover = Guarded::spawn(X_WINDOWS, |command| {
        command.arg("cover").stdout(Stdio::piped());
    })?;
    let mut word = [0; 5];
    cover
        .output()
        .context("no output")?
        .read_exact(&mut word)
        .context("no cover")?;
    Ok(cover)
}

fn is_in_front() -> anyhow::Result<bool> {
    let titles = titles()?;
    let at = |title: &str| titles.iter().position(|one| one == title);
    let window = at("Andon").context("the window is gone")?;
    Ok(at("cover").is_none_or(|cover| window < cover))
}

/// Titles of the screen's windows, the topmost first.
fn titles() -> anyhow::Result<Vec<String>> {
    let listed = Command::new(X_WINDOWS).arg("list").output()?;
    anyhow::ensure!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    Ok(String::from_utf8_lossy(&listed.stdout)
        .lines()
        .map(str::to_owned)
        .collect())
}
