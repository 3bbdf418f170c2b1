//! A nearly idle hour: four hosts each send one datagram a second to a fifth.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use rehearsal_sim::{Config, Random, run};

use crate::instructions::Program;
use crate::links::SHORT;
use crate::measure::{in_turn, side};
use crate::peer::Peer;
use crate::table::{Figures, Goal, Row};

const HOSTS: u32 = 4;
const HOUR: u32 = 3_600;
/// Seconds that classic turmoil runs; an hour is a multiple.
const PART: u32 = 60;
const PORT: u16 = 9_000;
const TURNS: u32 = 9;

pub(crate) fn rows(madsim: &Peer) -> Vec<Row> {
    let [ours, turmoil, madsim] = in_turn(
        TURNS,
        [
            side(1, || in_rehearsal(HOUR)),
            side(1, || in_turmoil(PART)),
            madsim.side("heartbeats", [HOSTS, HOUR], 1),
        ],
    );
    let row = |peer: String, theirs, goal| Row {
        work: "an hour of 5 hosts, of which 4 send a datagram each second".to_owned(),
        peer,
        figures: Figures::of(&ours, &theirs),
        goal: Goal::Faster(goal),
    };
    let scale = HOUR / PART;
    vec![
        row(
            format!("classic turmoil, {PART} s, times {scale}"),
            turmoil.map(|times| times.into_iter().map(|time| time * scale).collect()),
            2_000.0,
        ),
        row("madsim".to_owned(), madsim, 1.7),
    ]
}

/// Returns the programs whose instructions are counted.
pub(crate) fn programs() -> [Program; 1] {
    [Program::new(
        "datagram of an idle hour",
        HOSTS * HOUR,
        || {
            in_rehearsal(HOUR);
        },
    )]
}

fn any() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT)
}

fn in_rehearsal(seconds: u32) {
    use rehearsal_sim::tokio::net::UdpSocket;
    use rehearsal_sim::tokio::time::sleep;

    let config = Config {
        strategy: Box::new(Random::default()),
        net: SHORT.ours(),
        ..Config::default()
    };
    let outcome = run(config, |world| async move {
        let hub = world.host("hub");
        let hosts: Vec<_> = (0..HOSTS)
            .map(|host| world.host(&format!("host-{host}")))
            .collect();
        let all = world.spawn_on(hub, async move {
            let socket = UdpSocket::bind(any()).await.expect("bound");
            let mut message = [0; 16];
            for _ in 0..HOSTS * seconds {
                socket.recv_from(&mut message).await.expect("received");
            }
        });
        for host in hosts {
            world.spawn_on(host, async move {
                let socket = UdpSocket::bind(any()).await.expect("bound");
                socket.connect(("hub", PORT)).await.expect("a name");
                for _ in 0..seconds {
                    sleep(Duration::from_secs(1)).await;
                    socket.send(b"alive").await.expect("sent");
                }
            });
        }
        all.await.expect("no task fails");
    });
    assert_eq!(outcome.verdict.as_str(), "pass", "{}", outcome.verdict);
}

fn in_turmoil(seconds: u32) {
    use turmoil::net::UdpSocket;

    let mut sim = SHORT.turmoil();
    sim.client("hub", async move {
        let socket = UdpSocket::bind(any()).await?;
        let mut message = [0; 16];
        for _ in 0..HOSTS * seconds {
            socket.recv_from(&mut message).await?;
        }
        Ok(())
    });
    for host in 0..HOSTS {
        sim.client(format!("host-{host}"), async move {
            let socket = UdpSocket::bind(any()).await?;
            let hub = SocketAddr::new(turmoil::lookup("hub"), PORT);
            for _ in 0..seconds {
                tokio::time::sleep(Duration::from_secs(1)).await;
                socket.send_to(b"alive", hub).await?;
            }
            Ok(())
        });
    }
    sim.run().expect("turmoil's run ends well");
}
