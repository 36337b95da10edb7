//! A plan for every field of the spec: what a user may write there, and what becomes of it.

mod api;
mod cache;
mod consumers;
mod routes;

pub use api::{adoption, api, policies};
pub use cache::{cache, credentials};
pub use consumers::bindings;
pub use routes::{back_ends, parameters, routes};

use serde_json::{Value, json};

/// What becomes of an edit.
#[derive(Clone, Copy, Debug)]
pub enum Expect {
    /// The world is that of somebody who wrote this at once.
    Done,
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
        self.at = at.to_owned();
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

/// A field of the spec by its path (`spec.routes[0].path`), made where it is missing.
pub fn field<'a>(spec: &'a mut Value, path: &str) -> &'a mut Value {
    steps(path).fold(spec, |value, step| match step {
        Step::Item(index) => {
            let mut items = value.as_array().cloned().unwrap_or_default();
            items.resize(items.len().max(index + 1), json!({}));
            *value = items.into();
            &mut value[index]
        }
        Step::Name(name) => &mut value[name],
    })
}

/// Writes a field.
pub fn put(spec: &mut Value, path: &str, value: Value) {
    *field(spec, path) = value;
}

/// Takes a field out, if it is there.
pub fn take(spec: &mut Value, path: &str) {
    let (owner, last) = split(path);
    match (field(spec, &owner), last) {
        (Value::Array(items), Step::Item(index)) if index < items.len() => {
            drop(items.remove(index))
        }
        (Value::Object(fields), Step::Name(name)) => drop(fields.remove(&name)),
        _ => {}
    }
}

enum Step {
    Name(String),
    Item(usize),
}

fn steps(path: &str) -> impl Iterator<Item = Step> {
    let parts: Vec<String> = path
        .replace('[', ".[")
        .split('.')
        .skip(1)
        .map(str::to_owned)
        .collect();
    parts.into_iter().map(|part| {
        let index = part
            .strip_prefix('[')
            .and_then(|part| part.strip_suffix(']'));
        index.map_or_else(
            || Step::Name(part.clone()),
            |index| Step::Item(index.parse().unwrap()),
        )
    })
}

fn split(path: &str) -> (String, Step) {
    let end = path.rfind(['.', '[']).unwrap();
    let last = steps(&format!("spec{}", &path[end..])).next().unwrap();
    (path[..end].to_owned(), last)
}

/// All of them.
pub fn plans() -> Vec<Plan> {
    let all = [
        api(),
        adoption(),
        bindings(),
        cache(),
        credentials(),
        policies(),
        routes(),
        back_ends(),
        parameters(),
    ];
    all.into_iter().flatten().collect()
}
