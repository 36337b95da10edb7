//! One thread that forks every child.

use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::{Error, Result, command};

type Answer = Sender<Result<Child>>;

/// Starts `command` from a thread that lives as long as this process.
///
/// The kernel's parent-death signal is sent when the *thread* that forked ends (prctl(2), `PR_SET_PDEATHSIG`), and
/// each test has a thread of its own.
pub(super) fn spawn(command: Command) -> Result<Child> {
    static REQUESTS: OnceLock<Sender<(Command, Answer)>> = OnceLock::new();
    let requests = REQUESTS.get_or_init(|| {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || serve(&receiver));
        sender
    });
    let gone = || Error::Unexpected("the thread that starts programs has ended".to_owned());
    let (answer, child) = mpsc::channel();
    requests.send((command, answer)).map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}

fn serve(requests: &Receiver<(Command, Answer)>) {
    for (mut command, answer) in requests {
        let child = command
            .spawn()
            .map_err(|source| command::start_error(&command, source));
        // Whoever asked waits for the answer; were it gone, there would be nobody to tell.
        answer.send(child).ok();
    }
}
