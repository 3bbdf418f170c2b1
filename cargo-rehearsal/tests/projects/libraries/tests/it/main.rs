//! Published libraries, each in a small program that is right: it passes under every seed, and the
//! seeds show more than one schedule.
//!
//! `LIBRARIES_SEEDS` is the number of seeds, `LIBRARIES_INTERLEAVE=operations` makes every
//! operation a point, and `LIBRARIES_RECORD` is a directory that gets a file for each library,
//! with a line for each seed.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::{env, fs};

use rehearsal::sim::{
    Config, Interleave, LeakKind, Outcome, Random, Recording, Verdict, run_hermetic,
};
use rehearsal::tokio::net::{TcpListener, TcpStream};

/// Defines the module and the test of each library.
macro_rules! libraries {
    ($($name:ident: $sockets:ident,)*) => {
        $(mod $name;)*

        $(
            #[test]
            fn $name() {
                explore(stringify!($name), Sockets::$sockets, $name::program);
            }
        )*
    };
}

libraries! {
    async_nats: Own,
    axum: Given,
    bb8: Given,
    hyper_util: Given,
    kameo: Given,
    ractor: Given,
    redis: Given,
    rmcp: Given,
    tokio_tungstenite: Given,
    tokio_util: Given,
    tower: Given,
}

/// The sockets that a library uses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sockets {
    /// None, or those that the program has opened.
    Given,
    /// Those that the library opens: the machine's, if it is built on plain tokio.
    Own,
}

/// Runs a program under each seed. It passes, and its tasks do not always run in one order.
fn explore<F>(name: &str, sockets: Sockets, program: fn() -> F)
where
    F: Future<Output = ()> + 'static,
{
    if cfg!(feature = "plain") && sockets == Sockets::Own {
        return refused(program);
    }
    let mut schedules = BTreeSet::new();
    let mut record = String::new();
    for seed in 0..seeds() {
        let outcome = run(seed, program);
        let passed = matches!(outcome.verdict, Verdict::Pass);
        assert!(passed, "seed {seed}: {:#?}", outcome.verdict);
        let (fingerprint, interleaving) = (outcome.fingerprint, outcome.interleaving);
        writeln!(record, "{seed} {fingerprint} {interleaving}").expect("memory");
        schedules.insert(schedule(&outcome));
    }
    if let Some(directory) = env::var_os("LIBRARIES_RECORD") {
        fs::write(PathBuf::from(directory).join(name), record).expect("a file");
    }
    println!("{name} has {} schedules", schedules.len());
    assert!(schedules.len() > 1, "the library has one schedule");
}

fn run<F>(seed: u64, program: fn() -> F) -> Outcome<()>
where
    F: Future<Output = ()> + 'static,
{
    let config = || Config {
        seed,
        strategy: Box::new(Random::default()),
        interleave: interleave(),
        recording: Recording::Full,
        ..Config::default()
    };
    run_hermetic(config, |_| program())
}

/// Returns the schedule of a run: the order of its operations. Those of plain tasks are in no
/// order that is known, but it is known where they are interrupted.
fn schedule(outcome: &Outcome<()>) -> String {
    match cfg!(feature = "plain") {
        true => format!("{:?}", outcome.interruptions),
        false => outcome.interleaving.to_string(),
    }
}

/// Asserts that a run of the program fails, because it leaves the run by a socket.
fn refused<F>(program: fn() -> F)
where
    F: Future<Output = ()> + 'static,
{
    let outcome = run(0, program);
    let Verdict::Leak(report) = outcome.verdict else {
        panic!("{:#?}", outcome.verdict);
    };
    assert!(matches!(report.kind, LeakKind::Socket { .. }), "{report:?}");
}

fn seeds() -> u64 {
    let seeds = env::var("LIBRARIES_SEEDS");
    seeds.map_or(256, |seeds| seeds.parse().expect("a number"))
}

fn interleave() -> Interleave {
    match env::var("LIBRARIES_INTERLEAVE").as_deref() {
        Ok("operations") => Interleave::Operations,
        Ok(other) => panic!("{other} is not a kind of points"),
        Err(_) => Interleave::Awaits,
    }
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
