//! `GetRandomPassword`.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::refusal;
use crate::world::Regional;
use crate::{AwsError, Call, Ids};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the fields of the API")]
struct GetRandomPassword {
    password_length: Option<usize>,
    #[serde(default)]
    exclude_characters: String,
    #[serde(default)]
    exclude_numbers: bool,
    #[serde(default)]
    exclude_punctuation: bool,
    #[serde(default)]
    exclude_uppercase: bool,
    #[serde(default)]
    exclude_lowercase: bool,
    #[serde(default)]
    include_space: bool,
    require_each_included_type: Option<bool>,
}

pub(super) fn get_random_password(call: &Call, place: &mut Regional) -> Result<Json, AwsError> {
    let input: GetRandomPassword = call.input()?;
    let length = input.password_length.unwrap_or(32);
    let types = input.types();
    let each = input.require_each_included_type.unwrap_or(true);
    if !(1..=4096).contains(&length) || (each && length < types.len()) {
        return Err(refusal::invalid_parameter(
            "The PasswordLength value does not fit.",
        ));
    }
    if types.iter().any(Vec::is_empty) || types.is_empty() {
        return Err(refusal::invalid_parameter(
            "The excluded characters leave none to choose from.",
        ));
    }
    Ok(json!({ "RandomPassword": draw(&types, length, each, &mut place.ids) }))
}

impl GetRandomPassword {
    /// The characters of each included type.
    fn types(&self) -> Vec<Vec<u8>> {
        let all: [(bool, &[u8]); 5] = [
            (self.exclude_lowercase, b"abcdefghijklmnopqrstuvwxyz"),
            (self.exclude_uppercase, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            (self.exclude_numbers, b"0123456789"),
            (
                self.exclude_punctuation,
                b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
            ),
            (!self.include_space, b" "),
        ];
        let included = all.into_iter().filter(|(excluded, _)| !excluded);
        let allowed = |c: &u8| !self.exclude_characters.as_bytes().contains(c);
        included
            .map(|(_, characters)| characters.iter().copied().filter(allowed).collect())
            .collect()
    }
}

fn draw(types: &[Vec<u8>], length: usize, each: bool, ids: &mut Ids) -> String {
    let any = types.concat();
    let mut password = ids.text(&any, length).into_bytes();
    if each {
        // One place of its own for every type, anywhere.
        let mut places: Vec<usize> = (0..length).collect();
        for characters in types {
            let place = places.swap_remove(ids.below(places.len()));
            password[place] = characters[ids.below(characters.len())];
        }
    }
    password.into_iter().map(char::from).collect()
}
