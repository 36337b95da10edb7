//! AWS Query: a form in, XML out.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value};

use crate::AwsError;
use crate::call::Params;

pub(super) fn parse(request: &Request<Bytes>) -> Result<(String, Params), AwsError> {
    let raw = request.body().clone();
    let form = if raw.is_empty() {
        request.uri().query().unwrap_or("").as_bytes()
    } else {
        &raw
    };
    let mut root = Node::default();
    for (name, value) in form_urlencoded::parse(form) {
        root.insert(&name, value.into_owned());
    }
    root.children.remove("Version");
    let operation = root.children.remove("Action").and_then(|node| node.value);
    let operation = operation
        .ok_or_else(|| AwsError::bad_request("MissingAction", "the form has no Action"))?;
    let body = Value::Object(root.into_object());
    Ok((
        operation,
        Params {
            body,
            raw,
            ..Params::default()
        },
    ))
}

/// A form field's name is a path in a tree; leaves are values.
#[derive(Debug, Default)]
struct Node {
    value: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn insert(&mut self, name: &str, value: String) {
        match name.split_once('.') {
            Some((first, rest)) => self
                .children
                .entry(first.to_owned())
                .or_default()
                .insert(rest, value),
            None => self.children.entry(name.to_owned()).or_default().value = Some(value),
        }
    }

    fn into_object(self) -> Map<String, Value> {
        self.children
            .into_iter()
            .map(|(name, node)| (name, node.into_value()))
            .collect()
    }

    /// A list is either numbered (`Ids.1`) or has one level between (`Ids.member.1`).
    fn into_value(mut self) -> Value {
        if self.children.is_empty() {
            return Value::String(self.value.unwrap_or_default());
        }
        if self.is_numbered() {
            return self.into_list();
        }
        if self.children.len() == 1
            && let Some(only) = self
                .children
                .first_entry()
                .filter(|only| only.get().is_numbered())
        {
            return only.remove().into_list();
        }
        Value::Object(self.into_object())
    }

    fn is_numbered(&self) -> bool {
        !self.children.is_empty() && self.children.keys().all(|key| key.parse::<u32>().is_ok())
    }

    fn into_list(self) -> Value {
        let mut items: Vec<(u32, Node)> = self
            .children
            .into_iter()
            .filter_map(|(key, node)| Some((key.parse().ok()?, node)))
            .collect();
        items.sort_by_key(|(number, _)| *number);
        items
            .into_iter()
            .map(|(_, node)| node.into_value())
            .collect()
    }
}

/// The XML of a successful reply.
pub(super) fn reply(namespace: &str, operation: &str, request_id: &str, result: &Value) -> String {
    let mut xml = format!("<{operation}Response xmlns=\"{namespace}\">");
    write_element(&mut xml, &format!("{operation}Result"), result);
    write_element(
        &mut xml,
        "ResponseMetadata",
        &serde_json::json!({ "RequestId": request_id }),
    );
    xml + &format!("</{operation}Response>")
}

/// The XML of an error.
pub(super) fn error(namespace: &str, request_id: &str, error: &AwsError) -> String {
    let kind = if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    let mut xml = format!("<ErrorResponse xmlns=\"{namespace}\">");
    write_element(
        &mut xml,
        "Error",
        &serde_json::json!({ "Type": kind, "Code": error.code, "Message": error.message }),
    );
    write_element(&mut xml, "RequestId", &Value::String(request_id.to_owned()));
    xml + "</ErrorResponse>"
}

fn write_element(xml: &mut String, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| write_element(xml, name, item)),
        Value::Object(fields) => write_tagged(xml, name, |xml| {
            fields
                .iter()
                .for_each(|(name, value)| write_element(xml, name, value));
        }),
        Value::String(text) => write_tagged(xml, name, |xml| xml.push_str(&escape(text))),
        Value::Bool(_) | Value::Number(_) => {
            write_tagged(xml, name, |xml| xml.push_str(&value.to_string()));
        }
    }
}

fn write_tagged(xml: &mut String, name: &str, write_content: impl FnOnce(&mut String)) {
    xml.extend(["<", name, ">"]);
    write_content(xml);
    xml.extend(["</", name, ">"]);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\r', "&#13;")
}

#[cfg(test)]
mod tests;
