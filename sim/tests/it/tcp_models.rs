//! The two simulations of TCP, held against each other over random traffic and faults.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rehearsal_sim::tokio;
use rehearsal_sim::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::time;
use rehearsal_sim::{
    Config, Direction, Fifo, HostId, Opening, Outcome, TcpModel, Verdict, VirtualTime, World, run,
};

use crate::support::{config, over_both_models};

/// One step of a program at one end of a connection.
#[derive(Clone, Debug)]
enum Step {
    Write(usize),
    /// Reads that many bytes, or to the end.
    Read(usize),
    ReadToEnd,
    ShutDown,
    Sleep(u64),
}

/// A fault that strikes at a time, in milliseconds.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Hold(Direction),
    Release,
    Reset,
    Refuse,
    Hang,
    Open,
}

/// A connection: the time at which it begins, and the programs of its two ends.
type Connection = (u64, Vec<Step>, Vec<Step>);

#[derive(Clone, Debug)]
struct Case {
    connections: Vec<Connection>,
    faults: Vec<(u64, Fault)>,
    latency: u64,
    seed: u64,
}

fn step(most: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..most).prop_map(Step::Write),
        4 => (1..most).prop_map(Step::Read),
        1 => Just(Step::ReadToEnd),
        1 => Just(Step::ShutDown),
        2 => (0u64..30).prop_map(Step::Sleep),
    ]
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::Both),
        Just(Direction::Forward),
        Just(Direction::Backward),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        direction().prop_map(Fault::Hold),
        Just(Fault::Release),
        Just(Fault::Reset),
        Just(Fault::Refuse),
        Just(Fault::Hang),
        Just(Fault::Open),
    ]
}

fn connections(most: usize) -> impl Strategy<Value = Vec<Connection>> {
    let steps = || prop::collection::vec(step(most), 0..8);
    prop::collection::vec((0u64..60, steps(), steps()), 1..4)
}

/// Returns cases with less data than there is room for, whose faults strike between the packets
/// of both models.
fn faulty() -> impl Strategy<Value = Case> {
    let faults = prop::collection::vec((0u64..120, fault()), 0..5);
    let cases = (connections(4_000), faults, 1u64..40, any::<u64>());
    cases.prop_map(|(connections, faults, latency, seed)| Case {
        connections,
        faults,
        latency,
        seed,
    })
}

/// The lines that the programs have recorded, with their times.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    fn add(&self, world: World, end: &str, what: &str) {
        let line = format!("{} {end}: {what}", world.now());
        self.0.borrow_mut().push(line);
    }
}

/// Returns the bytes at that place of a direction.
fn pattern(from: usize, count: usize) -> Vec<u8> {
    (from..from + count)
        .map(|place| (place % 251) as u8)
        .collect()
}

/// Runs the steps of one end, until one fails.
async fn run_steps(world: World, mut stream: TcpStream, end: String, steps: Vec<Step>, log: Log) {
    let (mut written, mut read) = (0, 0);
    for step in steps {
        let result = match step {
            Step::Sleep(millis) => {
                time::sleep(Duration::from_millis(millis)).await;
                continue;
            }
            Step::ShutDown => stream.shutdown().await.map(|()| 0),
            Step::Write(count) => {
                let bytes = pattern(written, count);
                written += count;
                stream.write_all(&bytes).await.map(|()| count)
            }
            Step::Read(count) => {
                let mut bytes = vec![0; count];
                read_up_to(&mut stream, &mut bytes).await.inspect(|&count| {
                    assert_eq!(bytes[..count], pattern(read, count), "in order");
                    read += count;
                })
            }
            Step::ReadToEnd => {
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes).await.inspect(|&count| {
                    assert_eq!(bytes, pattern(read, count), "in order");
                    read += count;
                })
            }
        };
        let failed = result.is_err();
        let result = result.map_err(|error| error.kind());
        log.add(world, &end, &format!("{step:?} {result:?}"));
        if failed {
            return;
        }
    }
    drop(stream);
    log.add(world, &end, "dropped");
}

