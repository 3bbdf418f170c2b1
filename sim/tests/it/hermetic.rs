//! Hermetic runs: ambient values come from the seed.
#![cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "what is banned in the engine is what code under test does"
)]

use std::collections::{BTreeSet, HashMap};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rehearsal_sim::tokio::{spawn, time};
use rehearsal_sim::{
    Ambient, ClockSkew, Config, Outcome, Verdict, WALL_CLOCK_START, World, run, run_hermetic,
};

use crate::support::config;

/// Runs three tasks that read all sorts of ambient values and note them.
async fn curious(world: World) {
    let handles: Vec<_> = (0..3u64).map(|task| spawn(ask(world, task))).collect();
    for handle in handles {
        handle.await.expect("no task fails");
    }
}

async fn ask(world: World, task: u64) {
    let started = Instant::now();
    for round in 0..4u64 {
        let map: HashMap<u64, u64> = (0..16).map(|key| (key, key * round)).collect();
        world.note("order", format!("{map:?}"));
        world.note("rand", rand::random::<u64>().to_string());
        world.note("uuid", uuid::Uuid::new_v4().to_string());
        world.note(
            "wall",
            format!("{:?}", SystemTime::now().duration_since(UNIX_EPOCH)),
        );
        // A branch that depends on ambient randomness, and time that passes.
        let pause = rand::random_range(1..50) + task;
        time::sleep(Duration::from_millis(pause)).await;
        world.note("elapsed", format!("{:?}", started.elapsed()));
    }
}

fn curious_run(seed: u64) -> Outcome<()> {
    let outcome = run_hermetic(move || config(seed), curious);
    assert_eq!(outcome.verdict, Verdict::Pass);
    outcome
}

fn fingerprints(seeds: impl IntoIterator<Item = u64>) -> Vec<String> {
    let each = |seed| curious_run(seed).fingerprint.to_string();
    seeds.into_iter().map(each).collect()
}

#[test]
fn scopes_are_effective_in_this_build() {
    assert!(rehearsal_hermetic::is_effective());
}

#[test]
fn each_seed_has_one_fingerprint_of_its_own() {
    let first = fingerprints(0..200);
    assert_eq!(first, fingerprints(0..200));
    let different: BTreeSet<_> = first.iter().collect();
    assert_eq!(different.len(), 200);
}

/// Each kind of value differs between seeds by itself: one that does not vary would hide behind
/// one that does.
#[test]
fn each_ambient_value_depends_on_the_seed() {
    let notes = |seed| {
        let mut of_label: HashMap<&str, Vec<String>> = HashMap::new();
        for entry in curious_run(seed).trace.entries {
            if let rehearsal_sim::Effect::Note { label, text, .. } = entry.effect {
                of_label.entry(label).or_default().push(text);
            }
        }
        of_label
    };
    let (one, other) = (notes(1), notes(2));
    for label in ["order", "rand", "uuid", "wall", "elapsed"] {
        assert_eq!(one[label].len(), 12);
        assert_ne!(one[label], other[label], "{label}");
    }
}

/// Runs this test again in another process, with the expected values in its environment.
#[test]
fn fingerprints_are_equal_in_another_process() {
    const EXPECTED: &str = "HERMETIC_FINGERPRINTS_EXPECTED";
    if let Ok(expected) = std::env::var(EXPECTED) {
        // Something else runs first, as it may in another process.
        fingerprints(1_000..1_007);
        assert_eq!(fingerprints(0..20).join(" "), expected);
        return;
    }
    let mine = fingerprints(0..20).join(" ");
    let this = std::env::current_exe().expect("a path");
    for _ in 0..2 {
        let output = Command::new(&this)
            .args([
                "--exact",
                "hermetic::fingerprints_are_equal_in_another_process",
            ])
            .env(EXPECTED, &mine)
            .output()
            .expect("it starts");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("1 passed"), "{text}");
    }
}

/// The fingerprints are the same in debug and in release, today and tomorrow.
#[test]
fn golden_fingerprints_are_unchanged() {
    assert_eq!(
        fingerprints([0, 1, 42, u64::MAX]),
        [
            "438eadbab15bf3f91f2423e8c72d8fcf",
            "e13fd2bb3d314bd4009c2413368625f6",
            "a5d1a9d75ff8d24db0b7067a17b69e4d",
            "162be1c61ffb53f6636eaf0e6b975907",
        ],
    );
}

#[test]
fn runs_on_eight_threads_are_independent() {
    let alone: Vec<_> = (0..8)
        .map(|lane| fingerprints(lane * 10..lane * 10 + 10))
        .collect();
    let together: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|lane| scope.spawn(move || fingerprints(lane * 10..lane * 10 + 10)))
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.collect::<Result<_, _>>().expect("none panics")
    });
    assert_eq!(alone, together);
}

#[test]
fn clocks_follow_virtual_time() {
    let outcome = run_hermetic(
        || config(3),
        |world| async move {
            let (wall, instant) = (SystemTime::now(), Instant::now());
            assert_eq!(wall, UNIX_EPOCH + WALL_CLOCK_START);
            for pause in [0, 1, 250, 3_600_000] {
                time::sleep(Duration::from_millis(pause)).await;
                let virtually = Duration::from_micros(world.now().as_micros());
                assert_eq!(wall.elapsed().expect("time goes on"), virtually);
                assert_eq!(instant.elapsed(), virtually);
                // The facade's clock is the same one.
                assert_eq!(time::Instant::now().into_std(), Instant::now());
            }
        },
    );
    assert_eq!(outcome.verdict, Verdict::Pass);
}

