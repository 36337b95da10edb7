//! A plan for every field of the spec: what a user may write there, and what becomes of it.

mod api;
mod cache;
mod consumers;
mod routes;

pub use api::{adoption, api, policies};
pub use cache::{cache, credentials, network};
pub use consumers::bindings;
pub use routes::{back_ends, caching, parameters, routes, sources};

use serde_json::Value;

use crate::places::put;

/// What becomes of an edit.
#[derive(Clone, Copy, Debug)]
pub enum Expect {
    /// The world is that of somebody who wrote this at once.
    Done,
    /// The same, but for differences in which this text is.
    DoneBut(&'static str),
    /// The API server refuses it, saying this.
    Refused(&'static str),
    /// The operator says this, and changes nothing.
    Mistaken(&'static str),
    /// It is accepted, and nothing changes.
    Kept,
}

/// An edit of a spec.
pub type Edit = Box<dyn Fn(&mut Value) + Send + Sync>;

/// What a user does to a field, one after the other.
pub struct Plan {
    /// The field as the schema has it: `spec.routes[].path`.
    pub path: &'static str,
    /// The one that is edited: `spec.routes[0].path`.
    pub at: String,
    /// What the object has besides.
    pub on: Edit,
    pub edits: Vec<(Edit, Expect)>,
    /// What becomes of its removal; without it the schema says.
    pub removal: Option<Expect>,
    /// Whether it can be put back to what it was.
    pub returns: bool,
    /// Whether what is left after a deletion counts.
    pub deletes: bool,
}

impl Plan {
    fn at(mut self, at: &str) -> Self {
        at.clone_into(&mut self.at);
        self
    }

    fn on(mut self, on: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.on = Box::new(on);
        self
    }

    fn done(self, value: Value) -> Self {
        self.then(value, Expect::Done)
    }

    fn then(self, value: Value, expect: Expect) -> Self {
        let at = self.at.clone();
        self.by(move |spec| put(spec, &at, value.clone()), expect)
    }

    fn by(mut self, edit: impl Fn(&mut Value) + Send + Sync + 'static, expect: Expect) -> Self {
        self.edits.push((Box::new(edit), expect));
        self
    }

    fn gone(mut self, expect: Expect) -> Self {
        self.removal = Some(expect);
        self
    }

    fn one_way(mut self) -> Self {
        self.returns = false;
        self
    }

    fn deletes(mut self) -> Self {
        self.deletes = true;
        self
    }
}

fn plan(path: &'static str) -> Plan {
    Plan {
        path,
        at: path.replace("[]", "[0]").replace("{}", ".colour"),
        on: Box::new(|_| {}),
        edits: Vec::new(),
        removal: None,
        returns: true,
        deletes: false,
    }
}

/// All of them.
pub fn plans() -> Vec<Plan> {
    let all = [
        api(),
        adoption(),
        bindings(),
        cache(),
        network(),
        credentials(),
        policies(),
        routes(),
        caching(),
        back_ends(),
        parameters(),
        sources(),
    ];
    all.into_iter().flatten().collect()
}
