//! The broker against connections that no member makes.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_history::{Epoch, MessageId};
use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use rehearsal_sim::{Config, HostId, Random, Verdict, World};

use super::super::events::EventSettings;
use super::super::settings::BusSettings;
use super::super::wire::{
    Answer, BrokerFrame, Content, Cursor, Disconnected, FrameReader, FrameWriter, MemberFrame,
    MemberId, Message, Order, OrderNumber, PORT, Refusal, TeamId,
};
use super::{Broker, Held, Journal, Roster};
use crate::network::{Network, Tcp};

const ONE: MemberId = MemberId(1);
const OTHER: MemberId = MemberId(2);
const FOREIGN: MemberId = MemberId(3);
const UNKNOWN: MemberId = MemberId(9);

/// A broker on a host of its own, with two members of one team and one of another.
fn boot(world: World, host: HostId, settings: BusSettings) -> Arc<Broker> {
    let roster = Roster::from([(ONE, TeamId(1)), (OTHER, TeamId(1)), (FOREIGN, TeamId(2))]);
    let journal = Journal::new(settings.write);
    let broker = Arc::new(Broker::open(
        settings,
        EventSettings::default(),
        Arc::new(roster),
        journal,
        None,
    ));
    let serving = Arc::clone(&broker);
    world.spawn_on(host, async move {
        let listener = Tcp.listen(PORT).await;
        serving
            .serve::<Tcp>(listener.expect("the port is free"))
            .await;
    });
    broker
}

/// One end of a connection, frame by frame.
struct Peer {
    reader: FrameReader<OwnedReadHalf>,
    writer: FrameWriter<OwnedWriteHalf>,
}

impl Peer {
    async fn connect() -> Self {
        let stream = TcpStream::connect(("bus", PORT)).await;
        let (reading, writing) = stream.expect("a connection").into_split();
        Self {
            reader: FrameReader::new(reading),
            writer: FrameWriter::new(writing),
        }
    }

    async fn register(member: MemberId) -> Self {
        let mut peer = Self::connect().await;
        let taken = Cursor::default();
        peer.send(MemberFrame::Hello { member, taken }).await;
        let epoch = Epoch(1);
        assert_eq!(peer.next().await, Ok(BrokerFrame::Welcome { epoch }));
        peer
    }

    async fn send(&mut self, frame: MemberFrame) {
        let sent = self.writer.send(&[frame]).await;
        assert_eq!(sent, Ok(()));
    }

    async fn next(&mut self) -> Result<BrokerFrame, Disconnected> {
        self.reader.next().await
    }

    /// Sends a message under the next number. Returns the answer.
    async fn order(&mut self, number: u64, content: Content) -> Answer {
        let message = Message {
            id: MessageId(number),
            from: ONE,
            team: TeamId(1),
            sent_ms: 0,
            secret: String::new(),
            content,
        };
        let number = OrderNumber(number);
        let order = Order::Send(message);
        self.send(MemberFrame::Submit { number, order }).await;
        match self.next().await {
            Ok(BrokerFrame::Answer {
                number: answered,
                answer,
            }) if answered == number => answer,
            other => panic!("no answer to {number:?}: {other:?}"),
        }
    }
}

fn notification(to: MemberId) -> Content {
    Content::Notification { to, number: 0 }
}

/// Runs a program on a host of its own, beside a broker, under some seeds. Then the broker
/// is shut down, and must leave no task behind.
fn with_broker<F: Future<Output = ()> + 'static>(
    settings: BusSettings,
    program: impl Fn(World, Arc<Broker>) -> F + Copy + 'static,
) {
    for seed in 0..16 {
        let config = Config {
            seed,
            strategy: Box::new(Random::default()),
            ..Config::default()
        };
        let settings = settings.clone();
        let outcome = rehearsal_sim::run(config, move |world| async move {
            let (bus, peer) = (world.host("bus"), world.host("peer"));
            let broker = boot(world, bus, settings);
            world.settled().await;
            let done = world.spawn_on(peer, program(world, Arc::clone(&broker)));
            done.await.expect("it does not panic");
            broker.shut_down().await;
            world.settled().await;
            world.census().tasks
        });
        assert_eq!(outcome.verdict, Verdict::Pass, "seed {seed}");
        assert_eq!(outcome.value, Some(Vec::new()), "seed {seed}");
    }
}

