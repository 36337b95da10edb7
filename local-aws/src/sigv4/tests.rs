//! Signatures from AWS's own Signature Version 4 test suite.

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn keys() -> Vec<KnownKey> {
    let account = "111122223333".to_owned();
    vec![KnownKey {
        access_key: "AKIDEXAMPLE".to_owned(),
        secret: SECRET.to_owned(),
        account,
    }]
}

fn request(uri: &str, signature: &str) -> Request<Vec<u8>> {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature={signature}"
    );
    Request::get(uri)
        .header("Host", "example.amazonaws.com")
        .header("X-Amz-Date", "20150830T123600Z")
        .header(AUTHORIZATION, authorization)
        .body(Vec::new())
        .unwrap()
}

const VANILLA: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

#[test]
fn the_signatures_of_the_test_suite_are_right() {
    let cases = [
        ("/", VANILLA, "get-vanilla"),
        (
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            "get-vanilla-query-order-key-case",
        ),
    ];
    for (uri, signature, case) in cases {
        let caller = verify(&request(uri, signature), &keys()).expect(case);
        assert_eq!(caller.account, "111122223333");
        assert_eq!(
            (caller.region.as_str(), caller.service.as_str()),
            ("us-east-1", "service")
        );
    }
}

#[test]
fn a_changed_request_is_refused() {
    assert_eq!(
        verify(&request("/other", VANILLA), &keys()),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        verify(&request("/?a=b", VANILLA), &keys()),
        Err(SignatureError::Mismatch)
    );
    let mut body = request("/", VANILLA);
    body.body_mut().push(b'x');
    assert_eq!(verify(&body, &keys()), Err(SignatureError::Mismatch));
}

#[test]
fn a_key_without_a_known_secret_is_refused() {
    assert_eq!(
        verify(&request("/", VANILLA), &[]),
        Err(SignatureError::UnknownKey)
    );
}

#[test]
fn a_request_without_authorization_names_nobody() {
    let request = Request::get("/").body(Vec::new()).unwrap();
    assert_eq!(verify(&request, &keys()), Err(SignatureError::Missing));
    assert_eq!(
        caller_of(request.headers(), &keys()),
        Err(SignatureError::Missing)
    );
}

#[test]
fn an_access_key_of_twelve_digits_is_an_account() {
    assert_eq!(account_of("444455556666"), "444455556666");
    assert_eq!(account_of("AKIAIOSFODNN7EXAMPLE"), DEFAULT_ACCOUNT);
    assert_eq!(account_of("1234"), DEFAULT_ACCOUNT);
}
