//! Published libraries, each in a small program that is right: it passes 256 seeds, and the seeds
//! show more than one schedule.

mod async_nats;
mod axum;
mod bb8;
mod hyper_util;
mod ractor;
mod redis;
mod rmcp;
mod tokio_tungstenite;
mod tokio_util;
mod tower;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use rehearsal::World;
use rehearsal::sim::{Config, Random, Verdict, run_hermetic};
use tokio::net::{TcpListener, TcpStream};

const SEEDS: u64 = 256;

/// Runs a program under each seed. It passes, and its tasks do not always run in one order.
fn explore<F, Fut>(program: F)
where
    F: Fn(World) -> Fut + Send + Sync,
    Fut: Future<Output = ()> + 'static,
{
    let mut schedules = BTreeSet::new();
    for seed in 0..SEEDS {
        let config = || Config {
            seed,
            strategy: Box::new(Random::default()),
            ..Config::default()
        };
        let outcome = run_hermetic(config, &program);
        let passed = matches!(outcome.verdict, Verdict::Pass);
        assert!(passed, "seed {seed}: {:#?}", outcome.verdict);
        schedules.insert(outcome.interleaving.to_string());
    }
    println!("{} schedules", schedules.len());
    assert!(schedules.len() > 1, "the library has one schedule");
}

/// Returns a listener, and its address.
async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:7000").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}
