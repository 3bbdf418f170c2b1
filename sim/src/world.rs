//! The world that a program runs in: hosts, links, faults, choices.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use crate::disk::{self, HostDisk};
use crate::engine::host::{ClockSkew, Host, HostState, SkewedClock};
use crate::engine::{Disposal, Engine, Exemption, context, deadlock};
use crate::ids::HostId;
use crate::net::{Direction, Opening};
use crate::rng::ChoiceRng;
use crate::schedule::{Label, Site, SiteId};
use crate::task::{self, JoinHandle};
use crate::time::{VirtualTime, micros};
use crate::trace::{Census, Effect, LiveTask, TaskEnd};

/// Returns the world of the run that this thread is in, or none outside a run.
pub fn current() -> Option<World> {
    context::with(|_| World::new())
}

/// A handle to the current run's world. Costs nothing to copy; means nothing
/// outside its run.
///
/// # Panics
///
/// Every method panics outside a run, and those that take a [`HostId`] panic if
/// it is another run's and out of range here.
#[derive(Clone, Copy, Debug)]
pub struct World(());

impl World {
    pub(crate) fn new() -> Self {
        Self(())
    }

    fn with<R>(self, f: impl FnOnce(&Engine) -> R) -> R {
        match context::with(f) {
            Some(result) => result,
            None => panic!("a World is used outside its run"),
        }
    }

    /// Returns the virtual time since the start of the run.
    pub fn now(self) -> VirtualTime {
        self.with(Engine::now)
    }

    // Extensions --------------------------------------------------------------

