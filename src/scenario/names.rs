//! The names of transports.

use rehearsal_agents::bridge::Transport;

pub use rehearsal_agents::sections::bridge::TRANSPORTS;

/// The name of a transport.
pub fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::WebSocket => "websocket",
        Transport::InProcess => "in-process",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports_go_by_the_names_in_the_table() {
        for (name, value) in TRANSPORTS {
            assert_eq!(transport(value), name);
        }
    }
}
