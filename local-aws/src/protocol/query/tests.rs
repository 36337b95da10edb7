use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::protocol::text::Text;

fn parsed(form: &str) -> (String, Value) {
    let request = Request::post("/")
        .body(Bytes::from(form.to_owned()))
        .unwrap();
    let (operation, params) = parse(&request).unwrap();
    (operation, params.body)
}

#[test]
fn a_form_is_a_tree_and_its_lists_lose_their_inner_name() {
    let cases = [
        ("A=1", json!({ "A": "1" }), "a leaf"),
        (
            "A.member.2=y&A.member.1=x",
            json!({ "A": ["x", "y"] }),
            "a list in the order of its numbers",
        ),
        (
            "A.Item.10=b&A.Item.9=a",
            json!({ "A": ["a", "b"] }),
            "numbers, not text, decide the order",
        ),
        ("A.1=x", json!({ "A": ["x"] }), "a flat list"),
        (
            "A.Type=iam&A.Passwords.member.1=x",
            json!({ "A": { "Type": "iam", "Passwords": ["x"] } }),
            "a structure",
        ),
        (
            "A.Tag.1.Key=k&A.Tag.1.Value=",
            json!({ "A": [{ "Key": "k", "Value": "" }] }),
            "a list of structures",
        ),
        (
            "A.G.1.Zones.Zone.1=x",
            json!({ "A": [{ "Zones": ["x"] }] }),
            "a list in a list",
        ),
        (
            "A=",
            json!({ "A": "" }),
            "an empty list looks like an empty text",
        ),
    ];
    for (form, body, reason) in cases {
        let (operation, parsed) = parsed(&format!("Action=Do&Version=2015-02-02&{form}"));
        assert_eq!((operation.as_str(), parsed), ("Do", body), "{reason}");
    }
}

#[test]
fn a_form_without_an_action_is_refused() {
    let request = Request::post("/").body(Bytes::from_static(b"A=1")).unwrap();
    assert_eq!(parse(&request).unwrap_err().code, "MissingAction");
}

#[test]
fn text_stands_for_what_the_type_wants() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        number: i64,
        flag: Option<bool>,
        text: String,
        list: Vec<u16>,
        #[serde(default)]
        missing: Option<String>,
    }
    let values = json!({ "Number": "-7", "Flag": "true", "Text": "8", "List": ["1", "2"] });
    let wanted = Input {
        number: -7,
        flag: Some(true),
        text: "8".to_owned(),
        list: vec![1, 2],
        missing: None,
    };
    assert_eq!(Input::deserialize(Text(values)).unwrap(), wanted);
    let empty_list = json!({ "Number": 1, "Flag": null, "Text": "", "List": "" });
    assert_eq!(
        Input::deserialize(Text(empty_list)).unwrap().list,
        Vec::<u16>::new()
    );
    let wrong = json!({ "Number": "seven", "Text": "", "List": [] });
    assert!(
        Input::deserialize(Text(wrong))
            .unwrap_err()
            .to_string()
            .contains("seven")
    );
}

#[test]
fn a_reply_repeats_list_elements_leaves_out_nulls_and_escapes_text() {
    let result =
        json!({ "Users": { "member": [{ "Id": "<a&b>" }, { "Id": true }] }, "Marker": null });
    assert_eq!(
        reply("ns", "Do", "id", &result),
        "<DoResponse xmlns=\"ns\"><DoResult><Users><member><Id>&lt;a&amp;b&gt;</Id></member><member><Id>true</Id></member>\
         </Users></DoResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DoResponse>"
    );
}
