//! Objects from the schema: first one that the schema lets through, then some of its values replaced by others.

use std::sync::LazyLock;

use proptest::strategy::{Strategy, ValueTree};
use proptest::string::string_regex;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::places::{places, put, take};
use crate::random::Random;
use crate::schema::{OF_SPEC, bound, required};
use crate::shop;
use crate::texts::HOSTILE;
use crate::world::REGION;

/// Makes specs.
pub struct Generator {
    random: Random,
    texts: TestRunner,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        Self {
            random: Random::new(seed),
            texts: TestRunner::new_with_rng(Config::default(), rng),
        }
    }

    /// A spec.
    pub fn spec(mut self) -> Value {
        let mut spec = self.value(&OF_SPEC, "spec");
        if !self.one_in(8) {
            self.make_sensible(&mut spec);
        }
        let spoiled = [0, 0, 1, 1, 2, 4][self.below(6)];
        for _ in 0..spoiled {
            self.spoil(&mut spec);
        }
        spec
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.random.below(end as u64)).unwrap()
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.random.below(n) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// A value that the schema lets through; what an example has at `path` as often as another one.
    fn value(&mut self, schema: &Value, path: &str) -> Value {
        if let (true, Some(example)) = (self.one_in(2), example(schema, path)) {
            return example;
        }
        if let Some(values) = schema["enum"].as_array() {
            return self.pick(values);
        }
        match schema["type"].as_str().unwrap() {
            "string" => self.text(schema).into(),
            "integer" => self.number(schema),
            "boolean" => self.one_in(2).into(),
            "array" => self.list(schema, path),
            _ => self.fields(schema, path),
        }
    }

    fn text(&mut self, schema: &Value) -> String {
        let pattern = schema["pattern"].as_str().unwrap_or("^[a-z]{0,9}$");
        let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
        let texts = string_regex(pattern).unwrap();
        let longest = schema["maxLength"].as_u64().unwrap_or(64);
        for _ in 0..50 {
            let text = texts.new_tree(&mut self.texts).unwrap().current();
            if text.len() as u64 <= longest {
                return text;
            }
        }
        String::new()
    }

    fn number(&mut self, schema: &Value) -> Value {
        let (least, most) = (bound(schema, "minimum"), bound(schema, "maximum"));
        let range = u64::try_from(most - least).unwrap();
        let between = least + i64::try_from(self.random.below(range + 1)).unwrap();
        self.pick(&[least, most, between]).into()
    }

    fn list(&mut self, schema: &Value, path: &str) -> Value {
        let bound = |name: &str, or| usize::try_from(schema[name].as_u64().unwrap_or(or)).unwrap();
        let (least, most) = (bound("minItems", 0), bound("maxItems", 4));
        let most = most.min(match self.below(200) {
            0 => usize::MAX,
            1..10 => 24,
            _ => 3,
        });
        let count = least + self.below(most - least + 1);
        let path = format!("{path}[]");
        let items = (0..count).map(|_| self.value(&schema["items"], &path));
        let mut items: Value = items.collect();
        if schema["x-kubernetes-list-type"] == "set" {
            unite(&mut items, Value::to_string);
        }
        items
    }

    fn fields(&mut self, schema: &Value, path: &str) -> Value {
        let mut fields = Map::new();
        let union = union_of(schema);
        let chosen = (!union.is_empty()).then(|| self.pick(&union));
        let required = required(schema);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let present = if union.contains(name) {
                chosen.as_ref() == Some(name)
            } else {
                required.contains(name.as_str()) || self.one_in(2)
            };
            if present {
                let value = self.value(property, &format!("{path}.{name}"));
                fields.insert(name.clone(), value);
            }
        }
        let values = &schema["additionalProperties"];
        if values.is_object() {
            for _ in 0..self.below(3) {
                let name = format!("v{}", self.below(5));
                fields.insert(name, self.value(values, &format!("{path}{{}}")));
            }
        }
        fields.into()
    }

    /// Puts right most of what goes across fields, so that the API server accepts a good part of what is made.
    fn make_sensible(&mut self, spec: &mut Value) {
        put(spec, "spec.region", REGION.into());
        if spec["accountRef"].is_object() {
            put(spec, "spec.accountRef.name", "team".into());
        }
        let group = &mut spec["cache"]["replicationGroup"];
        group["engineVersion"] = self.pick(&["7.2", "8.0", "8.1"]).into();
        let key = json!({"name": "partner", "secret": {"name": "partner-key"}});
        spec["api"]["apiKeys"] = json!([key]);
        unite(&mut spec["bindings"], Value::to_string);
        let routes = spec["routes"].as_array_mut().unwrap();
        for (number, route) in routes.iter_mut().enumerate() {
            route["name"] = format!("r{number}").into();
            self.make_route_sensible(number, route);
        }
        unite(&mut spec["routes"], |route| {
            format!("{} {}", route["method"], route["path"])
        });
        self.make_credentials_sensible(spec);
        if spec["adopt"]
            .as_object()
            .is_some_and(|adopt| adopt.keys().all(|name| name == "mode"))
        {
            take(spec, "spec.adopt");
        }
        for place in places(spec) {
            let value = spec.pointer_mut(&place).unwrap();
            if let Some(arn) = value.as_str().and_then(in_region) {
                *value = arn.into();
            }
        }
    }

    fn make_credentials_sensible(&mut self, spec: &mut Value) {
        for way in ["password", "authToken"] {
            let Some(rotation) = spec["credentials"][way].as_object_mut() else {
                continue;
            };
            let every = self.pick(&["30d", "12h", "365d"]);
            let kept = self.pick(&["0s", "5m", "1h"]);
            rotation.insert("rotateEvery".into(), every.into());
            rotation.insert("clientCacheTtl".into(), kept.into());
            rotation.remove("grace");
        }
        if spec["credentials"]["authToken"].is_object() {
            put(spec, "spec.credentials.probe", "Login".into());
            take(spec, "spec.credentials.password");
            take(spec, "spec.credentials.iam");
        }
        without_nulls(spec);
    }

    fn make_route_sensible(&mut self, number: usize, route: &mut Value) {
        let fields = route.as_object_mut().unwrap();
        if fields["method"] != "GET" && fields["method"] != "HEAD" {
            fields.remove("cache");
        }
        if fields["backend"]["lambda"].is_object() {
            fields.remove("parameters");
        }
        // Routes that name a parameter in the same place by other names are refused.
        let path = fields["path"].as_str().unwrap_or_default();
        let path = format!("/{number}{}", path.trim_end_matches('/'));
        let is_public = fields["auth"]["public"].is_object();
        if let Some(cache) = fields.get_mut("cache").and_then(Value::as_object_mut) {
            cache.insert("ttl".into(), self.pick(&["0s", "60s", "1h"]).into());
            if is_public {
                cache.remove("scope");
            }
        }
        let parameters = fields.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let from = &mut parameter["from"];
            let unknown = from["path"]
                .as_str()
                .is_some_and(|name| !path.contains(&format!("{{{name}}}")));
            if unknown || from["context"].is_string() {
                *from = json!({"value": "1"});
            }
        }
        if let (false, Some(url)) = (self.one_in(4), fields["backend"]["http"]["url"].as_str()) {
            fields["backend"]["http"]["url"] = reachable(url, &path).into();
        }
        fields.insert("path".into(), path.into());
    }

    /// Replaces something in it.
    fn spoil(&mut self, spec: &mut Value) {
        let place = self.pick(&places(spec));
        let value = spec.pointer(&place).cloned().unwrap();
        let new = self.spoiled(&value);
        *spec.pointer_mut(&place).unwrap() = new;
    }

    fn spoiled(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) if !self.one_in(4) => self.spoiled_text(text),
            Value::Number(number) if !self.one_in(4) => {
                let number = number.as_i64().unwrap_or(0);
                self.pick(&[
                    json!(number.saturating_sub(1)),
                    json!(number.saturating_add(1)),
                    json!(number.saturating_neg()),
                    json!(0),
                    json!(u64::MAX),
                    json!(i64::MIN),
                    json!(1e308),
                    serde_json::from_str(&format!("{number}.0")).unwrap(),
                    serde_json::from_str(&format!("{number}.5")).unwrap(),
                ])
            }
            Value::Array(items) if !self.one_in(4) => self.spoiled_list(items),
            Value::Object(fields) if !self.one_in(4) => self.spoiled_fields(fields),
            _ => self.pick(&[
                json!(null),
                json!("x"),
                json!(1),
                json!(true),
                json!([]),
                json!({}),
                json!([null]),
            ]),
        }
    }

    fn spoiled_text(&mut self, text: &str) -> Value {
        let hostile = self.pick(&HOSTILE);
        let middle = text
            .char_indices()
            .nth(text.chars().count() / 2)
            .map_or(0, |(at, _)| at);
        let (start, end) = text.split_at(middle);
        let long = |length: usize| {
            let filler = "a".repeat(length.saturating_sub(text.len()));
            format!("{start}{filler}{end}")
        };
        let length = self.pick(&[
            8, 9, 32, 33, 64, 65, 128, 129, 250, 256, 257, 512, 513, 2048, 2049, 300_000,
        ]);
        let choices = [
            hostile.to_owned(),
            format!("{text}{hostile}"),
            format!("{hostile}{text}"),
            format!("{start}{hostile}{end}"),
            long(length),
            String::new(),
            text.to_uppercase(),
            format!("{start}.{end}"),
            format!("{start}%{end}"),
            format!("{start}{{{end}"),
            format!("{start}}}{end}"),
            format!("0{text}"),
        ];
        self.pick(&choices).into()
    }

    fn spoiled_list(&mut self, items: &[Value]) -> Value {
        let mut items = items.to_vec();
        match (self.below(4), items.first().cloned()) {
            (0, Some(first)) => items.push(first),
            (1, Some(first)) if first.to_string().len() < 2000 => items = vec![first; 301],
            (2, _) => items.push(Value::Null),
            _ => items.clear(),
        }
        items.into()
    }

    fn spoiled_fields(&mut self, fields: &Map<String, Value>) -> Value {
        let mut fields = fields.clone();
        let names: Vec<String> = fields.keys().cloned().collect();
        match (self.below(3), names.is_empty()) {
            (0, false) => drop(fields.remove(&self.pick(&names))),
            (1, false) => drop(fields.insert(self.pick(&names), Value::Null)),
            _ => drop(fields.insert(self.pick(&HOSTILE).into(), json!("kanarie"))),
        }
        fields.into()
    }
}

