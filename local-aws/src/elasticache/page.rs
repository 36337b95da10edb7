//! Answers in pages: `MaxRecords` (20 to 100) and `Marker`.

use std::collections::BTreeMap;
use std::ops::Bound;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::refusal::{ensure, value};
use crate::AwsError;

/// What a Describe call asks for.
#[derive(Debug, Default)]
pub(super) struct Paging {
    pub(super) max_records: Option<u32>,
    pub(super) marker: Option<String>,
}

/// The records of one page and, when there are more, the marker of the next.
pub(super) fn page<'a, T>(
    all: &'a BTreeMap<String, T>,
    paging: &Paging,
) -> Result<(Vec<&'a T>, Option<String>), AwsError> {
    let size = paging.max_records.unwrap_or(100);
    ensure((20..=100).contains(&size), || {
        value(format!(
            "Invalid value {size} for MaxRecords. Must be between 20 and 100"
        ))
    })?;
    let after = paging.marker.as_deref().map(decode).transpose()?;
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = all.range((start, Bound::Unbounded));
    let records: Vec<_> = rest.by_ref().take(size as usize).collect();
    let last = records.last().filter(|_| rest.next().is_some());
    let marker = last.map(|(id, _)| URL_SAFE_NO_PAD.encode(id));
    Ok((
        records.into_iter().map(|(_, record)| record).collect(),
        marker,
    ))
}

fn decode(marker: &str) -> Result<String, AwsError> {
    let id = URL_SAFE_NO_PAD
        .decode(marker)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    id.ok_or_else(|| value(format!("Invalid value {marker} for Marker")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(max_records: Option<u32>, marker: Option<String>) -> Paging {
        Paging {
            max_records,
            marker,
        }
    }

    #[test]
    fn following_the_markers_gives_every_record_once() {
        let all: BTreeMap<String, u32> = (0..45)
            .map(|number| (format!("id-{number:02}"), number))
            .collect();
        let (mut seen, mut marker, mut pages) = (Vec::new(), None, 0);
        loop {
            let (records, next) = page(&all, &ask(Some(20), marker)).unwrap();
            seen.extend(records.into_iter().copied());
            pages += 1;
            marker = next;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!((seen, pages), ((0..45).collect(), 3));
    }

    #[test]
    fn a_page_that_ends_with_the_last_record_has_no_marker() {
        let all: BTreeMap<String, u32> = (0..20)
            .map(|number| (format!("id-{number:02}"), number))
            .collect();
        assert_eq!(page(&all, &ask(Some(20), None)).unwrap().1, None);
    }

    #[test]
    fn sizes_and_markers_out_of_range_are_refused() {
        let all: BTreeMap<String, u32> = BTreeMap::new();
        for paging in [
            ask(Some(19), None),
            ask(Some(101), None),
            ask(None, Some("!".to_owned())),
        ] {
            assert_eq!(
                page(&all, &paging).unwrap_err().code,
                "InvalidParameterValue"
            );
        }
    }
}
