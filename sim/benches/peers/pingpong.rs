//! Ping and pong over one TCP connection between two hosts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rehearsal_sim::{Config, Random, run};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::instructions::Program;
use crate::links::{Links, SHORT, SPREAD};
use crate::measure::{in_turn, side};
use crate::table::{Figures, Goal, Row};

const TRIPS: u32 = 1_000;
const SIZE: usize = 64;
const PORT: u16 = 9_000;
const TURNS: u32 = 25;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row(SHORT, 3.5),
        row(SHORT.piped(), 8.0),
        row(SPREAD, 40.0),
        row(SPREAD.piped(), 100.0),
    ]
}

fn row(links: Links, goal: f64) -> Row {
    let [ours, theirs] = in_turn(
        TURNS,
        [
            side(1, move || in_rehearsal(links)),
            side(1, move || in_turmoil(links)),
        ],
    );
    Row {
        work: format!("1,000 TCP round trips between two hosts, {links}"),
        peer: "classic turmoil".to_owned(),
        figures: Figures::of(&ours, &theirs),
        goal: Goal::Faster(goal),
    }
}

/// Returns the programs whose instructions are counted.
pub(crate) fn programs() -> [Program; 4] {
    let program = |name, work: fn()| Program::new(name, TRIPS, work);
    [
        program("TCP round trip, 1 ms", || in_rehearsal(SHORT)),
        program("TCP round trip, 1 to 100 ms", || in_rehearsal(SPREAD)),
        program("piped TCP round trip, 1 ms", || in_rehearsal(SHORT.piped())),
        program("piped TCP round trip, 1 to 100 ms", || {
            in_rehearsal(SPREAD.piped())
        }),
    ]
}

async fn pong<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let mut message = [0; SIZE];
    while stream.read_exact(&mut message).await.is_ok() {
        stream.write_all(&message).await.expect("sent");
    }
}

async fn ping<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let mut message = [7; SIZE];
    for _ in 0..TRIPS {
        stream.write_all(&message).await.expect("sent");
        stream.read_exact(&mut message).await.expect("answered");
    }
}

fn any() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT)
}

fn in_rehearsal(links: Links) {
    use rehearsal_sim::tokio::net::{TcpListener, TcpStream};

    let config = Config {
        strategy: Box::new(Random::default()),
        net: links.ours(),
        ..Config::default()
    };
    let outcome = run(config, |world| async move {
        let (one, two) = (world.host("one"), world.host("two"));
        world.spawn_on(one, async {
            let listener = TcpListener::bind(any()).await.expect("bound");
            let (stream, _) = listener.accept().await.expect("accepted");
            pong(stream).await;
        });
        let all = world.spawn_on(two, async {
            ping(TcpStream::connect(("one", PORT)).await.expect("open")).await;
        });
        all.await.expect("no task fails");
    });
    assert_eq!(outcome.verdict.as_str(), "pass", "{}", outcome.verdict);
}

fn in_turmoil(links: Links) {
    use turmoil::net::{TcpListener, TcpStream};

    let mut sim = links.turmoil();
    sim.host("one", || async {
        let listener = TcpListener::bind(any()).await?;
        let (stream, _) = listener.accept().await?;
        pong(stream).await;
        Ok(())
    });
    sim.client("two", async {
        ping(TcpStream::connect(("one", PORT)).await?).await;
        Ok(())
    });
    sim.run().expect("turmoil's run ends well");
}
