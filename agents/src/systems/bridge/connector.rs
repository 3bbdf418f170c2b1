//! The two ends of a client's way to the bridge in the simulator: the bridge's
//! listener, and the client's connector.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::spawn;

use super::client::{ClientConnection, ConnectionLost, Connector};
use super::faults::BRIDGE;
use super::incarnation::Process;
use super::spec::Transport;
use super::{Bridge, BridgeError, PORT};
use crate::capability::Capability;
use crate::record::recorder::name_task;

/// Lets the bridge listen, if its clients come over the network.
pub(super) async fn open(transport: Transport, bridge: Arc<dyn Bridge>) {
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

/// Runs the bridge's listener. Panics if the bridge has none.
async fn listen(bridge: &dyn Bridge, listener: TcpListener) {
    let mut serving = bridge.serve(listener);
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        serving.as_mut().poll(context)
    })
    .await;
    if polls == 1 {
        unsupported(Capability::WebSocket);
    }
}

/// Ends the run. That nothing arrives would be found too, without the reason.
fn unsupported(capability: Capability) -> ! {
    panic!(
        "the bridge does not support {capability}: register its system with \
         `.without(Capability::{capability:?})`"
    )
}

/// A client's way to the bridge in the simulator.
pub(super) struct SimConnector {
    pub(super) transport: Transport,
    pub(super) process: Rc<Process>,
}

impl Connector for SimConnector {
    type Stream = TcpStream;

    async fn connect(&self) -> Result<ClientConnection, ConnectionLost> {
        match self.transport {
            Transport::InProcess => {
                let bridge = self.process.bridge().ok_or(ConnectionLost)?;
                match bridge.connect().await {
                    Ok(connection) => Ok(ClientConnection::Memory(connection)),
                    Err(BridgeError::Unsupported(capability)) => unsupported(capability),
                    Err(_) => Err(ConnectionLost),
                }
            }
            Transport::WebSocket => ClientConnection::open(&format!("{BRIDGE}:{PORT}")).await,
        }
    }
}
