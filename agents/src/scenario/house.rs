//! The house in which the simulator plays: its world, with a host for the bridge
//! and, if they have their own, one for each client.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::spawn;
use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::{HostId, World};

use super::life;
use super::stage::Stage;
use crate::bridge::{Bridge, BridgeError, PORT, Parts};
use crate::client::{Dial, Link, LinkLost};
use crate::recorder::name_task;
use crate::spec::Transport;
use crate::system::Capability;

pub(super) type Factory = Box<dyn Fn(Parts) -> Arc<dyn Bridge>>;

/// The name of the bridge's host.
const BRIDGE: &str = "bridge";

pub(super) struct House {
    pub(super) world: World,
    pub(super) stage: Rc<Stage>,
    make: Factory,
    pub(super) bridge_host: HostId,
    /// One for each client, or none if clients are in the bridge's process.
    pub(super) client_hosts: Vec<HostId>,
}

impl House {
    pub(super) fn new(world: World, stage: Rc<Stage>, make: Factory) -> Self {
        let bridge_host = world.host(BRIDGE);
        let client_hosts = match stage.spec.transport {
            Transport::InProcess => Vec::new(),
            Transport::WebSocket => stage
                .plan
                .clients
                .iter()
                .map(|identity| world.host(&identity.client.to_string()))
                .collect(),
        };
        Self {
            world,
            stage,
            make,
            bridge_host,
            client_hosts,
        }
    }

    /// Boots the bridge's host, and has it boot again after each crash.
    pub(super) fn boot_bridge(self: &Rc<Self>) {
        let house = Rc::clone(self);
        self.world.boot(self.bridge_host, move || {
            let house = Rc::clone(&house);
            async move { house.live().await }
        });
    }

    async fn live(&self) {
        name_task("bridge");
        let stage = &self.stage;
        let bridge = (self.make)(life::parts(stage));
        let opening = open(stage.spec.transport, Arc::clone(&bridge));
        life::live(stage, bridge, opening).await;
    }

    /// The bridge's host dies. What the bridge knew is gone, but for its disk.
    pub(super) fn crash_bridge(&self) {
        self.world.crash(self.bridge_host);
        self.stage.set_bridge(None);
        self.stage.journal.release();
        if let Some(epoch) = self.stage.journal.epoch() {
            self.stage.recorder.epoch_crashed(epoch);
        }
    }

    /// Starts the clients.
    pub(super) fn seat_clients(&self) -> Vec<JoinHandle<()>> {
        let hosts = self.client_hosts.iter().copied().map(Some);
        let hosts = hosts.chain(std::iter::repeat(None));
        let seat = |(identity, host): (_, Option<HostId>)| {
            let client = self
                .stage
                .client(identity, Telephone(Rc::clone(&self.stage)));
            let host = host.unwrap_or(self.bridge_host);
            self.world.spawn_on(host, client.run())
        };
        self.stage
            .plan
            .clients
            .iter()
            .zip(hosts)
            .map(seat)
            .collect()
    }
}

/// Has the bridge listen, if its clients come over the network.
async fn open(transport: Transport, bridge: Arc<dyn Bridge>) {
    let listener = match transport {
        Transport::InProcess => None,
        Transport::WebSocket => TcpListener::bind(("0.0.0.0", PORT)).await.ok(),
    };
    if let Some(listener) = listener {
        spawn(async move {
            name_task("listener");
            listen(&*bridge, listener).await;
        });
    }
}

/// As the bridge listens; tells if it does not.
async fn listen(bridge: &dyn Bridge, listener: TcpListener) {
    let mut serving = bridge.serve(listener);
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        serving.as_mut().poll(context)
    })
    .await;
    if polls == 1 {
        cannot(Capability::WebSocket);
    }
}

/// Ends the run. That nothing arrives would be found too, and would not say why.
fn cannot(capability: Capability) -> ! {
    panic!(
        "the bridge does not support {capability}: register its system with \
         `.without(Capability::{capability:?})`"
    )
}

/// A client's way to the bridge.
struct Telephone(Rc<Stage>);

impl Dial for Telephone {
    type Stream = TcpStream;

    async fn dial(&self) -> Result<Link, LinkLost> {
        match self.0.spec.transport {
            Transport::InProcess => {
                let bridge = self.0.bridge().ok_or(LinkLost)?;
                match bridge.connect().await {
                    Ok(connection) => Ok(Link::Memory(connection)),
                    Err(BridgeError::Unsupported(capability)) => cannot(capability),
                    Err(_) => Err(LinkLost),
                }
            }
            Transport::WebSocket => Link::open(&format!("{BRIDGE}:{PORT}")).await,
        }
    }
}
