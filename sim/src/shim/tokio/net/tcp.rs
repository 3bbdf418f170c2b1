//! The two directions of a [`TcpStream`](super::TcpStream), as in
//! `tokio::net::tcp`.

mod split;
mod split_owned;

pub use split::{ReadHalf, WriteHalf};
pub use split_owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};

/// Methods of both halves, borrowed or owned. Their field `0` is an `Inner`
/// with the variants `Simulated { connection, progress }` and `Real`.
macro_rules! half {
    ([$($lifetime:lifetime)?] $half:ty) => {
        impl<$($lifetime)?> $half {
            /// Returns the address of this end.
            ///
            /// # Errors
            ///
            /// If the system reports one. In a run: if that is over.
            pub fn local_addr(&self) -> ::std::io::Result<::std::net::SocketAddr> {
                match &self.0 {
                    Inner::Simulated { connection, .. } => connection.local_addr(),
                    Inner::Real(half) => half.local_addr(),
                }
            }

            /// Returns the address of the other end.
            ///
            /// # Errors
            ///
            /// If the system reports one. In a run: if that is over.
            pub fn peer_addr(&self) -> ::std::io::Result<::std::net::SocketAddr> {
                match &self.0 {
                    Inner::Simulated { connection, .. } => connection.peer_addr(),
                    Inner::Real(half) => half.peer_addr(),
                }
            }
        }

        impl<$($lifetime)?> ::std::fmt::Debug for $half {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match &self.0 {
                    Inner::Simulated { connection, .. } => ::std::fmt::Debug::fmt(&**connection, f),
                    Inner::Real(half) => ::std::fmt::Debug::fmt(half, f),
                }
            }
        }
    };
}

/// Methods of a read half.
macro_rules! read_half {
    ([$($lifetime:lifetime)?] $half:ty) => {
        $crate::tokio::net::tcp::half!([$($lifetime)?] $half);

        impl<$($lifetime)?> $half {
            /// As [`TcpStream::peek`](crate::tokio::net::TcpStream::peek).
            ///
            /// # Errors
            ///
            /// As a read.
            pub async fn peek(&mut self, buf: &mut [u8]) -> ::std::io::Result<usize> {
                match &mut self.0 {
                    Inner::Simulated { connection, .. } => connection.peek(buf).await,
                    Inner::Real(half) => half.peek(buf).await,
                }
            }

            /// As [`TcpStream::readable`](crate::tokio::net::TcpStream::readable).
            ///
            /// # Errors
            ///
            /// If the system reports one. In a run: if that is over.
            pub async fn readable(&self) -> ::std::io::Result<()> {
                match &self.0 {
                    Inner::Simulated { connection, .. } => connection.readable().await,
                    Inner::Real(half) => half.readable().await,
                }
            }

            /// As [`TcpStream::try_read`](crate::tokio::net::TcpStream::try_read).
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is nothing to read, and as a read.
            pub fn try_read(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
                match &self.0 {
                    Inner::Simulated { connection, .. } => connection.try_read(buf),
                    Inner::Real(half) => half.try_read(buf),
                }
            }
        }

        impl<$($lifetime)?> ::tokio::io::AsyncRead for $half {
            fn poll_read(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buf: &mut ::tokio::io::ReadBuf<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                match &mut self.get_mut().0 {
                    Inner::Simulated { connection, progress } => {
                        connection.drive_read(progress, cx, buf)
                    }
                    Inner::Real(half) => ::std::pin::Pin::new(half).poll_read(cx, buf),
                }
            }
        }
    };
}

/// Methods of a write half.
macro_rules! write_half {
    ([$($lifetime:lifetime)?] $half:ty) => {
        $crate::tokio::net::tcp::half!([$($lifetime)?] $half);

        impl<$($lifetime)?> $half {
            /// As [`TcpStream::writable`](crate::tokio::net::TcpStream::writable).
            ///
            /// # Errors
            ///
            /// If the system reports one. In a run: if that is over.
            pub async fn writable(&self) -> ::std::io::Result<()> {
                match &self.0 {
                    Inner::Simulated { connection, .. } => connection.writable().await,
                    Inner::Real(half) => half.writable().await,
                }
            }

            /// As [`TcpStream::try_write`](crate::tokio::net::TcpStream::try_write).
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is no room, and as a write.
            pub fn try_write(&self, buf: &[u8]) -> ::std::io::Result<usize> {
                match &self.0 {
                    Inner::Simulated { connection, .. } => connection.try_write(buf),
                    Inner::Real(half) => half.try_write(buf),
                }
            }
        }

        impl<$($lifetime)?> ::tokio::io::AsyncWrite for $half {
            fn poll_write(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buf: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                match &mut self.get_mut().0 {
                    Inner::Simulated { connection, progress } => {
                        connection.drive_write(progress, cx, buf)
                    }
                    Inner::Real(half) => ::std::pin::Pin::new(half).poll_write(cx, buf),
                }
            }

            fn poll_write_vectored(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bufs: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                match &mut self.get_mut().0 {
                    Inner::Simulated { connection, progress } => {
                        connection.drive_write_vectored(progress, cx, bufs)
                    }
                    Inner::Real(half) => {
                        ::std::pin::Pin::new(half).poll_write_vectored(cx, bufs)
                    }
                }
            }

            fn is_write_vectored(&self) -> bool {
                match &self.0 {
                    Inner::Simulated { .. } => false,
                    Inner::Real(half) => half.is_write_vectored(),
                }
            }

            fn poll_flush(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                match &mut self.get_mut().0 {
                    Inner::Simulated { .. } => ::std::task::Poll::Ready(Ok(())),
                    Inner::Real(half) => ::std::pin::Pin::new(half).poll_flush(cx),
                }
            }

            fn poll_shutdown(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                match &mut self.get_mut().0 {
                    Inner::Simulated { connection, progress } => {
                        connection.drive_shutdown(progress, cx)
                    }
                    Inner::Real(half) => ::std::pin::Pin::new(half).poll_shutdown(cx),
                }
            }
        }
    };
}

use {half, read_half, write_half};
