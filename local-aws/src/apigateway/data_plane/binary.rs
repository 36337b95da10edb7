//! Binary media types ("Binary media types for REST APIs").

use crate::apigateway::model::Settings;

/// Whether a `Content-Type`, or the first type of an `Accept`, is one of the API's binary media types.
pub(super) fn is_binary(settings: &Settings, header: Option<&str>) -> bool {
    let first = header
        .unwrap_or_default()
        .split([',', ';'])
        .next()
        .unwrap_or_default()
        .trim();
    settings
        .binary_media_types
        .iter()
        .any(|media_type| fits(media_type, first))
}

fn fits(pattern: &str, media_type: &str) -> bool {
    let ends_in_star = pattern
        .strip_suffix("/*")
        .is_some_and(|kind| media_type.split('/').next() == Some(kind));
    pattern == "*/*" || pattern.eq_ignore_ascii_case(media_type) || ends_in_star
}
