use std::sync::Arc;

use super::super::operations::{
    CREATE_DEPLOYMENT, CREATE_EDGE_REST_API, CREATE_REST_API, DELETE_REST_API, GET_CALLER_IDENTITY,
    GET_REST_API, GET_STAGE, PUT_REST_API,
};
use super::*;

fn governor(share: f64) -> Governor {
    Governor::new(QuotaShare::new(share).unwrap())
}

async fn times(governor: &Governor, operation: &Operation, calls: usize) -> Vec<u128> {
    let start = Instant::now();
    let mut times = Vec::new();
    for _ in 0..calls {
        governor.acquire("eu-west-1", operation).await.unwrap();
        times.push(start.elapsed().as_millis());
    }
    times
}

#[tokio::test(start_paused = true)]
async fn an_operation_keeps_its_own_quota() {
    assert_eq!(
        times(&governor(1.0), PUT_REST_API, 3).await,
        [0, 1000, 2000]
    );
    assert_eq!(
        times(&governor(1.0), CREATE_DEPLOYMENT, 3).await,
        [0, 5000, 10_000]
    );
    assert_eq!(
        times(&governor(0.5), CREATE_REST_API, 3).await,
        [0, 6000, 12_000]
    );
}

#[tokio::test(start_paused = true)]
async fn all_operations_of_api_gateway_share_a_burst_and_a_rate() {
    let governor = governor(1.0);
    assert_eq!(times(&governor, GET_REST_API, 39).await.last(), Some(&0));
    assert_eq!(times(&governor, GET_STAGE, 3).await, [0, 100, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_share_shrinks_rate_and_burst_but_lets_one_call_through() {
    let governor = governor(0.01);
    assert_eq!(times(&governor, GET_REST_API, 2).await, [0, 10_000]);
}

#[tokio::test(start_paused = true)]
async fn an_idle_bucket_fills_up_to_its_burst_and_no_further() {
    let governor = governor(1.0);
    times(&governor, GET_REST_API, 40).await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(
        times(&governor, GET_REST_API, 42).await[39..],
        [0, 100, 200]
    );
}

#[tokio::test(start_paused = true)]
async fn regions_and_edge_apis_have_buckets_of_their_own() {
    let governor = governor(1.0);
    governor
        .acquire("eu-west-1", CREATE_REST_API)
        .await
        .unwrap();
    assert_eq!(
        governor.acquire("us-east-1", CREATE_REST_API).await,
        Ok(Duration::ZERO)
    );
    assert_eq!(
        governor.acquire("eu-west-1", CREATE_EDGE_REST_API).await,
        Ok(Duration::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn who_comes_first_goes_first() {
    let governor = Arc::new(governor(1.0));
    let order = Arc::new(Mutex::new(Vec::new()));
    let waiting = (0..5).map(|number| {
        let (governor, order) = (governor.clone(), order.clone());
        tokio::spawn(async move {
            governor.acquire("eu-west-1", PUT_REST_API).await.unwrap();
            order.lock().unwrap().push(number);
        })
    });
    for task in waiting.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_is_sent_away_each_with_a_turn_of_its_own() {
    let governor = governor(1.0);
    governor
        .acquire("eu-west-1", DELETE_REST_API)
        .await
        .unwrap();
    let mut back = Vec::new();
    for _ in 0..3 {
        back.push(
            governor
                .acquire("eu-west-1", DELETE_REST_API)
                .await
                .unwrap_err()
                .as_secs(),
        );
    }
    assert_eq!(back, [30, 60, 90]);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(
        governor.acquire("eu-west-1", DELETE_REST_API).await,
        Ok(Duration::ZERO),
        "the one that comes back in time gets it"
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_for_an_own_quota_does_not_use_up_the_common_one() {
    let governor = Arc::new(governor(1.0));
    governor
        .acquire("eu-west-1", CREATE_DEPLOYMENT)
        .await
        .unwrap();
    let waiting = tokio::spawn({
        let governor = governor.clone();
        async move { governor.acquire("eu-west-1", CREATE_DEPLOYMENT).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(times(&governor, GET_STAGE, 39).await.last(), Some(&0));
    assert_eq!(waiting.await.unwrap().unwrap().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn nobody_calls_until_the_pause_that_aws_asked_for_is_over() {
    let governor = Arc::new(governor(1.0));
    governor.acquire("eu-west-1", PUT_REST_API).await.unwrap();
    let waiting = tokio::spawn({
        let governor = governor.clone();
        async move { governor.acquire("eu-west-1", PUT_REST_API).await }
    });
    tokio::task::yield_now().await;
    governor.throttled("eu-west-1", PUT_REST_API, Some(Duration::from_secs(7)));
    assert_eq!(
        waiting.await.unwrap().unwrap().as_secs(),
        7,
        "also who had a turn already"
    );
    assert_eq!(
        governor.acquire("eu-west-1", GET_REST_API).await,
        Ok(Duration::ZERO),
        "other operations go on"
    );
    governor.throttled("eu-west-1", GET_CALLER_IDENTITY, None);
}

#[tokio::test(start_paused = true)]
async fn a_pause_out_of_proportion_is_capped() {
    let governor = governor(1.0);
    governor.throttled("eu-west-1", GET_REST_API, Some(Duration::from_hours(100)));
    assert_eq!(
        governor.acquire("eu-west-1", GET_REST_API).await,
        Err(Duration::from_mins(5))
    );
}
