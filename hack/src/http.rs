//! Requests to what listens on loopback.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::wait::Seen;
use crate::{Error, Result};

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// Body as text.
    pub body: String,
}

/// The state of a local AWS with a thousand objects fits in a few times.
const MOST: u64 = 256 * 1024 * 1024;

/// No proxy of the environment: everything here is on this machine.
fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)));
    ureq::Agent::new_with_config(config.build())
}

/// `DELETE url`.
pub fn delete(url: &str) -> Result<()> {
    agent()
        .delete(url)
        .call()
        .map(drop)
        .map_err(|error| Error::Unexpected(format!("DELETE {url}: {error}")))
}

/// `POST url` with a JSON body, which must be taken; the answer, if it is JSON.
pub fn post_json(url: &str, body: &Value) -> Result<Value> {
    sent("POST", url, agent().post(url).send_json(body))
}

/// `PUT url` with a JSON body, which must be taken.
pub fn put_json(url: &str, body: &Value) -> Result<()> {
    sent("PUT", url, agent().put(url).send_json(body)).map(drop)
}

fn sent(
    method: &str,
    url: &str,
    answer: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<Value> {
    let problem = match answer {
        Ok(mut answer) if answer.status().is_success() => {
            return Ok(answer.body_mut().read_json().unwrap_or_default());
        }
        Ok(answer) => format!("answered {}", answer.status()),
        Err(error) => error.to_string(),
    };
    Err(Error::Unexpected(format!("{method} {url}: {problem}")))
}

/// `GET url` with `headers`.
pub fn get(url: &str, headers: &[(&str, &str)]) -> Result<Response> {
    let agent = agent();
    let request = headers
        .iter()
        .fold(agent.get(url), |request, (name, value)| {
            request.header(*name, *value)
        });
    let failed = |error: ureq::Error| Error::Unexpected(format!("GET {url}: {error}"));
    let mut response = request.call().map_err(failed)?;
    let text =
        |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    let body = response.body_mut().with_config().limit(MOST);
    Ok(Response {
        status,
        headers,
        body: body.read_to_string().map_err(failed)?,
    })
}

/// `GET url`, which must answer 200 with JSON.
pub fn get_json(url: &str) -> Result<Value> {
    let response = get(url, &[])?;
    let parsed = serde_json::from_str(&response.body)
        .ok()
        .filter(|_| response.status == 200);
    parsed.ok_or_else(|| {
        Error::Unexpected(format!(
            "GET {url} answered {}: {}",
            response.status, response.body
        ))
    })
}

/// The path of `url`, from the first slash behind the host; empty where there is none.
#[must_use]
pub fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |start| &rest[start..])
}

/// For [`crate::wait::until`]: whether `url` answers 200.
#[must_use]
pub fn seen_ok(url: &str) -> Seen<()> {
    match get(url, &[]) {
        Ok(response) if response.status == 200 => Seen::Done(()),
        Ok(response) => Seen::NotYet(format!(
            "GET {url} answered {}: {}",
            response.status, response.body
        )),
        Err(error) => Seen::NotYet(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_url_begins_behind_its_host() {
        assert_eq!(
            path_of("https://orders.internal/orders/{id}"),
            "/orders/{id}"
        );
        assert_eq!(path_of("http://orders"), "");
    }
}
