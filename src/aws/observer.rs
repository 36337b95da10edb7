use std::fmt;
use std::time::Duration;

/// A call to AWS that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// `service:Operation`, e.g. `apigateway:PutRestApi`.
    pub operation: &'static str,
    /// Region it went to.
    pub region: &'a str,
    /// How it ended, as a label out of a closed set: `ok`, `not_found`, `throttled`, `access_denied`, ...
    pub result: &'static str,
    /// How long the request waited for its turn in the request quotas.
    pub waited: Duration,
    /// How long AWS took.
    pub took: Duration,
}

/// Hears of every call to AWS, for metrics.
pub trait CallObserver: fmt::Debug + Send + Sync {
    /// A call has ended. Runs in the caller's task: be quick.
    fn called(&self, call: &Call<'_>);
}

/// Nobody listens.
impl CallObserver for () {
    fn called(&self, _call: &Call<'_>) {}
}
