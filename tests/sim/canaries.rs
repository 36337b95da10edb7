//! Secret values, and how they could be told.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;

use crate::world::World;

use super::facts::decode;

/// Characters of a value, in whatever form, that must not be told in a row.
const LENGTH: usize = 12;

/// Every secret value there was.
#[derive(Default)]
pub struct Canaries {
    values: BTreeSet<String>,
    /// All that must not be told.
    parts: HashSet<[u8; LENGTH]>,
    /// Whether one of them begins with these three bytes: most texts are looked at no closer.
    beginnings: Vec<bool>,
}

impl Canaries {
    /// Takes in what AWS and the API server hold now: passwords, tokens and API keys.
    pub fn collect(&mut self, world: &World, place: &Value) {
        let secrets = place["secretsmanager"]["secrets"].as_object();
        let secrets = secrets.into_iter().flatten();
        for (_, secret) in secrets {
            let versions = secret["versions"].as_object();
            for (_, version) in versions.into_iter().flatten() {
                let text = version["value"]["string"].as_str().unwrap_or_default();
                let value: Value = serde_json::from_str(text).unwrap_or_default();
                self.take(value["password"].as_str());
            }
        }
        let keys = place["apigateway"]["keys"].as_object();
        for (_, key) in keys.into_iter().flatten() {
            self.take(key["value"].as_str());
        }
        for secret in world.kube.objects("secrets") {
            for key in ["password", "previousPassword", "apiKey"] {
                self.take(decode(&secret["data"][key]).as_deref());
            }
        }
    }

    fn take(&mut self, value: Option<&str>) {
        let Some(value) = value.filter(|value| value.len() >= LENGTH) else {
            return;
        };
        if !self.values.insert(value.to_owned()) {
            return;
        }
        if self.beginnings.is_empty() {
            // Unlike `resize`, this asks for memory that is zero already, of which little is ever touched.
            self.beginnings = vec![false; 1 << 24];
        }
        for form in forms(value) {
            for part in form.as_bytes().windows(LENGTH) {
                self.parts.insert(part.try_into().unwrap());
                self.beginnings[beginning(part)] = true;
            }
        }
    }

    /// How many values there were.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// Whether `text` tells any of them, in any form, or a part.
    pub fn is_in(&self, text: &str) -> bool {
        let mut parts = text.as_bytes().windows(LENGTH);
        !self.values.is_empty()
            && parts.any(|part| self.beginnings[beginning(part)] && self.parts.contains(part))
    }
}

/// The first three bytes as a number.
fn beginning(part: &[u8]) -> usize {
    let bytes = part[..3].iter();
    bytes.fold(0, |number, byte| (number << 8) | usize::from(*byte))
}

/// The ways to write `value`. Within a longer text its base64 begins at any of three places.
pub fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned(), Value::from(value).to_string()];
    for engine in [STANDARD, URL_SAFE] {
        for before in 0..3 {
            let text = [&vec![0; before], value.as_bytes()].concat();
            let encoded = engine.encode(text);
            // The first characters are those of what comes before as well, and the last ones of what comes after.
            let inner = &encoded[if before == 0 { 0 } else { 4 }..encoded.len() - 4];
            forms.push(inner.to_owned());
        }
    }
    let (mut lower, mut upper, mut percent) = (String::new(), String::new(), String::new());
    for byte in value.bytes() {
        write!(lower, "{byte:02x}").unwrap();
        write!(upper, "{byte:02X}").unwrap();
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            percent.push(byte.into());
        } else {
            write!(percent, "%{byte:02X}").unwrap();
        }
    }
    forms.extend([lower, upper, percent]);
    forms
}
