//! The operator's command line.
use cachedapi_operator::api::CachedApi;
use kube::CustomResourceExt;
fn main() {
    println!("{}", serde_saphyr::to_string(&CachedApi::crd()).unwrap());
}
