//! The disks of hosts: what a crash leaves of them, how they fail, and their operations as
//! scheduling points.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use rehearsal_sim::tokio::fs::{self, File, OpenOptions};
use rehearsal_sim::tokio::{self, time};
use rehearsal_sim::{
    Choices, Config, DiskConfig, DiskFault, DiskOperation, Effect, Fifo, HostId, LostChange,
    Outcome, Site, Verdict, World, run,
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use journal::{Acknowledge, Journal, entries};

use crate::support::config;

/// The journal of the example, which is that of the guide's page on files.
#[expect(unreachable_pub, reason = "the example exports it")]
#[path = "../../../examples/journal/src/journal.rs"]
mod journal;

/// Runs a program on a host of that name, and waits for its end.
async fn on<F: Future<Output = io::Result<()>> + 'static>(world: World, host: HostId, program: F) {
    let ended = world.spawn_on(host, program).await;
    ended.expect("it ends").expect("its files work");
}

/// Runs a program on a host, crashes it, and returns the files that are left.
fn crashed<F, Fut>(config: Config, disk: DiskConfig, program: F) -> Outcome<Vec<(String, String)>>
where
    F: FnOnce() -> Fut + 'static,
    Fut: Future<Output = io::Result<()>> + 'static,
{
    let outcome = run(config, |world| async move {
        let host = world.host("server");
        world.disk(host).set_config(disk);
        on(world, host, program()).await;
        world.crash(host);
        let disk = world.disk(host);
        let files = disk.files().into_iter().map(|path| {
            let bytes = disk.read(&path).expect("it is there");
            (
                path.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            )
        });
        files.collect()
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    outcome
}

fn left(outcome: &Outcome<Vec<(String, String)>>) -> &[(String, String)] {
    outcome.value.as_deref().expect("a value")
}

/// Returns everything that is left under any of so many seeds, sorted.
fn all_left<F, Fut>(disk: DiskConfig, program: F) -> Vec<Vec<(String, String)>>
where
    F: Fn() -> Fut + Copy + 'static,
    Fut: Future<Output = io::Result<()>> + 'static,
{
    let mut all: Vec<_> = (0..300)
        .map(|seed| left(&crashed(config(seed), disk, program)).to_vec())
        .collect();
    all.sort();
    all.dedup();
    all
}

fn file(path: &str, contents: &str) -> (String, String) {
    (path.to_owned(), contents.to_owned())
}

/// Creates a file that is durable, with its entry.
async fn create_durable(path: &str, contents: &str) -> io::Result<File> {
    let mut file = File::create(path).await?;
    file.write_all(contents.as_bytes()).await?;
    file.sync_all().await?;
    File::open("/").await?.sync_all().await?;
    Ok(file)
}

async fn append_unsynced() -> io::Result<()> {
    let mut file = create_durable("/a", "one ").await?;
    file.write_all(b"two ").await?;
    file.write_all(b"3 ").await
}

#[test]
fn crash_loses_and_tears_writes_that_are_not_synced() {
    let lost = DiskConfig {
        torn_writes: false,
        ..DiskConfig::default()
    };
    let contents = ["one ", "one \0\0\0\x003 ", "one two ", "one two 3 "];
    assert_eq!(
        all_left(lost, append_unsynced),
        contents.map(|contents| vec![file("/a", contents)])
    );
    let torn = DiskConfig {
        lost_writes: false,
        ..DiskConfig::default()
    };
    let torn = all_left(torn, append_unsynced);
    assert!(
        torn.contains(&vec![file("/a", "one t\0\0\x003 ")]),
        "{torn:?}"
    );
    assert!(torn.contains(&vec![file("/a", "one two 3")]), "{torn:?}");
    assert!(!torn.contains(&vec![file("/a", "one ")]), "{torn:?}");
}

#[test]
fn synced_writes_and_entries_survive_each_crash() {
    let program = || async {
        let mut file = create_durable("/a", "one ").await?;
        file.write_all(b"two ").await?;
        file.sync_data().await
    };
    let all = all_left(DiskConfig::default(), program);
    assert_eq!(all, [vec![file("/a", "one two ")]]);
}

#[test]
fn nothing_is_lost_under_fifo_nor_where_the_disk_is_durable() {
    let everything = vec![file("/a", "one two 3 ")];
    assert_eq!(
        all_left(DiskConfig::DURABLE, append_unsynced),
        std::slice::from_ref(&everything)
    );
    for seed in 0..50 {
        let config = Config {
            strategy: Box::new(Fifo),
            ..config(seed)
        };
        let outcome = crashed(config, DiskConfig::default(), append_unsynced);
        assert_eq!(left(&outcome), everything);
        assert_eq!(outcome.statistics.deviations, 0);
    }
}

#[test]
fn changes_of_a_directory_are_lost_from_the_end_until_it_is_synced() {
    let program = || async {
        create_durable("/old", "x").await?;
        fs::rename("/old", "/new").await?;
        fs::create_dir("/sub").await?;
        fs::write("/sub/f", "").await
    };
    let all = all_left(DiskConfig::default(), program);
    let expected = [
        vec![file("/new", "x")],
        vec![file("/new", "x"), file("/sub/f", "")],
        vec![file("/old", "x")],
    ];
    assert_eq!(all, expected);
}

#[test]
fn rename_replaces_a_file_as_a_whole_or_not_at_all() {
    let program = || async {
        create_durable("/target", "old").await?;
        let mut file = File::create("/temporary").await?;
        file.write_all(b"new").await?;
        file.sync_all().await?;
        fs::rename("/temporary", "/target").await
    };
    let all = all_left(DiskConfig::default(), program);
    let expected = [
        vec![file("/target", "new")],
        vec![file("/target", "old")],
        vec![file("/target", "old"), file("/temporary", "new")],
    ];
    assert_eq!(all, expected);
}

#[test]
fn losses_are_on_the_tape_and_replayed() {
    let mut losses = 0;
    for seed in 0..60 {
        let first = crashed(config(seed), DiskConfig::default(), append_unsynced);
        let replayed = Config {
            choices: Choices::Replay(first.tape.schedule()),
            ..config(0)
        };
        let replayed = crashed(replayed, DiskConfig::default(), append_unsynced);
        assert_eq!(replayed.divergence, None);
        assert_eq!(left(&replayed), left(&first));
        assert_eq!(replayed.fingerprint, first.fingerprint);
        assert_eq!(replayed.losses, first.losses);
        let deviations = first.tape.schedule();
        let durability = deviations.deviations().iter();
        let durability = durability
            .filter(|one| matches!(&one.site, Site::Durability(host) if host == "server"));
        assert_eq!(durability.count(), first.losses.len());
        losses += first.losses.len();
    }
    assert!(losses > 0, "some run loses something");
}

#[test]
fn run_that_loses_nothing_is_the_same_whether_it_could_or_not() {
    let mut same = 0;
    for seed in 0..40 {
        let outcome = crashed(config(seed), DiskConfig::default(), append_unsynced);
        if outcome.losses.is_empty() {
            let durable = crashed(config(seed), DiskConfig::DURABLE, append_unsynced);
            assert_eq!(outcome.fingerprint, durable.fingerprint);
            same += 1;
        }
    }
    assert!((1..40).contains(&same), "{same}");
}

#[test]
fn loss_names_the_file_and_the_line_that_wrote() {
    let lost = (0..100).find_map(|seed| {
        let outcome = crashed(config(seed), DiskConfig::default(), append_unsynced);
        let loss = outcome.losses.first()?.clone();
        matches!(
            loss.change,
            LostChange::Write {
                kept: 0,
                len: 4,
                ..
            }
        )
        .then_some(loss)
    });
    let lost = lost.expect("a run loses the first of the two writes");
    assert_eq!(lost.host, "server");
    let text = lost.to_string();
    let expected = "loses in its crash the write of 4 bytes to /a at sim/tests/it/disk.rs:";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn hosts_have_disks_of_their_own_that_outlive_a_restart() {
    let outcome = run(config(0), |world| async move {
        let (a, b) = (world.host("a"), world.host("b"));
        on(world, a, async { fs::write("/name", "a").await }).await;
        on(world, b, async {
            assert!(!fs::try_exists("/name").await?);
            fs::write("/name", "b").await
        })
        .await;
        world.disk(a).set_config(DiskConfig::DURABLE);
        world.crash(a);
        world.restart(a);
        on(world, a, async {
            assert_eq!(fs::read_to_string("/name").await?, "a");
            Ok(())
        })
        .await;
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
}

#[test]
fn world_prepares_files_that_are_durable() {
    for seed in 0..50 {
        let outcome = run(config(seed), |world| async move {
            let host = world.host("server");
            world
                .disk(host)
                .write("/etc/app/config", "x = 1")
                .expect("it is written");
            on(world, host, async {
                assert_eq!(fs::read("/etc/app/config").await?, b"x = 1");
                Ok(())
            })
            .await;
            world.crash(host);
            world
                .disk(host)
                .read("/etc/app/config")
                .expect("it is there")
        });
        assert_eq!(outcome.value.as_deref(), Some(b"x = 1".as_slice()));
    }
}

#[test]
fn open_file_is_gone_after_a_crash_and_after_its_run() {
    let kept: Rc<RefCell<Option<File>>> = Rc::default();
    let (inside, opened) = (Rc::clone(&kept), Rc::clone(&kept));
    let outcome = run(config(0), |world| async move {
        let host = world.host("server");
        on(world, host, async move {
            *opened.borrow_mut() = Some(File::create("/a").await?);
            Ok(())
        })
        .await;
        world.crash(host);
        let file = inside.borrow_mut().take().expect("it was opened");
        let error = file.sync_all().await.expect_err("it is gone");
        assert!(
            error.to_string().contains("the host has crashed"),
            "{error}"
        );
        *inside.borrow_mut() = Some(File::create("/b").await.expect("a file"));
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    let file = kept.borrow_mut().take().expect("it was opened");
    let runtime = ::tokio::runtime::Builder::new_current_thread().build();
    let synced = runtime.expect("a runtime").block_on(file.sync_all());
    assert!(synced.is_err());
}

#[test]
fn removed_file_lives_as_long_as_it_is_open() {
    let outcome = run(config(0), |_| async {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .open("/a")
            .await?;
        file.write_all(b"text").await?;
        fs::remove_file("/a").await?;
        file.rewind().await?;
        let mut text = String::new();
        file.read_to_string(&mut text).await?;
        assert_eq!(text, "text");
        assert_eq!(
            fs::metadata("/a").await.expect_err("no file").kind(),
            io::ErrorKind::NotFound
        );
        io::Result::Ok(())
    });
    outcome.value.expect("it passes").expect("its files work");
}

#[test]
fn full_disk_takes_what_fits_and_reports_it_at_the_next_operation() {
    let outcome = run(config(0), |world| async move {
        world.disk(HostId::WORLD).set_capacity(6);
        let mut file = File::create("/a").await?;
        file.write_all(b"four").await?;
        file.write_all(b"four").await?;
        let error = file.flush().await.expect_err("it is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read("/a").await?, b"fourfo");
        fs::remove_file("/a").await?;
        drop(file);
        // The journal may bring it back, until the directory is synced.
        assert!(fs::write("/b", "x").await.is_err());
        File::open("/").await?.sync_all().await?;
        fs::write("/b", "x").await
    });
    outcome.value.expect("it passes").expect("its files work");
}

#[test]
fn injected_faults_strike_once_each() {
    let outcome = run(config(0), |world| async move {
        let disk = world.disk(HostId::WORLD);
        disk.fail_next(DiskOperation::Sync, DiskFault::Device);
        disk.fail_next(DiskOperation::Sync, DiskFault::Full);
        let file = File::create("/a").await?;
        let first = file.sync_all().await.expect_err("it fails");
        assert_eq!(first.raw_os_error(), Some(5));
        let second = file.sync_all().await.expect_err("it fails");
        assert_eq!(second.kind(), io::ErrorKind::StorageFull);
        file.sync_all().await
    });
    let faults = outcome.trace.entries.iter();
    let faults = faults.filter(
        |entry| matches!(&entry.effect, Effect::Fault { what } if what.contains("its next sync")),
    );
    assert_eq!(faults.count(), 2);
    outcome.value.expect("it passes").expect("its files work");
}

#[test]
fn operations_on_files_are_scheduling_points() {
    let lost_updates = |strategy: fn(u64) -> Config| {
        let outcomes = (0..300).map(|seed| {
            let outcome = run(strategy(seed), |_| async {
                fs::write("/n", "0").await?;
                let tasks = [(); 2].map(|()| {
                    tokio::spawn(async {
                        let n: u32 = fs::read_to_string("/n").await?.parse().unwrap_or(9);
                        fs::write("/n", (n + 1).to_string()).await
                    })
                });
                for task in tasks {
                    task.await.expect("it ends")?;
                }
                fs::read_to_string("/n").await
            });
            outcome.value.expect("it passes").expect("its files work")
        });
        outcomes.filter(|n| n != "2").count()
    };
    assert!(lost_updates(config) > 0);
    let fifo = |seed| Config {
        strategy: Box::new(Fifo),
        ..config(seed)
    };
    assert_eq!(lost_updates(fifo), 0);
}

#[test]
fn files_take_no_virtual_time_and_have_the_hosts_clock() {
    let outcome = run(config(0), |_| async {
        fs::write("/a", "1").await?;
        let before = fs::metadata("/a").await?.modified()?;
        time::sleep(Duration::from_secs(3)).await;
        let started = time::Instant::now();
        fs::write("/a", "2").await?;
        assert_eq!(started.elapsed(), Duration::ZERO);
        let after = fs::metadata("/a").await?.modified()?;
        let elapsed = after.duration_since(before);
        assert_eq!(elapsed.expect("time goes on"), Duration::from_secs(3));
        io::Result::Ok(())
    });
    outcome.value.expect("it passes").expect("its files work");
}

/// Appends entries until the host crashes. Returns `true` if one that was acknowledged is lost.
fn loses_an_acknowledged_entry(config: Config, acknowledge: Acknowledge) -> bool {
    let outcome = run(config, move |world| async move {
        let host = world.host("server");
        let acknowledged: Rc<RefCell<Vec<String>>> = Rc::default();
        let appended = Rc::clone(&acknowledged);
        world.spawn_on(host, async move {
            let mut journal = Journal::open(Path::new("/tmp"), acknowledge).await?;
            for number in 0..10 {
                let entry = format!("entry {number}");
                journal.append(&entry).await?;
                appended.borrow_mut().push(entry);
            }
            io::Result::Ok(())
        });
        while acknowledged.borrow().len() < 4 {
            tokio::task::yield_now().await;
        }
        world.crash(host);
        world.restart(host);
        let left = world.spawn_on(host, entries(Path::new("/tmp"))).await;
        let left = left.expect("it ends").expect("a journal");
        !left.starts_with(&acknowledged.borrow())
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    outcome.value.expect("a value")
}

#[test]
fn journal_that_acknowledges_before_it_syncs_loses_an_entry_and_its_twin_none() {
    let lost =
        (0..300).filter(|seed| loses_an_acknowledged_entry(config(*seed), Acknowledge::Written));
    assert!(lost.count() >= 100);
    for seed in 0..2_000 {
        assert!(
            !loses_an_acknowledged_entry(config(seed), Acknowledge::Synced),
            "seed {seed}"
        );
    }
}

#[test]
fn slow_disk_takes_virtual_time_and_its_crash_leaves_no_operation_half_done() {
    let outcome = run(config(0), |world| async move {
        let host = world.host("server");
        let disk = world.disk(host);
        disk.set_config(DiskConfig::DURABLE);
        disk.set_latency(Duration::from_millis(10));
        let started = time::Instant::now();
        on(world, host, async { fs::write("/a", "1").await }).await;
        // It is opened and written.
        assert_eq!(started.elapsed(), Duration::from_millis(20));
        world.spawn_on(host, async { fs::write("/a", "2").await });
        time::sleep(Duration::from_millis(15)).await;
        world.crash(host);
        disk.read("/a").expect("it is there")
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    assert_eq!(outcome.value.as_deref(), Some(b"".as_slice()));
}
