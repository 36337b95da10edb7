//! What a guard is, and how it is taken out of a text.

/// Something that decides whether an external call happens.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// What it is, in a few words; the environment variable has them.
    pub name: &'static str,
    /// Where it stands, and where others stand that say the same.
    pub edits: &'static [Edit],
    /// What turns red without it.
    pub caught: Caught,
}

/// A test that turns red, and what it says then.
#[derive(Clone, Copy, Debug)]
pub struct Caught {
    /// Full name of the test, of the simulation.
    pub test: &'static str,
    /// What its output has, besides: an invariant, or a part of the assertion.
    pub says: &'static str,
}

/// A place in the code.
#[derive(Clone, Copy, Debug)]
pub struct Edit {
    pub file: &'static str,
    /// A text that occurs once. What stands in ⟦ and ⟧ is an expression: the guard.
    pub text: &'static str,
    /// The expression without the guard.
    pub without: &'static str,
}

impl Edit {
    /// `code` with the guard in it that can be removed, by its `name`.
    pub fn apply(&self, code: &str, name: &str) -> Result<String, String> {
        let (before, rest) = self.text.split_once('⟦').expect("a guard begins with ⟦");
        let (guard, after) = rest.split_once('⟧').expect("a guard ends with ⟧");
        let text = format!("{before}{guard}{after}");
        match code.matches(&text).count() {
            1 => {}
            0 => return Err(format!("there is no {text:?}")),
            more => return Err(format!("there are {more} of {text:?}")),
        }
        let without = self.without;
        let both = format!(
            "{before}(if crate::guard_is_removed({name:?}) {{ {without} }} else {{ {guard} }}){after}"
        );
        Ok(code.replace(&text, &both))
    }
}