#[test]
fn other_threads_keep_the_machines_clock_and_randomness_during_a_run() {
    let before = SystemTime::now();
    let (ask, asked) = mpsc::channel::<()>();
    let (answer, answered) = mpsc::channel();
    let bystander = thread::spawn(move || {
        while asked.recv().is_ok() {
            let _ = answer.send((SystemTime::now(), uuid::Uuid::new_v4()));
        }
    });
    let run_once = |ask: mpsc::Sender<()>, answered: mpsc::Receiver<_>| {
        let outcome = run_hermetic(
            || config(5),
            move |_| async move {
                let own = uuid::Uuid::new_v4();
                time::sleep(Duration::from_secs(60)).await;
                ask.send(()).expect("the bystander listens");
                let theirs = answered.recv().expect("the bystander answers");
                (own, theirs, answered)
            },
        );
        outcome.value.expect("the run passes")
    };
    let (own, theirs, answered) = run_once(ask.clone(), answered);
    let (own_again, theirs_again, answered) = run_once(ask.clone(), answered);
    drop((ask, answered));
    bystander.join().expect("it does not panic");
    assert_eq!(own, own_again);
    assert_ne!(theirs.1, theirs_again.1);
    assert!(before <= theirs.0 && theirs.0 <= theirs_again.0);
    assert!(theirs_again.0 <= SystemTime::now());
}

#[test]
fn real_run_reads_the_machines_clock_and_randomness() {
    let program = |_| async { (SystemTime::now(), uuid::Uuid::new_v4()) };
    let before = SystemTime::now();
    let [first, second] = [1, 1].map(|seed| run(config(seed), program).value.expect("it passes"));
    assert!(before <= first.0 && first.0 <= second.0);
    assert_ne!(first.1, second.1);
}

/// A program without ambient values has the same run in either mode.
#[test]
fn ambient_mode_does_not_change_pure_programs() {
    let program = |world: World| async move {
        let site = world.site("pause");
        for _ in 0..20 {
            let most = Duration::from_millis(30);
            let pause = world.draw_duration(site, Duration::ZERO, most);
            spawn(time::sleep(pause)).await.expect("it sleeps");
        }
    };
    for seed in 0..20 {
        let real = run(config(seed), program);
        let hermetic = run_hermetic(move || config(seed), program);
        assert_eq!(real.fingerprint, hermetic.fingerprint);
        assert_eq!(real.tape, hermetic.tape);
    }
}

#[test]
fn thread_that_has_drawn_its_keys_is_refused() {
    let payload = thread::spawn(|| {
        let used: HashMap<u32, u32> = HashMap::new();
        assert!(used.is_empty());
        let hermetic = Config {
            ambient: Ambient::Hermetic,
            ..config(0)
        };
        run(hermetic, |_| async {})
    });
    let payload = payload
        .join()
        .map(|outcome| outcome.verdict)
        .expect_err("it panics");
    let message = payload.downcast_ref::<String>().expect("a text");
    assert!(message.contains("fresh thread"), "{message}");
}

#[test]
fn panic_in_a_hermetic_run_is_a_verdict_and_ends_the_scope() {
    let verdict = rehearsal_hermetic::call_on_fresh_thread(|| {
        let hermetic = Config {
            ambient: Ambient::Hermetic,
            ..config(0)
        };
        let outcome: Outcome<()> = run(hermetic, |_| async { panic!("on purpose") });
        assert!(!rehearsal_hermetic::is_entered());
        outcome.verdict
    });
    assert!(matches!(verdict, Verdict::Panic { .. }), "{verdict}");
}

/// Returns which of two ready branches tokio's own `select!` takes, 64 times.
#[cfg(tokio_unstable)]
#[test]
fn tokios_own_select_depends_on_the_seed() {
    let branches = |seed| {
        let outcome = run_hermetic(
            move || config(seed),
            |_| async {
                let mut first = Vec::new();
                for _ in 0..64 {
                    first.push(tokio::select! {
                        () = async {} => true,
                        () = async {} => false,
                    });
                }
                first
            },
        );
        outcome.value.expect("the run passes")
    };
    assert_eq!(branches(1), branches(1));
    assert_ne!(branches(1), branches(2));
}

#[test]
fn system_time_of_a_host_follows_its_skewed_clock() {
    let outcome = run_hermetic(
        || config(1),
        |world| async move {
            let (right, wrong) = (world.host("right"), world.host("wrong"));
            let ahead = ClockSkew {
                offset_micros: 3_000_000,
                drift_ppm: 0,
            };
            world.set_clock(wrong, ahead);
            let read = |host| world.spawn_on(host, async { (SystemTime::now(), Instant::now()) });
            let (right, wrong) = (read(right), read(wrong));
            (right.await.expect("a time"), wrong.await.expect("a time"))
        },
    );
    assert_eq!(outcome.verdict, Verdict::Pass);
    let ((right, timer), (wrong, same)) = outcome.value.expect("the program returns");
    let ahead = wrong.duration_since(right).expect("it is ahead");
    assert_eq!(ahead, Duration::from_secs(3));
    assert_eq!(timer, same);
}
