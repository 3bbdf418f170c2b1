//! The names of things that have no name of their own in the specification's
//! types.

use rehearsal_agents::spec::{FailureMode, ThreadPolicy, Transport};

/// Transports with their names in scenario files and on the command line.
pub const TRANSPORTS: [(&str, Transport); 2] = [
    ("websocket", Transport::WebSocket),
    ("in-process", Transport::InProcess),
];

/// Thread policies with their names in scenario files.
pub const THREAD_POLICIES: [(&str, ThreadPolicy); 3] = [
    ("own", ThreadPolicy::Own),
    ("group", ThreadPolicy::Group),
    ("shared", ThreadPolicy::Shared),
];

/// Failure modes with their names in scenario files.
pub const FAILURE_MODES: [(&str, FailureMode); 3] = [
    ("exception", FailureMode::Exception),
    ("timeout", FailureMode::Timeout),
    ("silent-death", FailureMode::SilentDeath),
];

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
