//! Answers of AWS with something wrong in them: JSON and XML, changed where their structure is.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use crate::places::{places, take_at};
use crate::random::Random;

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It cannot be read: the end is missing, or something is of another type.
    Broken,
    /// It can be read, and is not true.
    Untrue,
}

/// `answer` with one thing `wrong`, and what that is.
pub fn alter(
    answer: Response<Bytes>,
    wrong: Wrong,
    random: &mut Random,
) -> (Response<Bytes>, String) {
    let (mut head, body) = answer.into_parts();
    let json = serde_json::from_slice::<Value>(&body);
    let text = String::from_utf8_lossy(&body);
    let (body, what) = match (wrong, json) {
        (Wrong::Broken, Ok(json)) if random.below(2) == 0 => mistyped(json, random),
        (Wrong::Broken, _) => (cut(&text, random), "cut".into()),
        (Wrong::Untrue, Ok(json)) => altered_json(json, random),
        (Wrong::Untrue, _) if text.contains("</") => altered_xml(&text, random),
        (Wrong::Untrue, _) => ("{}".into(), "something".into()),
    };
    head.headers.remove("content-length");
    (Response::from_parts(head, body.into()), what)
}

/// Not to nothing: that is an answer without anything in it, which is another one.
fn cut(text: &str, random: &mut Random) -> String {
    let length = text.chars().count();
    text.chars().take(1 + index(random, length)).collect()
}

/// One of the values, but an answer as a whole, has another type.
fn mistyped(mut json: Value, random: &mut Random) -> (String, String) {
    let places = places(&json);
    let place = places[index(random, places.len())].clone();
    let value = json.pointer_mut(&place).unwrap();
    let others = [json!("x"), json!(1), json!(true), json!([]), json!({})];
    let kind = std::mem::discriminant(&*value);
    let mut others = others
        .into_iter()
        .filter(|other| std::mem::discriminant(other) != kind);
    *value = others.nth(index(random, 4)).unwrap();
    (json.to_string(), format!("{place} of another type"))
}

fn index(random: &mut Random, end: usize) -> usize {
    usize::try_from(random.below(end.max(1) as u64)).unwrap()
}

fn altered_json(mut json: Value, random: &mut Random) -> (String, String) {
    let places = places(&json);
    let place = places[index(random, places.len())].clone();
    let value = json.pointer(&place).cloned().unwrap();
    let (new, what) = other_value(value, random);
    match new {
        Some(new) => *json.pointer_mut(&place).unwrap() = new,
        None if place.is_empty() => json = json!({}),
        None => take_at(&mut json, &place),
    }
    (json.to_string(), format!("{place} {what}"))
}

/// Another value; none: it is gone.
fn other_value(value: Value, random: &mut Random) -> (Option<Value>, &'static str) {
    match (random.below(4), value) {
        (0, _) => (None, "gone"),
        (1, _) => (Some(Value::Null), "null"),
        (_, Value::String(_)) => (Some("rethinking".into()), "unknown"),
        (_, Value::Number(_)) => {
            let huge = [
                json!(u64::MAX),
                json!(-1),
                json!(1e300),
                json!(253_402_300_800_u64),
            ];
            (Some(huge[index(random, 4)].clone()), "huge")
        }
        (3, Value::Array(mut items)) if !items.is_empty() => {
            let item = items[index(random, items.len())].clone();
            items.push(item);
            (Some(items.into()), "doubled")
        }
        (_, Value::Array(_)) => (Some(json!([])), "empty"),
        (3, Value::Object(_)) => (Some(json!({})), "empty"),
        (_, Value::Object(mut fields)) => {
            fields.insert("unheardOf".into(), json!({"a": [1, null]}));
            (Some(fields.into()), "with one more field")
        }
        (_, Value::Bool(yes)) => (Some((!yes).into()), "the other way"),
        (_, Value::Null) => (Some(json!("x")), "something"),
    }
}

/// An element of a text: where it begins, where its content does, where that ends, and where it ends.
struct Element {
    name: String,
    start: usize,
    content: usize,
    end_of_content: usize,
    end: usize,
}

fn elements(xml: &str) -> Vec<Element> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    for (start, _) in xml.match_indices('<') {
        let Some(length) = xml[start..].find('>') else {
            break;
        };
        let (tag, end) = (&xml[start + 1..start + length], start + length + 1);
        if let Some(name) = tag.strip_prefix('/') {
            let Some((content, begin)) = open.pop() else {
                break;
            };
            found.push(Element {
                name: name.to_owned(),
                start: begin,
                content,
                end_of_content: start,
                end,
            });
        } else if !tag.ends_with('/') && !tag.starts_with('?') {
            open.push((end, start));
        }
    }
    found
}

fn altered_xml(xml: &str, random: &mut Random) -> (String, String) {
    let elements = elements(xml);
    let element = &elements[index(random, elements.len())];
    let (before, after) = (&xml[..element.start], &xml[element.end..]);
    let content = &xml[element.content..element.end_of_content];
    let leaf = !content.contains('<');
    let within = |content: &str| {
        let (start, end) = (&xml[..element.content], &xml[element.end_of_content..]);
        format!("{start}{content}{end}")
    };
    let (xml, what) = match random.below(5) {
        0 => (format!("{before}{after}"), "gone"),
        1 => (within(""), "empty"),
        2 => {
            let whole = &xml[element.start..element.end];
            (format!("{before}{whole}{whole}{after}"), "doubled")
        }
        3 if leaf => (within("18446744073709551616"), "huge"),
        _ if leaf => (within("rethinking"), "unknown"),
        _ => (
            within(&format!(
                "{content}<UnheardOf><member>1</member></UnheardOf>"
            )),
            "with one more element",
        ),
    };
    (xml, format!("{} {what}", element.name))
}
