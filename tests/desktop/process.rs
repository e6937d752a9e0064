//! Child processes that never outlive a test: dropped, panicked or killed, the test takes them along.
//! Which programs the tests start is decided by the other files here.

use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;

use crate::webdriver::until;

/// A running program with everything it starts in its process group.
pub(crate) struct Guarded {
    child: Child,
    name: String,
}

impl Guarded {
    /// Starts the program in a process group of its own. The kernel ends it when this test's thread ends.
    pub(crate) fn spawn(program: &str, set_up: impl FnOnce(&mut Command)) -> anyhow::Result<Self> {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--", program])
            .stdin(Stdio::null());
        set_up(&mut command);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command
            .spawn()
            .with_context(|| format!("could not start: {program}"))?;
        Ok(Self {
            child,
            name: program.to_owned(),
        })
    }

    /// Fails when the program has ended by itself.
    pub(crate) fn still_running(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => anyhow::bail!("{} ended early: {status}", self.name),
        }
    }

    /// Its standard output, when it was piped.
    pub(crate) fn output(&mut self) -> Option<&mut ChildStdout> {
        self.child.stdout.as_mut()
    }

    /// Sends a signal by name to the program alone.
    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()?;
        anyhow::ensure!(sent.success(), "{} could not be sent {name}", self.name);
        Ok(())
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(&mut self, at_most: Duration) -> anyhow::Result<ExitStatus> {
        let what = format!("the end of {}", self.name);
        until(at_most, &what, async || Ok(self.child.try_wait()?)).await
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The group is named by its first process, which we have not reaped yet: the number is still ours.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill")
            .args(["-KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.child.wait();
    }
}
