//! Borrowed halves.

use ::tokio::net::tcp as real;

use super::super::simulated::Connection;
use crate::point::Progress;

/// The read half of a borrowed stream.
pub struct ReadHalf<'a>(Inner<'a, real::ReadHalf<'a>>);

/// The write half of a borrowed stream.
pub struct WriteHalf<'a>(Inner<'a, real::WriteHalf<'a>>);

enum Inner<'a, R> {
    Simulated {
        connection: &'a Connection,
        progress: &'a mut Progress,
    },
    Real(R),
}

impl<'a> ReadHalf<'a> {
    pub(in super::super) fn simulated(
        connection: &'a Connection,
        progress: &'a mut Progress,
    ) -> Self {
        Self(Inner::Simulated {
            connection,
            progress,
        })
    }

    pub(in super::super) fn real(half: real::ReadHalf<'a>) -> Self {
        Self(Inner::Real(half))
    }
}

impl<'a> WriteHalf<'a> {
    pub(in super::super) fn simulated(
        connection: &'a Connection,
        progress: &'a mut Progress,
    ) -> Self {
        Self(Inner::Simulated {
            connection,
            progress,
        })
    }

    pub(in super::super) fn real(half: real::WriteHalf<'a>) -> Self {
        Self(Inner::Real(half))
    }
}

super::read_half!(['a] ReadHalf<'a>);
super::write_half!(['a] WriteHalf<'a>);
