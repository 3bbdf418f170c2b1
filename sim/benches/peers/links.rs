//! The links between hosts, alike on both sides.

use std::fmt;
use std::time::Duration;

use rehearsal_sim::{NetConfig, TcpModel};

/// The latency of packets, at least 1 ms. Classic turmoil pays for each millisecond of virtual
/// time, so that short links flatter it.
#[derive(Clone, Copy)]
pub(crate) struct Links {
    max: Duration,
    /// Rehearsal's simulation of TCP.
    tcp: TcpModel,
}

/// Each packet travels 1 ms: the best case of classic turmoil.
pub(crate) const SHORT: Links = Links {
    max: LEAST,
    tcp: TcpModel::Machine,
};

/// Each packet travels 1 to 100 ms: classic turmoil's default is 0 to 100.
pub(crate) const SPREAD: Links = Links {
    max: Duration::from_millis(100),
    tcp: TcpModel::Machine,
};

const LEAST: Duration = Duration::from_millis(1);

impl Links {
    /// Returns the same links with pipes in Rehearsal's network.
    pub(crate) const fn piped(self) -> Self {
        Self {
            tcp: TcpModel::Pipes,
            ..self
        }
    }

    /// Returns Rehearsal's network with these links.
    pub(crate) fn ours(self) -> NetConfig {
        NetConfig {
            latency_min: LEAST,
            latency_max: self.max,
            tcp: self.tcp,
            ..NetConfig::default()
        }
    }

    /// Returns a simulation of classic turmoil with these links.
    pub(crate) fn turmoil<'a>(self) -> turmoil::Sim<'a> {
        turmoil::Builder::new()
            .simulation_duration(Duration::from_secs(3_600))
            .min_message_latency(LEAST)
            .max_message_latency(self.max)
            .tcp_capacity(4_096)
            .build()
    }
}

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.max == LEAST {
            f.write_str("links of 1 ms")?;
        } else {
            write!(f, "links of 1 to {} ms", self.max.as_millis())?;
        }
        match self.tcp {
            TcpModel::Machine => Ok(()),
            TcpModel::Pipes => f.write_str(", pipes"),
        }
    }
}
