//! What was run and what came of it: one table for all tests of a process, written anew after each (`make sim` prints it).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, path::Path};

use super::run::{Convergence, Outcome};

/// Violations that are kept with their logs: the first tell enough.
const KEPT: usize = 3;
/// Runs after which it is said how far it is.
const STEP: usize = 500;

/// Runs of a kind.
#[derive(Clone, Debug, Default)]
struct Figures {
    /// Calls in which something could have happened, where it is to happen in all.
    points: usize,
    runs: usize,
    /// Faults that met a call.
    met: usize,
    violated: usize,
    /// The most reconciles that it took after the last fault.
    most: Option<Convergence>,
    took: Duration,
}

static ALL: Mutex<BTreeMap<&'static str, Figures>> = Mutex::new(BTreeMap::new());

/// Runs of a kind that a test does.
pub struct Tally {
    kind: &'static str,
    what: String,
    figures: Figures,
    failures: Vec<String>,
    began: Instant,
}

impl Tally {
    /// Runs of this `kind`, a line of the table; `what` is what the test runs of it.
    pub fn of(kind: &'static str, what: String) -> Self {
        Self {
            kind,
            what,
            figures: Figures::default(),
            failures: Vec::new(),
            began: Instant::now(),
        }
    }

    /// A run was to meet one fault, in a place of its own.
    pub fn add_point(&mut self, run: &str, outcome: &Outcome) {
        self.figures.points += 1;
        self.add(run, outcome);
        if outcome.met != 1 {
            self.fail(format!("{run}: {} faults are met", outcome.met));
        }
    }

    /// A run.
    pub fn add(&mut self, run: &str, outcome: &Outcome) {
        let figures = &mut self.figures;
        figures.runs += 1;
        figures.met += outcome.met;
        figures.most = figures.most.max(outcome.convergence);
        if !outcome.violations.is_empty() {
            figures.violated += 1;
            let (violations, log) = (&outcome.violations, &outcome.log);
            let text = format!("{run}: {violations:#?} {log:#?}");
            self.fail(text);
        }
        if self.figures.runs.is_multiple_of(STEP) {
            let (what, line) = (&self.what, self.figures.line());
            println!("{what}: {line}");
        }
    }

    fn fail(&mut self, text: String) {
        let line = text.lines().take(2).collect::<String>();
        println!("VIOLATED {line}");
        if self.failures.len() < KEPT {
            self.failures.push(text);
        }
    }

    /// All runs are done.
    ///
    /// # Panics
    /// If something was violated.
    pub fn end(mut self) {
        self.figures.took = self.began.elapsed();
        println!("{}: {}", self.what, self.figures.line());
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(self.kind).or_default().add(&self.figures);
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("simulation.md");
        fs::write(file, table(&all)).unwrap();
        drop(all);
        assert!(self.failures.is_empty(), "{}", self.failures.join("\n"));
    }
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.points += other.points;
        self.runs += other.runs;
        self.met += other.met;
        self.violated += other.violated;
        self.most = self.most.max(other.most);
        self.took += other.took;
    }

    /// Its cells of the table.
    fn line(&self) -> String {
        let covered = match self.points {
            0 => "-".to_owned(),
            points => format!("{} %", 100 * self.met / points),
        };
        let most = self.most.map_or("-".to_owned(), |most| {
            format!("{} of {}", most.reconciles, most.allowed)
        });
        let Self {
            runs,
            met,
            violated,
            took,
            ..
        } = self;
        let seconds = took.as_secs();
        format!("{runs} | {met} | {covered} | {violated} | {most} | {seconds} s")
    }
}

fn table(all: &BTreeMap<&'static str, Figures>) -> String {
    let mut table = "| kind | runs | faults met | of all places | violated | most reconciles after the last fault | time |\n|---|---|---|---|---|---|---|\n".to_owned();
    let mut sum = Figures::default();
    for (kind, figures) in all {
        writeln!(table, "| {kind} | {} |", figures.line()).unwrap();
        sum.add(figures);
    }
    sum.points = 0;
    writeln!(table, "| all | {} |", sum.line()).unwrap();
    table
}
