//! A plant and a console on it, in a folder that is removed with them.

use std::ops::Deref;

use tempfile::TempDir;

use crate::console::{Console, Setup};
use crate::plant::Plant;

/// A plant and a console.
pub(crate) struct World {
    pub(crate) console: Console,
    pub(crate) plant: Plant,
    folder: TempDir,
}

impl World {
    /// A console that knows the plant by the documented environment names. One person: the first admin.
    pub(crate) async fn open() -> Self {
        Self::with(Setup::plant).await
    }

    /// The demo with its four people.
    pub(crate) async fn demo() -> Self {
        Self::with(Setup::demo).await
    }

    /// As the test sets it up; waits until people can decide.
    pub(crate) async fn with(set_up: impl FnOnce(Setup, &Plant) -> Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plant = Plant::start(folder.path()).await;
        let console = set_up(Setup::new(folder.path()), &plant).start().await;
        console.enrolled().await;
        Self {
            console,
            plant,
            folder,
        }
    }

    /// Its parts, for a test that starts the console anew.
    pub(crate) fn into_parts(self) -> (Console, Plant, TempDir) {
        (self.console, self.plant, self.folder)
    }

    /// The folder of this test.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Deref for World {
    type Target = Console;

    fn deref(&self) -> &Console {
        &self.console
    }
}
