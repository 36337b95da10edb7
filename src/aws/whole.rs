use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

/// `response`, unless it is XML that ends in the middle. The SDK takes that for all there is: a list is shorter then, and an id too. JSON that ends in the
/// middle it refuses itself.
pub(super) async fn whole(mut response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let content = response.headers().get("content-type").unwrap_or_default();
    if !content.contains("xml") {
        return Ok(response);
    }
    let body = ByteStream::new(response.take_body());
    let bytes = body.collect().await.map_err(lost)?.into_bytes();
    if !is_whole(&String::from_utf8_lossy(&bytes)) {
        return Err(lost("the answer ends in the middle"));
    }
    *response.body_mut() = SdkBody::from(bytes);
    Ok(response)
}

fn lost(error: impl Into<Box<dyn Error + Send + Sync>>) -> ConnectorError {
    ConnectorError::io(error.into())
}

/// Whether the first element of `xml` is closed at its end. So is nothing at all.
fn is_whole(xml: &str) -> bool {
    let xml = xml.trim();
    let mut tags = xml.split('<').filter(|tag| !tag.starts_with(['?', '!']));
    // What is before the first tag.
    tags.next();
    let Some(root) = tags.next() else {
        return xml.is_empty();
    };
    let name = root.split(|c: char| c.is_whitespace() || c == '>' || c == '/');
    let name = name.into_iter().next().unwrap_or_default();
    let closes_itself = root.ends_with("/>") && tags.next().is_none();
    closes_itself || xml.ends_with(&format!("</{name}>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_whole_when_its_first_element_is_closed_at_the_end() {
        for (xml, expected) in [
            ("", true),
            ("<A/>", true),
            (
                "<?xml version=\"1.0\"?>\n<A xmlns=\"x\"><B>1</B></A>\n",
                true,
            ),
            ("<A><B/></A>", true),
            ("<A", false),
            ("<A><B/>", false),
            ("<A><B>subnet-0a1b", false),
            ("<A><B>1</B>", false),
            ("<A><B>1</B></A", false),
            ("<?xml version=\"1.0\"?>", false),
        ] {
            assert_eq!(is_whole(xml), expected, "{xml}");
        }
    }
}
