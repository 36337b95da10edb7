use std::io::IsTerminal;

use thiserror::Error;
use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The text given as log filter is none.
#[derive(Debug, Error)]
#[error(
    "{filter:?} is no log filter; it is a level (error, warn, info, debug, trace) or a list such as info,cachedapi_operator=debug"
)]
pub struct InvalidFilter {
    filter: String,
    source: tracing_subscriber::filter::ParseError,
}

/// Crates that print what they send, or whole answers, with the most that they may ever say, whatever filter is asked for.
///
/// The ElastiCache SDK has passwords in plain strings under a derived `Debug`, which the Smithy runtime prints at DEBUG and TRACE. The HTTP
/// and TLS crates print headers and frames. `kube_client` prints the body of an answer that it cannot read, at WARN.
const CAPS: [(&str, Level); 10] = [
    ("aws_", Level::WARN),
    ("h2", Level::INFO),
    ("hyper", Level::INFO),
    ("kube_client", Level::ERROR),
    ("kube_runtime", Level::WARN),
    ("reqwest", Level::INFO),
    ("rustls", Level::INFO),
    ("tokio_", Level::INFO),
    ("tower", Level::INFO),
    ("tracing", Level::INFO),
];

/// Starts logging to standard error. Call it once.
pub fn init(format: Format, filter: &str) -> Result<(), InvalidFilter> {
    subscriber(format, filter, std::io::stderr)?.init();
    Ok(())
}

/// What writes log lines to `writer`: those that `filter` asks for, as far as they may be shown at all.
pub fn subscriber<W>(
    format: Format,
    filter: &str,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + 'static, InvalidFilter>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let asked = EnvFilter::try_new(filter).map_err(|source| InvalidFilter {
        filter: filter.to_owned(),
        source,
    })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match format {
        Format::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .boxed(),
        Format::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    Ok(tracing_subscriber::registry().with(lines.with_filter(asked.and(filter_fn(is_within_cap)))))
}

fn is_within_cap(metadata: &Metadata) -> bool {
    *metadata.level() <= cap(metadata.target())
}

/// The most that `target` may say.
fn cap(target: &str) -> LevelFilter {
    CAPS.iter()
        .find(|(prefix, _)| target.starts_with(prefix))
        .map_or(LevelFilter::TRACE, |(_, level)| {
            LevelFilter::from_level(*level)
        })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_could_print_a_password_is_silent_at_every_filter() {
        for filter in [
            "trace",
            "aws_smithy_runtime=trace,aws_sdk_elasticache=trace,hyper=trace,kube_client=trace",
        ] {
            let lines = Lines::default();
            let sink = lines.clone();
            let subscriber = subscriber(Format::Text, filter, move || sink.clone()).unwrap();
            tracing::subscriber::with_default(subscriber, || {
                tracing::debug!(target: "aws_smithy_runtime::client::orchestrator", "canary");
                tracing::trace!(target: "aws_sdk_elasticache::operation", "canary");
                tracing::info!(target: "aws_config", "canary");
                tracing::debug!(target: "hyper_util::client", "canary");
                tracing::warn!(target: "kube_client::client", "canary");
                tracing::error!(target: "kube_client::client", "heard");
            });
            let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
            assert!(
                !said.contains("canary") && said.contains("heard"),
                "{filter}: {said}"
            );
        }
    }

    #[test]
    fn our_own_targets_are_not_capped() {
        assert_eq!(cap("cachedapi_operator::controller"), LevelFilter::TRACE);
    }

    #[test]
    fn a_text_that_is_no_filter_is_named() {
        let refused = init(Format::Text, "info,=,=").unwrap_err().to_string();
        assert!(
            refused.starts_with("\"info,=,=\" is no log filter"),
            "{refused}"
        );
    }
}
