use std::convert::Infallible;

use tower::{Service, ServiceBuilder, ServiceExt};

async fn double(number: u32) -> Result<u32, Infallible> {
    tokio::task::yield_now().await;
    Ok(number * 2)
}

/// Serves three callers through a buffer and a limit.
pub(super) async fn program() {
    let service = ServiceBuilder::new()
        .buffer(2)
        .concurrency_limit(1)
        .service_fn(double);
    let callers = [1, 2, 3].map(|number| {
        let mut service = service.clone();
        tokio::spawn(async move { service.ready().await.unwrap().call(number).await.unwrap() })
    });
    let mut sum = 0;
    for caller in callers {
        sum += caller.await.unwrap();
    }
    assert_eq!(sum, 12);
}