async fn read_up_to(stream: &mut TcpStream, bytes: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match stream.read(&mut bytes[filled..]).await? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

async fn serve(world: World, connections: Vec<Connection>, log: Log) {
    let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
    loop {
        let (mut stream, _) = listener.accept().await.expect("a listener accepts");
        let (connections, log) = (connections.clone(), log.clone());
        world.spawn_on(world.current_host(), async move {
            // The first byte is the number of the connection.
            match stream.read_u8().await {
                Ok(number) => {
                    let steps = connections[usize::from(number)].2.clone();
                    run_steps(world, stream, format!("server of {number}"), steps, log).await;
                }
                Err(error) => log.add(world, "server", &format!("{:?}", error.kind())),
            }
        });
    }
}

async fn connect(world: World, number: usize, (at, steps, _): Connection, log: Log) {
    time::sleep(Duration::from_millis(at)).await;
    let end = format!("client {number}");
    match TcpStream::connect("server:80").await {
        Ok(mut stream) => {
            let number = u8::try_from(number).expect("few connections");
            if let Err(error) = stream.write_u8(number).await {
                log.add(world, &end, &format!("{:?}", error.kind()));
                return;
            }
            run_steps(world, stream, end, steps, log).await;
        }
        Err(error) => log.add(world, &end, &format!("connects: {:?}", error.kind())),
    }
}

fn strike(world: World, client: HostId, server: HostId, fault: Fault) {
    match fault {
        Fault::Hold(direction) => world.hold(client, server, direction),
        Fault::Release => world.release(client, server, Direction::Both),
        Fault::Reset => {
            world.reset_connections(client, server);
        }
        Fault::Refuse => world.set_opening(client, server, Opening::Refused),
        Fault::Hang => world.set_opening(client, server, Opening::Hangs),
        Fault::Open => world.set_opening(client, server, Opening::Works),
    }
}

/// Runs a case. Returns what its programs recorded, and the sockets that remain.
fn run_case(case: &Case, tcp: TcpModel) -> Outcome<Vec<String>> {
    let mut config = config(case.seed);
    config.net.tcp = tcp;
    let latency = Duration::from_millis(case.latency);
    (config.net.latency_min, config.net.latency_max) = (latency, latency);
    let case = case.clone();
    run(config_of_one_order(config), move |world| async move {
        let (client, server) = (world.host("client"), world.host("server"));
        let log = Log::default();
        let (connections, served) = (case.connections.clone(), log.clone());
        world.boot(server, move || {
            serve(world, connections.clone(), served.clone())
        });
        let clients = case.connections.into_iter().enumerate();
        for (number, connection) in clients {
            // Faults strike between two packets.
            let (at, steps, other) = connection;
            let connection = (at + 1, steps, other);
            world.spawn_on(client, connect(world, number, connection, log.clone()));
        }
        let mut faults = case.faults;
        faults.sort_by_key(|(at, _)| *at);
        for (at, fault) in faults {
            let at = Duration::from_micros(at * 1_000 + 500);
            time::sleep(at.saturating_sub(world.now() - VirtualTime::ZERO)).await;
            log.add(world, "fault", &format!("{fault:?}"));
            strike(world, client, server, fault);
        }
        strike(world, client, server, Fault::Release);
        strike(world, client, server, Fault::Open);
        time::sleep(Duration::from_secs(300)).await;
        let mut sockets = world.census().sockets;
        sockets.sort_by(|one, other| one.description.cmp(&other.description));
        for socket in sockets {
            log.add(world, &socket.host, &socket.description);
        }
        log.0.take()
    })
}

/// Tasks run in the order of their wakes: the models differ in the network only.
fn config_of_one_order(config: Config) -> Config {
    Config {
        strategy: Box::new(Fifo),
        ..config
    }
}

#[test]
fn an_attempt_that_does_not_wait_leaves_a_task_that_does() {
    let outcome = over_both_models(
        || config(1),
        |world| async move {
            let (client, server) = (world.host("client"), world.host("server"));
            world.spawn_on(server, async {
                let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
                let (mut stream, _) = listener.accept().await.expect("a listener accepts");
                time::sleep(Duration::from_millis(20)).await;
                stream.write_u8(7).await.expect("a write succeeds");
            });
            let reading = world.spawn_on(client, async {
                time::sleep(Duration::from_millis(1)).await;
                let stream = TcpStream::connect("server:80").await.expect("it listens");
                let stream = Arc::new(stream);
                let waiting = Arc::clone(&stream);
                let waiting = tokio::spawn(async move { waiting.readable().await.is_ok() });
                time::sleep(Duration::from_millis(5)).await;
                let attempt = stream.try_read(&mut [0]).map_err(|error| error.kind());
                (attempt, waiting.await.expect("it is woken"))
            });
            reading.await.expect("it returns")
        },
    );
    let expected = (Err(ErrorKind::WouldBlock), true);
    assert_eq!(outcome.value, Some(expected), "{}", outcome.verdict);
}

/// One direction of a connection: writes, the most bytes of a read, and the pauses of both.
#[derive(Clone, Debug)]
struct Transfer {
    writes: Vec<usize>,
    buffer: usize,
    write_pause: u64,
    read_pause: u64,
}

fn transfer() -> impl Strategy<Value = Transfer> {
    let writes = prop::collection::vec(1usize..60_000, 0..6);
    let buffer = prop_oneof![Just(1_000usize), Just(8_192), Just(100_000)];
    (writes, buffer, 0u64..5, 0u64..5).prop_map(|(writes, buffer, write_pause, read_pause)| {
        Transfer {
            writes,
            buffer,
            write_pause,
            read_pause,
        }
    })
}

/// Sends one direction and receives the other, each in a task of its own. Returns the number of
/// bytes received.
async fn exchange(stream: TcpStream, sends: Transfer, receives: Transfer) -> usize {
    let (mut reader, mut writer) = stream.into_split();
    let sending = tokio::spawn(async move {
        let mut written = 0;
        for count in sends.writes {
            let bytes = pattern(written, count);
            writer.write_all(&bytes).await.expect("a write succeeds");
            written += count;
            time::sleep(Duration::from_millis(sends.write_pause)).await;
        }
        writer.shutdown().await.expect("an end is sent");
    });
    let mut received = 0;
    let mut buffer = vec![0; receives.buffer];
    loop {
        let count = reader.read(&mut buffer).await.expect("a read succeeds");
        if count == 0 {
            break;
        }
        assert_eq!(buffer[..count], pattern(received, count), "in order");
        received += count;
        time::sleep(Duration::from_millis(receives.read_pause)).await;
    }
    sending.await.expect("all is sent");
    received
}

/// Runs two transfers over a bad link. Returns what both ends received, and the sockets that
/// remain.
fn run_transfers(
    seed: u64,
    [up, down]: [Transfer; 2],
    loss: u32,
    partitions: Vec<(u64, Direction)>,
    tcp: TcpModel,
) -> Outcome<(usize, usize, usize)> {
    let mut config = config(seed);
    config.net.tcp = tcp;
    config.net.loss_per_mille = loss;
    config.net.latency_max = Duration::from_millis(20);
    run(config, move |world| async move {
        let (client, server) = (world.host("client"), world.host("server"));
        let (sends, receives) = (down.clone(), up.clone());
        let serving = world.spawn_on(server, async {
            let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
            let (stream, _) = listener.accept().await.expect("a listener accepts");
            exchange(stream, sends, receives).await
        });
        let asking = world.spawn_on(client, async {
            time::sleep(Duration::from_millis(1)).await;
            let stream = TcpStream::connect("server:80").await.expect("it listens");
            exchange(stream, up, down).await
        });
        for (after, direction) in partitions {
            time::sleep(Duration::from_millis(after)).await;
            world.partition(client, server, direction);
            time::sleep(Duration::from_millis(after)).await;
            world.heal(client, server, Direction::Both);
        }
        let (at_server, at_client) = (serving.await, asking.await);
        time::sleep(Duration::from_secs(60)).await;
        let sockets = world.census().sockets.len();
        let received = "an end returns what it received";
        (
            at_server.expect(received),
            at_client.expect(received),
            sockets,
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_see_the_same_at_the_same_times(case in faulty()) {
        let [machine, pipes] = TcpModel::ALL.map(|tcp| run_case(&case, tcp));
        prop_assert_eq!(&pipes.verdict, &machine.verdict);
        prop_assert_eq!(pipes.value, machine.value);
    }

    #[test]
    fn every_byte_arrives_over_bad_links(
        seed in any::<u64>(),
        transfers in [transfer(), transfer()],
        loss in 0u32..300,
        partitions in prop::collection::vec((1u64..200, direction()), 0..3),
    ) {
        let bytes = |transfer: &Transfer| transfer.writes.iter().sum();
        let expected = (bytes(&transfers[0]), bytes(&transfers[1]), 0);
        for tcp in TcpModel::ALL {
            let outcome = run_transfers(seed, transfers.clone(), loss, partitions.clone(), tcp);
            prop_assert_eq!(&outcome.verdict, &Verdict::Pass, "over {:?}", tcp);
            prop_assert_eq!(outcome.value, Some(expected), "over {:?}", tcp);
        }
    }
}