#[test]
fn message_to_a_member_out_of_reach_is_rejected() {
    with_broker(BusSettings::default(), |_, _| async {
        let _foreign = Peer::register(FOREIGN).await;
        let mut peer = Peer::register(ONE).await;
        for (number, to) in (1..).zip([OTHER, FOREIGN, UNKNOWN, ONE]) {
            let answer = peer.order(number, notification(to)).await;
            assert_eq!(answer, Answer::Rejected(Refusal::UnknownMember(to)));
        }
        let _registered = Peer::register(OTHER).await;
        let answer = peer.order(5, notification(OTHER)).await;
        assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
    });
}

#[test]
fn response_to_nothing_is_rejected() {
    with_broker(BusSettings::default(), |_, _| async {
        let _other = Peer::register(OTHER).await;
        let mut peer = Peer::register(ONE).await;
        let request = MessageId(77);
        let content = Content::Response {
            to: OTHER,
            request,
            number: 0,
        };
        let answer = peer.order(1, content).await;
        assert_eq!(answer, Answer::Rejected(Refusal::NotAwaited(request)));
    });
}

#[test]
fn unknown_member_is_not_welcome() {
    with_broker(BusSettings::default(), |_, _| async {
        let mut peer = Peer::connect().await;
        let (member, taken) = (UNKNOWN, Cursor::default());
        peer.send(MemberFrame::Hello { member, taken }).await;
        assert_eq!(peer.next().await, Err(Disconnected));
    });
}

#[test]
fn later_connection_of_a_member_ends_the_earlier_one() {
    with_broker(BusSettings::default(), |world, broker| async move {
        let mut earlier = Peer::register(ONE).await;
        let mut later = Peer::register(ONE).await;
        assert_eq!(earlier.next().await, Err(Disconnected));
        world.settled().await;
        assert_eq!(broker.held().await, [Held::Session(ONE)]);
        later.send(MemberFrame::Ping).await;
        assert_eq!(later.next().await, Ok(BrokerFrame::Pong));
    });
}

#[test]
fn goodbye_is_answered_when_everything_is_taken() {
    with_broker(BusSettings::default(), |world, _| async move {
        let mut receiver = Peer::register(OTHER).await;
        let mut sender = Peer::register(ONE).await;
        let answer = sender.order(1, notification(OTHER)).await;
        assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
        receiver.send(MemberFrame::Bye).await;
        let delivered = receiver.next().await;
        let Ok(BrokerFrame::Deliver { cursor, .. }) = delivered else {
            panic!("no message: {delivered:?}");
        };
        world.settled().await;
        receiver.send(MemberFrame::Taken(cursor)).await;
        assert_eq!(receiver.next().await, Ok(BrokerFrame::Bye));
        assert_eq!(receiver.next().await, Err(Disconnected));
    });
}

#[test]
fn no_more_is_sent_than_the_prefetch_allows() {
    let settings = BusSettings {
        prefetch: 1,
        ..BusSettings::default()
    };
    with_broker(settings, |_, _| async {
        let mut receiver = Peer::register(OTHER).await;
        let mut sender = Peer::register(ONE).await;
        for number in 1..=2 {
            sender.order(number, notification(OTHER)).await;
        }
        let first = receiver.next().await;
        assert!(
            matches!(first, Ok(BrokerFrame::Deliver { .. })),
            "{first:?}"
        );
        let second = receiver.next();
        let waiting = rehearsal_sim::tokio::time::timeout(Duration::from_secs(1), second).await;
        assert!(waiting.is_err(), "{waiting:?}");
        receiver.send(MemberFrame::Taken(Cursor(1))).await;
        let second = receiver.next().await;
        let Ok(BrokerFrame::Deliver { cursor, .. }) = second else {
            panic!("no message: {second:?}");
        };
        assert_eq!(cursor, Cursor(2));
    });
}
