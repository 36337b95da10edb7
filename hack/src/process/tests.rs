use std::process::{Command, Stdio};

use super::*;

fn place(lifetime: Lifetime) -> (tempfile::TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place {
        folder: folder.path().to_owned(),
        lifetime,
    };
    (folder, place)
}

fn shell(script: &str, stop: Stop) -> Launch {
    Launch {
        name: "shell",
        program: "sh".into(),
        args: vec!["-c".into(), script.into()],
        env: Vec::new(),
        stop,
    }
}

fn log_says<'a>(process: &Process, word: &'a str) -> impl FnMut() -> Result<Seen<()>> + use<'a> {
    let log = process.log().to_owned();
    move || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        Ok(if text.contains(word) {
            Seen::Done(())
        } else {
            Seen::NotYet(text)
        })
    }
}

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_graceful_stop_lets_the_program_finish() {
    let (_folder, place) = place(Lifetime::WithParent);
    let script = "trap 'echo finished; exit' TERM; echo started; while :; do sleep 0.05; done";
    let mut process = place.start(shell(script, Stop::Gracefully)).unwrap();
    let started = log_says(&process, "started");
    process.wait_until("the start", SOON, started).unwrap();
    process.stop().unwrap();
    assert!(
        fs::read_to_string(process.log())
            .unwrap()
            .contains("finished")
    );
}

#[test]
fn what_a_program_started_is_stopped_with_it() {
    let (_folder, place) = place(Lifetime::WithParent);
    let mut process = place
        .start(shell("sleep 1000 & echo child $!; wait", Stop::AtOnce))
        .unwrap();
    let child = log_says(&process, "child");
    process.wait_until("the child", SOON, child).unwrap();
    let text = fs::read_to_string(process.log()).unwrap();
    let grandchild: u32 = text.trim().strip_prefix("child ").unwrap().parse().unwrap();
    assert!(is_alive(grandchild));
    process.stop().unwrap();
    wait::until("the end of the grandchild", SOON, || {
        Ok(if is_alive(grandchild) {
            Seen::NotYet(String::new())
        } else {
            Seen::Done(())
        })
    })
    .unwrap();
}

#[test]
fn an_early_end_shows_the_last_lines_of_the_log() {
    let (_folder, place) = place(Lifetime::WithParent);
    let mut process = place
        .start(shell("echo no such flag; exit 2", Stop::AtOnce))
        .unwrap();
    let never = || Ok(Seen::NotYet(String::new()));
    let error = process
        .wait_until("readiness", SOON, never)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("shell ended (exit status: 2)") && error.ends_with("no such flag"),
        "{error}"
    );
}

#[test]
fn a_detached_program_outlives_its_handle_and_is_stopped_by_its_record() {
    let (folder, place) = place(Lifetime::Detached);
    let process = place
        .start(shell("while :; do sleep 0.05; done", Stop::Gracefully))
        .unwrap();
    let pid = process.pid();
    process.leave_running();
    let records = Record::read_all(&folder.path().join("run")).unwrap();
    assert!(records.len() == 1 && records[0].pid == pid && records[0].is_running());
    records[0].stop().unwrap();
    assert!(!records[0].is_running());
}

/// Set in the process that plays the parent, to the folder it uses.
const PARENT: &str = "CACHEDAPI_TEST_PARENT";

/// Not a test by itself: [`programs_end_with_their_killed_parent`] runs it as another process.
#[test]
fn a_parent_that_waits_to_be_killed() {
    let Some(folder) = std::env::var_os(PARENT) else {
        return;
    };
    let place = Place {
        folder: folder.into(),
        lifetime: Lifetime::WithParent,
    };
    // From a thread that ends at once, as a test's does: the program must outlive it.
    let started =
        std::thread::spawn(move || place.start(shell("sleep 1000", Stop::AtOnce)).unwrap());
    let mut process = started.join().unwrap();
    process
        .wait_until("the end of this process", Duration::from_mins(1), || {
            Ok(Seen::NotYet(String::new()))
        })
        .unwrap();
}

#[test]
fn programs_end_with_their_killed_parent() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "process::tests::a_parent_that_waits_to_be_killed",
        ])
        .env(PARENT, folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let record = wait::until("the program", SOON, || {
        // A record that is being written cannot be read yet.
        let records = Record::read_all(&run).unwrap_or_default();
        Ok(records
            .into_iter()
            .next()
            .map_or_else(|| Seen::NotYet("no record".to_owned()), Seen::Done))
    })
    .unwrap();
    assert!(record.is_running());
    parent.kill().unwrap();
    parent.wait().unwrap();
    let ended = || {
        Ok(if record.is_running() {
            Seen::NotYet("running".to_owned())
        } else {
            Seen::Done(())
        })
    };
    wait::until("its end", SOON, ended).unwrap();
}

fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}
