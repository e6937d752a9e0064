//! Child processes that never outlive a test: dropped, panicked or killed, the test takes them along.
//! Which programs the tests start is decided by the other files here.

use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

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