/// Names of the fields of which a rule wants exactly one.
fn union_of(schema: &Value) -> Vec<String> {
    let rules = schema["x-kubernetes-validations"].as_array();
    let rules = rules.into_iter().flatten();
    let mut texts = rules.filter_map(|rule| rule["rule"].as_str());
    let rule = texts.find(|rule| rule.ends_with("].filter(x, x).size() == 1"));
    rule.into_iter()
        .flat_map(|rule| rule.split("has(self.").skip(1))
        .filter_map(|part| part.split_once(')'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The shop's.
static EXAMPLE: LazyLock<Value> = LazyLock::new(shop::spec);

/// What the example has there, as far as that is no list or object that others are made in.
fn example(schema: &Value, path: &str) -> Option<Value> {
    let scalar = ["string", "integer"].contains(&schema["type"].as_str().unwrap());
    let mut found = Vec::new();
    examples(&EXAMPLE, "spec", path, &mut found);
    scalar.then(|| found.into_iter().next()).flatten()
}

fn examples(value: &Value, at: &str, wanted: &str, found: &mut Vec<Value>) {
    if at == wanted {
        found.push(value.clone());
    }
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| examples(value, &format!("{at}.{name}"), wanted, found)),
        Value::Array(items) => items
            .iter()
            .for_each(|item| examples(item, &format!("{at}[]"), wanted, found)),
        _ => {}
    }
}

/// Drops items that are alike.
fn unite(list: &mut Value, key: impl Fn(&Value) -> String) {
    let mut known = std::collections::BTreeSet::new();
    if let Some(items) = list.as_array_mut() {
        items.retain(|item| known.insert(key(item)));
    }
}

/// An ARN of the kind that is there, in the Region.
fn in_region(arn: &str) -> Option<String> {
    let mut parts = arn.strip_prefix("arn:")?.splitn(4, ':').skip(1);
    let (service, rest) = (parts.next()?, parts.nth(1)?);
    Some(format!("arn:aws:{service}:{REGION}:{rest}"))
}

/// A URL that API Gateway takes on a route with this path.
fn reachable(url: &str, path: &str) -> String {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let rest = rest.find('/').map_or("", |at| &rest[at..]);
    let rest = if rest.contains("{id}") && path.contains("{id}") {
        rest.to_owned()
    } else {
        rest.replace(['{', '}', '%'], "-")
    };
    format!("https://orders.example.com{rest}")
}

/// Looking for a field leaves null in its place.
fn without_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, value| !value.is_null());
    }
    let below: Vec<&mut Value> = match value {
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    };
    below.into_iter().for_each(without_nulls);
}
