//! As much of HTTP/1.1 as it takes to tell messages apart, and what AWS is asked for.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::wire::Call;

/// Reads messages one after the other. Their bodies have a `Content-Length`, or are empty.
pub struct Reader<R> {
    from: R,
    /// What was read and belongs to the next message.
    rest: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub fn new(from: R) -> Self {
        Self {
            from,
            rest: Vec::new(),
        }
    }

    /// The next message as it came; none if there is no more.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(length) = length(&self.rest)?
                && self.rest.len() >= length
            {
                let rest = self.rest.split_off(length);
                return Ok(Some(std::mem::replace(&mut self.rest, rest)));
            }
            if self.from.read_buf(&mut self.rest).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// The length of the message that begins here, with its body; none while its head is not complete.
fn length(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    if header(&head, "transfer-encoding").is_some() {
        return Err(io::Error::other("a body in chunks is not understood"));
    }
    let body = header(&head, "content-length").map_or(Ok(0), str::parse::<usize>);
    let body = body.map_err(io::Error::other)?;
    Ok(Some(end + 4 + body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let mut values = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.trim())
}

/// What `request` asks for.
pub fn call(request: &[u8]) -> Call {
    let text = String::from_utf8_lossy(request);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let service = service(head);
    // The JSON protocols name the operation in a header, the query protocol in its form, and REST has a method and a path.
    let target = header(head, "x-amz-target").and_then(|target| target.split('.').nth(1));
    let action = || {
        body.split('&')
            .find_map(|field| field.strip_prefix("Action="))
    };
    if let Some(operation) = target.or_else(action) {
        let reads = ["Get", "Describe", "List"];
        return Call {
            operation: format!("{service}:{operation}"),
            is_write: !reads.iter().any(|verb| operation.starts_with(verb)),
        };
    }
    let mut line = head.split([' ', '?', '\r']);
    let (method, path) = (line.next().unwrap_or_default(), line.next());
    Call {
        operation: format!("{service}:{method} {}", path.unwrap_or_default()),
        is_write: method != "GET",
    }
}

/// The service of the credential's scope: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
fn service(head: &str) -> &str {
    let signature = header(head, "authorization").unwrap_or_default();
    signature.split('/').nth(3).unwrap_or_default()
}

#[test]
fn messages_that_come_in_any_pieces_are_told_apart() {
    let one = b"POST /restapis HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc";
    let two = b"GET /restapis HTTP/1.1\r\n\r\n";
    let both = [&one[..], two].concat();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for cut in 0..both.len() {
        let (first, second) = both.split_at(cut);
        let mut reader = Reader::new(first.chain(second));
        let mut next = || runtime.block_on(reader.next()).unwrap();
        let found = (next(), next(), next());
        assert_eq!(found, (Some(one.to_vec()), Some(two.to_vec()), None));
    }
}

#[test]
fn an_operation_is_named_whatever_the_protocol() {
    let scope = |service: &str| {
        format!(
            "Authorization: AWS4-HMAC-SHA256 Credential=1/20261129/eu-west-1/{service}/aws4_request"
        )
    };
    for (request, operation, is_write) in [
        (
            format!(
                "POST / HTTP/1.1\r\n{}\r\nX-Amz-Target: secretsmanager.CreateSecret\r\n\r\n{{}}",
                scope("secretsmanager")
            ),
            "secretsmanager:CreateSecret",
            true,
        ),
        (
            format!(
                "POST / HTTP/1.1\r\n{}\r\n\r\nVersion=1&Action=DescribeUsers&UserId=x",
                scope("elasticache")
            ),
            "elasticache:DescribeUsers",
            false,
        ),
        (
            format!(
                "PUT /restapis/1?mode=overwrite HTTP/1.1\r\n{}\r\n\r\n{{}}",
                scope("apigateway")
            ),
            "apigateway:PUT /restapis/1",
            true,
        ),
    ] {
        let call = call(request.as_bytes());
        assert_eq!(
            (call.operation.as_str(), call.is_write),
            (operation, is_write)
        );
    }
}
