//! Futures that a run may drop at any of their awaits.
//!
//! Dropping a future at an await is what `abort`, `select!`, a time-out and a client that
//! disconnects do to real code. What the future has taken and not yet put anywhere is lost then.
//!
//! Inside a run [`cancellable`] makes each await of a future a choice of the run: it goes on,
//! or it is dropped there. The setting [`Config::cancellations`](crate::Config) does the same to
//! every spawned task, and to the futures of time-outs.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::engine::cancellations::{Part, PartKind, PartPoll, poll_part};

/// Marks a future that the run may drop at any of its awaits; then the result is [`Cancelled`].
/// Outside a run it is never dropped.
///
/// The default choice, and the one of the strategy `fifo`, is to go on.
///
/// ```
/// use rehearsal_sim::cancel::{Cancelled, cancellable};
/// use rehearsal_sim::tokio::sync::mpsc;
/// use rehearsal_sim::{Config, Random, run};
///
/// let outcomes = (0..50).map(|seed| {
///     let config = Config { seed, strategy: Box::new(Random::default()), ..Config::default() };
///     let outcome = run(config, |_| async {
///         let (sender, mut receiver) = mpsc::channel(1);
///         sender.send(7).await.expect("there is room");
///         cancellable(receiver.recv()).await
///     });
///     outcome.value.expect("the program returns")
/// });
/// let outcomes: Vec<_> = outcomes.collect();
/// assert!(outcomes.contains(&Ok(Some(7))) && outcomes.contains(&Err(Cancelled)));
/// ```
#[track_caller]
pub fn cancellable<F: IntoFuture>(future: F) -> Cancellable<F::IntoFuture> {
    Cancellable {
        inner: Some(future.into_future()),
        part: Part {
            kind: PartKind::Marked,
            place: Location::caller(),
            was_polled: false,
        },
    }
}

/// The run has dropped a future of [`cancellable`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run has dropped the future at an await")
    }
}

impl std::error::Error for Cancelled {}

pin_project! {
    /// The future of [`cancellable`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Cancellable<F> {
        // None once it has ended or was dropped.
        #[pin]
        inner: Option<F>,
        part: Part,
    }
}

impl<F> fmt::Debug for Cancellable<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancellable")
            .field("marked_at", &self.part.place)
            .finish_non_exhaustive()
    }
}

impl<F: Future> Future for Cancellable<F> {
    type Output = Result<F::Output, Cancelled>;

    /// # Panics
    ///
    /// If it has returned its result before.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            panic!("a cancellable future is polled after its end");
        };
        let result = match poll_part(*this.part, || inner.poll(cx)) {
            PartPoll::Polled(Poll::Pending) => return Poll::Pending,
            PartPoll::Polled(Poll::Ready(output)) => Ok(output),
            PartPoll::Dropped => Err(Cancelled),
        };
        this.inner.set(None);
        Poll::Ready(result)
    }
}