    /// Returns the run's value of a type, if one was inserted. It belongs to the run, not
    /// to a host: every task gets the same one, and a crash leaves it.
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// use rehearsal_sim::{Config, run};
    ///
    /// let outcome = run(Config::default(), |world| async move {
    ///     world.insert_extension(Cell::new(1_u32));
    ///     let count = world.extension::<Cell<u32>>().expect("it was inserted");
    ///     count.set(count.get() + 1);
    ///     world.extension::<Cell<u32>>().map(|count| count.get())
    /// });
    /// assert_eq!(outcome.value, Some(Some(2)));
    /// ```
    pub fn extension<T: 'static>(self) -> Option<Rc<T>> {
        self.with(|engine| engine.extensions.get())
    }

    /// Inserts a value of the run, and returns the one of its type that was there. What is
    /// left at the end of the run is dropped after its tasks, while it is still entered.
    pub fn insert_extension<T: 'static>(self, value: T) -> Option<Rc<T>> {
        self.with(|engine| engine.extensions.insert(value))
    }

    // Hosts -----------------------------------------------------------------

    /// Adds a host. Its name resolves to its address, as in `"name:port"`.
    pub fn host(self, name: &str) -> HostId {
        self.with(|engine| {
            let mut core = engine.core.borrow_mut();
            let id = core.hosts.push(Host::new(name.to_owned()));
            core.attach(id);
            id
        })
    }

    /// Returns the host's name.
    pub fn host_name(self, host: HostId) -> String {
        self.with(|engine| engine.core.borrow().hosts[host].name.clone())
    }

    /// Returns the state of the host.
    pub fn host_state(self, host: HostId) -> HostState {
        self.with(|engine| engine.core.borrow().hosts[host].state)
    }

    /// Returns the disk of a host, which is made at first use.
    #[track_caller]
    pub fn disk(self, host: HostId) -> HostDisk {
        HostDisk::new(host, Location::caller())
    }

    /// Returns the host of the running task.
    pub fn current_host(self) -> HostId {
        self.with(Engine::current_host)
    }

    /// Starts `program` on the host, and again each time the host restarts.
    #[track_caller]
    pub fn boot<F, Fut>(self, host: HostId, program: F)
    where
        F: Fn() -> Fut + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        let caller = Location::caller();
        let boot = Rc::new(move || {
            // The program's closure is user code: it runs outside any borrow.
            let future = program();
            context::with(|engine| {
                let handle = task::start(engine, future, host, caller);
                handle.exempt_from_cancellation(engine, Exemption::Root);
            });
        });
        self.with(|engine| {
            engine.core.borrow_mut().hosts[host].boot = Some(boot.clone());
        });
        boot();
    }

    /// Spawns a task on a host. It need not be `Send`: a run has one thread.
    #[track_caller]
    pub fn spawn_on<F>(self, host: HostId, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let caller = Location::caller();
        self.with(|engine| task::start(engine, future, host, caller))
    }

    /// Exempts the task and every task that it spawns from cancellation: they belong to the test
    /// and not to what is tested. See [`Config::cancellations`](crate::Config).
    pub fn exempt_from_cancellation<T>(self, task: &JoinHandle<T>) {
        self.with(|engine| task.exempt_from_cancellation(engine, Exemption::Subtree));
    }

    /// Has the run never cancel the task, but what it will spawn, even if the task around it is
    /// exempt with all that it spawns: the task belongs to the test, and runs what is tested.
    pub fn cancel_only_below<T>(self, task: &JoinHandle<T>) {
        self.with(|engine| task.exempt_from_cancellation(engine, Exemption::Root));
    }

    /// Names the running task, for reports.
    pub fn name_task(self, name: &str) {
        self.with(|engine| {
            if let Some(id) = engine.running() {
                engine.name_task(id, name);
            }
        });
    }

    // Faults ----------------------------------------------------------------

    fn fault(self, what: impl FnOnce(&dyn Fn(HostId) -> String) -> String) {
        self.with(|engine| {
            let mut core = engine.core.borrow_mut();
            let core = &mut *core;
            let what = what(&|host| core.hosts[host].name.clone());
            core.record(engine.now(), Effect::Fault { what });
            engine.wakes.wake_driver();
        });
    }

    /// Crashes a host: its tasks and connections are gone, without notice to its peers. Packets
    /// that it had sent still arrive. Destructors of its tasks do run (Rust has no way around
    /// that), but their packets are discarded. Without effect on a host that is down.
    ///
    /// Changes to its disk that were not synced may be lost: see [`DiskConfig`](crate::DiskConfig).
    ///
    /// Plain tasks of the host outlive the crash, because tokio has no handle by which another
    /// than their library could end them: the trace says how many do, and the census which.
    pub fn crash(self, host: HostId) {
        if self.host_state(host) == HostState::Down {
            return;
        }
        self.fault(|name| format!("crash {}", name(host)));
        self.with(|engine| {
            engine.cut_off(host);
            // First, so that destructors of its tasks change nothing on the disk.
            disk::crash(engine, host);
            {
                let mut core = engine.core.borrow_mut();
                let host = &mut core.hosts[host];
                host.state = HostState::Down;
                host.parked.clear();
            }
            engine.drop_tasks(
                &|task| task.host == host,
                TaskEnd::Crashed,
                Disposal::Recorded,
            );
            engine.discard_output(host);
            let outliving = engine.core.borrow().plain_tasks_on(host);
            if outliving > 0 {
                let name = self.host_name(host);
                let text = format!("{outliving} outlive the crash of {name}");
                engine.note("plain tasks", text);
            }
        });
    }

    /// Restarts a host that is down: its kernel answers again (old connections with a reset),
    /// and its boot program starts anew. Without effect on a host that is not down.
    pub fn restart(self, host: HostId) {
        if self.host_state(host) != HostState::Down {
            return;
        }
        self.fault(|name| format!("restart {}", name(host)));
        let boot = self.with(|engine| {
            let mut core = engine.core.borrow_mut();
            core.hosts[host].state = HostState::Up;
            core.resend_to(host, engine.now());
            core.hosts[host].boot.clone()
        });
        if let Some(boot) = boot {
            boot();
        }
    }

    /// Pauses a host, as in a long garbage collection: its tasks do not run, its kernel still
    /// answers. Only a host that is up can be paused.
    pub fn pause(self, host: HostId) {
        if self.host_state(host) != HostState::Up {
            return;
        }
        self.fault(|name| format!("pause {}", name(host)));
        self.with(|engine| engine.park(host));
    }

    /// Resumes a paused host.
    pub fn resume(self, host: HostId) {
        if self.host_state(host) != HostState::Paused {
            return;
        }
        self.fault(|name| format!("resume {}", name(host)));
        self.with(|engine| {
            let mut core = engine.core.borrow_mut();
            core.hosts[host].state = HostState::Up;
            Engine::unpark(&mut core, host);
        });
    }

    /// Stops all packets between `a` and `b`, or one way only. TCP sends again after
    /// [`World::heal`]; datagrams are lost. A connection whose packets stall for too long times
    /// out.
    pub fn partition(self, a: HostId, b: HostId, direction: Direction) {
        self.fault(|name| format!("partition {} {direction} {}", name(a), name(b)));
        self.with(|engine| engine.core.borrow_mut().set_blocked(a, b, direction, true));
    }

    /// Ends partitions between `a` and `b`, in the given direction.
    pub fn heal(self, a: HostId, b: HostId, direction: Direction) {
        self.fault(|name| format!("heal {} {direction} {}", name(a), name(b)));
        self.with(|engine| {
            let mut core = engine.core.borrow_mut();
            core.set_blocked(a, b, direction, false);
            core.resend_between(a, b, direction, engine.now());
        });
    }

    /// Holds packets between `a` and `b`, all of them and in order.
    pub fn hold(self, a: HostId, b: HostId, direction: Direction) {
        self.fault(|name| format!("hold {} {direction} {}", name(a), name(b)));
        self.with(|engine| engine.core.borrow_mut().set_held(a, b, direction, true));
    }

    /// Releases held packets.
    pub fn release(self, a: HostId, b: HostId, direction: Direction) {
        self.fault(|name| format!("release {} {direction} {}", name(a), name(b)));
        self.with(|engine| {
            let mut core = engine.core.borrow_mut();
            core.set_held(a, b, direction, false);
            core.release_between(a, b, direction, engine.now());
        });
    }

    /// Resets every TCP connection between `a` and `b`, at both ends. Returns the number of
    /// connections.
    pub fn reset_connections(self, a: HostId, b: HostId) -> usize {
        self.fault(|name| format!("reset connections {} <-> {}", name(a), name(b)));
        self.with(|engine| engine.reset_between(a, b))
    }

    /// Has `host` forget every TCP connection to `peer`, as if it had lost its power and come back:
    /// the tasks of `host` get an error, and `peer` no notice. Its end stays half open until it
    /// writes, which is answered with a reset. Returns the number of connections.
    pub fn half_open_connections(self, host: HostId, peer: HostId) -> usize {
        self.fault(|name| format!("half-open connections {} of {}", name(peer), name(host)));
        self.with(|engine| engine.forget_between(host, peer))
    }

    /// Sets what happens to connections that `from` opens to `to`: they come about, are refused, or
    /// hang until they come about again (and TCP tries once more) or time out. Those that are open
    /// already are not concerned.
    pub fn set_opening(self, from: HostId, to: HostId, opening: Opening) {
        let what = match opening {
            Opening::Works => "accept",
            Opening::Refused => "refuse",
            Opening::Hangs => "hang",
        };
        self.fault(|name| format!("{what} connections {} -> {}", name(from), name(to)));
        self.with(|engine| {
            let mut core = engine.core.borrow_mut();
            core.set_opening(from, to, opening);
            if opening == Opening::Works {
                core.resend_between(from, to, Direction::Forward, engine.now());
            }
        });
    }

    /// Sets the wall clock of a host wrong, from now on. It is the clock of
    /// [`World::clock_shift`] and, in a [hermetic](crate::Ambient::Hermetic) run,
    /// `SystemTime::now` on that host. Timers and `Instant` keep the run's time.
    pub fn set_clock(self, host: HostId, skew: ClockSkew) {
        let ClockSkew {
            offset_micros,
            drift_ppm,
        } = skew;
        self.fault(|name| {
            format!(
                "clock of {} {offset_micros:+} us {drift_ppm:+} ppm",
                name(host)
            )
        });
        self.with(|engine| {
            let mut core = engine.core.borrow_mut();
            core.has_skewed_clock = true;
            let since = engine.now();
            core.hosts[host].clock = Some(SkewedClock { skew, since });
        });
    }

    /// Returns the microseconds by which the wall clock of the running task's host is ahead of the
    /// run's time, or behind if they are negative.
    pub fn clock_shift(self) -> i64 {
        self.with(|engine| {
            let host = engine.current_host();
            engine.core.borrow().hosts[host].clock_shift(engine.now())
        })
    }

    // Choices and the record ------------------------------------------------

    /// Returns the site with that label. Keep it if you draw often. Each label has a random
    /// stream of its own, which no other label's draws change.
    pub fn site(self, label: &str) -> SiteId {
        self.site_of(Label::new(label))
    }

    /// Returns the site `family member`, as in `start agent-3`: one of several sites of
    /// one purpose. The shrinker tries to do without a family before it looks at
    /// each of its members.
    pub fn site_in(self, family: &str, member: impl fmt::Display) -> SiteId {
        self.site_of(Label::in_family(family, member))
    }

    fn site_of(self, label: Label) -> SiteId {
        self.with(|engine| engine.draws(|draws| draws.site(Site::World(label))))
    }

    /// Makes a choice among `0..bound`, where 0 is the default. A bound of 0 or 1
    /// leaves no choice and gives 0.
    pub fn draw(self, site: SiteId, bound: u32) -> u32 {
        self.with(|engine| engine.draws(|draws| draws.draw(site, bound)))
    }

    /// Returns a generator of `rand`'s whose numbers are choices at the site with that label.
    pub fn rng(self, label: &str) -> ChoiceRng {
        ChoiceRng::new(self.site(label))
    }

    /// Draws a duration of whole milliseconds from `least` to `most`, both included; `least` is
    /// the default, and the result if `most` is not more.
    pub fn draw_duration(self, site: SiteId, least: Duration, most: Duration) -> Duration {
        let span = micros(most.saturating_sub(least)) / 1_000;
        let bound = u32::try_from(span).unwrap_or(u32::MAX).saturating_add(1);
        least + Duration::from_millis(u64::from(self.draw(site, bound)))
    }

    /// Returns `true` if a note is part of what the run records. Of no other run need its text
    /// be made.
    pub fn keeps_notes(self) -> bool {
        self.with(Engine::keeps_notes)
    }

    /// Adds a note to the trace and the fingerprint.
    pub fn note(self, label: &'static str, text: String) {
        self.with(|engine| engine.note(label, text));
    }

    /// Adds a line that the code under test logged to the trace, for reports alone: the
    /// fingerprint does not have it. Without full recording `text` is not called.
    pub fn log(self, level: &'static str, text: impl FnOnce() -> String) {
        self.with(|engine| engine.log(level, text));
    }

    // Observation -----------------------------------------------------------

    /// Waits until no task is ready and no packet is in flight: the remaining tasks wait for
    /// time to pass, or for ever.
    pub async fn settled(self) {
        // The caller itself is running, so the run is never quiet at the first poll.
        let mut registered = false;
        poll_fn(|cx| {
            if registered && self.with(Engine::is_quiet) {
                return Poll::Ready(());
            }
            registered = true;
            self.with(|engine| engine.add_quiescence_waiter(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Returns everything that is alive now, except the running task.
    pub fn census(self) -> Census {
        self.with(|engine| {
            let sockets = engine.sockets();
            let core = engine.core.borrow();
            let me = core.running;
            let mut census = Census {
                sockets,
                ..Census::default()
            };
            for id in core.live().filter(|id| Some(*id) != me) {
                let Some(task) = core.task(id) else { continue };
                census.timers += task
                    .waits
                    .iter()
                    .filter(|wait| deadlock::is_timer(&core, wait))
                    .count();
                census.tasks.push(LiveTask {
                    id,
                    name: task.name.clone(),
                    host: core.hosts[task.host].name.clone(),
                    spawned_at: task.spawned_at.to_string(),
                    waits: deadlock::describe_waits(&core, id),
                });
            }
            census.plain_tasks = core.live_plain_tasks();
            census.locks = deadlock::held_locks(&core);
            census
        })
    }
}
