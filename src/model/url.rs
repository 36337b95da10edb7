//! URLs of back ends, as API Gateway takes them.

/// Longest host name, and longest part of one between dots.
const LONGEST: (usize, usize) = (253, 63);

/// What is wrong with the URL of a back end, if something is.
pub(super) fn problem(url: &str) -> Option<&'static str> {
    let Some(rest) = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))
    else {
        return Some("must start with https:// or http://");
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = authority
        .split_once(':')
        .map_or((authority, None), |(host, port)| (host, Some(port)));
    if host.len() > LONGEST.0 || !host.split('.').all(is_label) {
        return Some(
            "has no valid host: its parts, between dots, have 1 to 63 letters, digits and inner hyphens",
        );
    }
    if port.is_some_and(|port| !port.parse().is_ok_and(|port: u16| port > 0)) {
        return Some("has no valid port: 1 to 65535");
    }
    if !is_balanced(path) {
        return Some("has a brace on its own; a parameter of the route's path is written {name}");
    }
    if path.contains("+}") {
        return Some("names a parameter with +; a URL has {name} for what the path has as {name+}");
    }
    if !path.split('%').skip(1).all(is_escape) {
        return Some("has a % without two hexadecimal digits behind it; %25 stands for the sign");
    }
    None
}

fn is_label(label: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=LONGEST.1).contains(&label.len())
        && label.chars().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether each brace that opens is closed before the next one opens.
fn is_balanced(path: &str) -> bool {
    let mut open = false;
    for c in path.chars() {
        match c {
            '{' if open => return false,
            '}' if !open => return false,
            '{' | '}' => open = !open,
            _ => {}
        }
    }
    !open
}

fn is_escape(text: &str) -> bool {
    text.len() >= 2 && text.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_api_gateway_takes_is_taken() {
        for url in [
            "https://orders.example.com",
            "http://10.0.0.1:8080/",
            "https://a-b.example:65535/v1/{id}/x;y=%20,z(1)",
            "https://x/{a}/{b}",
        ] {
            assert_eq!(problem(url), None, "{url}");
        }
    }

    #[test]
    fn what_it_refuses_is_refused_before_anything_is_made() {
        for (url, part) in [
            ("ftp://x", "https://"),
            ("https://", "host"),
            ("https:///x", "host"),
            ("https://a..b/", "host"),
            ("https://-a/", "host"),
            ("https://a_b/", "host"),
            ("https://user@a/", "host"),
            ("https://a:0/", "port"),
            ("https://a:65536/", "port"),
            ("https://a:/", "port"),
            ("https://a/{id", "brace"),
            ("https://a/id}", "brace"),
            ("https://a/{{id}}", "brace"),
            ("https://a/{rest+}", "{name+}"),
            ("https://a/50%", "%25"),
            ("https://a/%zz", "%25"),
        ] {
            let found = problem(url).unwrap_or_default();
            assert!(found.contains(part), "{url}: {found}");
        }
        assert!(problem(&format!("https://{}/", "a".repeat(64))).is_some());
        assert!(problem(&format!("https://{}a/", "a.".repeat(127))).is_some());
    }
}
