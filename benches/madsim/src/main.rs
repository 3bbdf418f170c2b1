//! madsim's side of the benchmarks, in a process of its own.
//!
//! `madsim-peer executions TASKS ROUNDS TIMES` and
//! `madsim-peer heartbeats HOSTS SECONDS TIMES` do their work `TIMES` times and
//! print one line of JSON: the mean processor time of one, in nanoseconds. The same
//! programs for Rehearsal are in `sim/benches/peers/`.
//!
//! `madsim-peer healthy|defective NAME SIZE RUNS` runs a small program without its defect or
//! with it, and prints `x` for each run that fails and `.` for each other, on one line; see
//! `benches/programs/`.

mod programs;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use cpu_time::ThreadTime;
use madsim::net::UdpSocket;
use madsim::runtime::Runtime;
use madsim::{Config, task, time};
use tokio::sync::Mutex;

const PORT: u16 = 9000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(results) = of_program(&arguments) {
        println!("{results}");
        return ExitCode::SUCCESS;
    }
    let Some((work, sizes)) = parse(&arguments) else {
        eprintln!("usage: madsim-peer executions|heartbeats SIZE SIZE TIMES");
        eprintln!("       madsim-peer healthy|defective NAME SIZE RUNS");
        return ExitCode::FAILURE;
    };
    let [first, second, times] = sizes;
    let start = ThreadTime::now();
    for seed in 0..times {
        work(u64::from(seed), first, second);
    }
    let nanoseconds = start.elapsed().as_nanos() / u128::from(times.max(1));
    println!("{{\"nanoseconds\":{nanoseconds}}}");
    ExitCode::SUCCESS
}

/// Runs a program, if the arguments name one.
fn of_program(arguments: &[String]) -> Option<String> {
    let [version, name, size, runs] = arguments else {
        return None;
    };
    let is_healthy = match version.as_str() {
        "healthy" => true,
        "defective" => false,
        _ => return None,
    };
    programs::runs(name, size.parse().ok()?, runs.parse().ok()?, is_healthy)
}

type Work = fn(u64, u32, u32);

fn parse(arguments: &[String]) -> Option<(Work, [u32; 3])> {
    let [work, first, second, times] = arguments else {
        return None;
    };
    let work: Work = match work.as_str() {
        "executions" => execution,
        "heartbeats" => heartbeats,
        _ => return None,
    };
    let size = |text: &String| text.parse().ok();
    Some((work, [size(first)?, size(second)?, size(times)?]))
}

/// Runs some tasks that lock, change and yield.
fn execution(seed: u64, tasks: u32, rounds: u32) {
    let runtime = Runtime::with_seed_and_config(seed, Config::default());
    let sum = runtime.block_on(async move {
        let sum = Arc::new(Mutex::new(0u32));
        let tasks: Vec<_> = (0..tasks)
            .map(|_| {
                let sum = Arc::clone(&sum);
                task::spawn(async move {
                    for _ in 0..rounds {
                        *sum.lock().await += 1;
                        task::yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no task fails");
        }
        *sum.lock().await
    });
    assert_eq!(sum, tasks * rounds);
}

/// Runs some hosts, each of which sends a message a second to one more.
fn heartbeats(seed: u64, hosts: u32, seconds: u32) {
    let mut config = Config::default();
    // The range excludes its end; links take 1 ms, as on the other side.
    config.net.send_latency = Duration::from_millis(1)..Duration::from_micros(1_001);
    let runtime = Runtime::with_seed_and_config(seed, config);
    let address = |host: u8| SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, host)), PORT);
    let hub = runtime.create_node().ip(address(1).ip()).build();
    let all = hub.spawn(async move {
        let socket = UdpSocket::bind(address(1)).await.expect("bound");
        let mut message = [0; 16];
        for _ in 0..hosts * seconds {
            socket.recv_from(&mut message).await.expect("received");
        }
    });
    for host in 0..hosts {
        let address_here = address(u8::try_from(host + 2).expect("few hosts"));
        let node = runtime.create_node().ip(address_here.ip()).build();
        node.spawn(async move {
            let socket = UdpSocket::bind(address_here).await.expect("bound");
            for _ in 0..seconds {
                time::sleep(Duration::from_secs(1)).await;
                socket.send_to(address(1), b"alive").await.expect("sent");
            }
        });
    }
    runtime.block_on(all).expect("no task fails");
}
