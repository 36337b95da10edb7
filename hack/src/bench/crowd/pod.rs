//! The operator's pod, seen from outside.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Crowd;
use crate::bench::{idle, usage};
use crate::wait::{self, Seen};
use crate::{Error, Result, operator};

const DEADLINE: Duration = Duration::from_mins(10);

impl Crowd {
    /// The operator's pod.
    fn pod(&self) -> Result<Value> {
        let list = ["get", "pods", "--namespace", operator::NAMESPACE];
        let pods = self.kubectl().json(list)?;
        Ok(pods["items"][0].clone())
    }

    /// The id of its container.
    pub(super) fn container(&self) -> Result<String> {
        let id = &self.pod()?["status"]["containerStatuses"][0]["containerID"];
        Ok(id.as_str().unwrap_or_default().to_owned())
    }

    /// How many containers it has had.
    pub(super) fn containers_started(&self) -> Result<u64> {
        let restarts = &self.pod()?["status"]["containerStatuses"][0]["restartCount"];
        Ok(restarts.as_u64().unwrap_or_default() + 1)
    }

    /// Its memory now, and the most that it had since its process began.
    pub(super) fn memory(&self) -> Result<Value> {
        let status = self.node()?.process_file(&self.container()?, "status")?;
        Ok(
            json!({"residentMiB": usage::mib(&status, "VmRSS:")?, "peakMiB": usage::mib(&status, "VmHWM:")?}),
        )
    }

    pub(super) fn until_another_runs(&self, container: &str) -> Result<()> {
        wait::until("another container", DEADLINE, || {
            let now = self.container()?;
            let runs = now != container && self.node()?.process_file(&now, "status").is_ok();
            Ok(if runs {
                Seen::Done(())
            } else {
                Seen::NotYet(now)
            })
        })
    }

    /// The calls that AWS has seen, when it has seen any.
    pub(super) fn until_aws_is_called(&self) -> Result<Value> {
        wait::until("a call to AWS", DEADLINE, || {
            let calls = self.environment.aws.calls()?;
            Ok(if calls["log"][0].is_null() {
                Seen::NotYet("none".to_owned())
            } else {
                Seen::Done(calls)
            })
        })
    }

    /// Seconds from when the operator's process began to the first of `calls`: what it looks at an object with.
    pub(super) fn first_call_after_start(&self, calls: &Value) -> Result<f64> {
        let time = calls["log"][0]["time"].as_str().unwrap_or_default();
        let called: jiff::Timestamp = time
            .parse()
            .map_err(|_| Error::Unexpected(format!("the call has no time: {calls}")))?;
        let stat = self.node()?.process_file(&self.container()?, "stat")?;
        Ok((called - usage::started(&stat)?)
            .total(jiff::Unit::Second)
            .unwrap_or_default())
    }

    /// When the operator that runs had looked at objects so many times.
    pub(super) fn until_looked_at(&self, times: usize) -> Result<Instant> {
        let pod = self.pod()?["metadata"]["name"].clone();
        let metrics = format!(
            "/api/v1/namespaces/{}/pods/{}:8080/proxy/metrics",
            operator::NAMESPACE,
            pod.as_str().unwrap_or_default()
        );
        wait::until("as many looks as objects", DEADLINE, || {
            let metrics = self.kubectl().run(["get", "--raw", &metrics]);
            let looks = metrics.map_or(0, |metrics| idle::reconciles_in(&metrics));
            Ok(
                if usize::try_from(looks).is_ok_and(|looks| looks >= times) {
                    Seen::Done(Instant::now())
                } else {
                    Seen::NotYet(format!("{looks} looks"))
                },
            )
        })
    }
}
