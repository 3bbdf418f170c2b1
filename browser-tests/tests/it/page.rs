//! The page of a failure as a browser shows it.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rehearsal::prelude::*;
use rehearsal::tokio::sync::{Mutex, mpsc};
use rehearsal::tokio::{spawn, time};
use rehearsal::{Test, TestLocation, TestOutcome};
use rehearsal_browser_tests::{Page, Theme};
use serde_json::Value;

/// Rows that may be drawn at most, however many there are: those in sight and a few more.
const DRAWN_MAX: u64 = 64;

/// Returns the page beside the repro of a failing test of a program.
fn page_of<F, Fut>(name: &'static str, program: F) -> PathBuf
where
    F: Fn(World) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: TestOutcome> + 'static,
{
    let place = TestLocation {
        package: "rehearsal-browser-tests",
        module: module_path!(),
        name,
        file: file!(),
    };
    let test = Test::new(place);
    let failed = catch_unwind(AssertUnwindSafe(|| test.run(program)));
    let payload = failed.expect_err("the test fails");
    let text = payload.downcast_ref::<String>().expect("a text");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("  page    "));
    PathBuf::from(line.unwrap_or_else(|| panic!("no page in\n{text}")))
}

fn open(file: &Path, name: &str) -> Page {
    let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chromium-{name}"));
    Page::open(file, &profile).expect("chromium opens the page")
}

fn text(page: &mut Page, expression: &str) -> String {
    let value = page.evaluate(expression).expect(expression);
    value
        .as_str()
        .unwrap_or_else(|| panic!("{expression}: {value}"))
        .to_owned()
}

fn number(page: &mut Page, expression: &str) -> u64 {
    let value = page.evaluate(expression).expect(expression);
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{expression}: {value}"))
}

fn text_of(page: &mut Page, selector: &str) -> String {
    text(
        page,
        &format!("document.querySelector({selector:?}).innerText"),
    )
}

fn count(page: &mut Page, selector: &str) -> u64 {
    number(
        page,
        &format!("document.querySelectorAll({selector:?}).length"),
    )
}

/// The count of events that are shown, of the status line `12 of 345 events`.
fn shown(page: &mut Page) -> u64 {
    let status = text_of(page, ".status").replace(',', "");
    let count = status.split(' ').next().unwrap_or_default();
    count.parse().unwrap_or_else(|_| panic!("{status}"))
}

/// Nothing went wrong in the page, and it has loaded nothing.
#[track_caller]
fn is_clean(page: &mut Page) {
    assert_eq!(page.errors().expect("errors"), Vec::<Value>::new());
    assert_eq!(page.requests().expect("requests"), Vec::<String>::new());
}

/// Two clients read a balance, and write it back: an update may be lost.
async fn lost_update(world: World) {
    let balance = Arc::new(Mutex::new(0));
    let tellers = ["ann", "ben"].map(|name| {
        let (actor, balance) = (world.actor(name), Arc::clone(&balance));
        let host = world.host(name);
        world.spawn_on(host, async move {
            world.name_task(name);
            let add = actor.call("balance", "add", || async {
                let seen = *balance.lock().await;
                *balance.lock().await = seen + 1;
                Ok::<_, String>(())
            });
            add.await.expect("it adds");
        })
    });
    for teller in tellers {
        teller.await.expect("no teller fails");
    }
    assert_eq!(*balance.lock().await, 2, "an update is lost");
}

#[test]
fn shrunk_failure_is_read_from_its_page() {
    let file = page_of("lost_update", lost_update);
    let mut page = open(&file, "lost-update");
    assert!(text_of(&mut page, "#header").contains("an update is lost"));
    assert!(text_of(&mut page, ".replay").contains("REHEARSAL_REPLAY="));
    assert_eq!(count(&mut page, ".choice-of-run"), 1);
    assert!(text_of(&mut page, ".choice-of-run").contains("without it the run passes"));

    // The violation is selected at first, and its causes lead to the deviation.
    assert_eq!(count(&mut page, ".row.selected.failure"), 1);
    page.click("#causes .link").expect("a cause");
    assert_eq!(count(&mut page, ".row.selected.failure"), 0);
    assert_eq!(count(&mut page, ".row.selected"), 1);

    // Keys: to the deviation, one row on, to the violation.
    page.press("n").expect("a key");
    assert_eq!(count(&mut page, ".row.selected.deviation"), 1);
    assert_eq!(count(&mut page, ".choice-of-run[aria-current=true]"), 1);
    page.press("j").expect("a key");
    assert_eq!(count(&mut page, ".row.selected.deviation"), 0);
    page.press("v").expect("a key");
    assert_eq!(count(&mut page, ".row.selected.failure"), 1);

    // The slice first, everything on demand, and filters.
    let slice = shown(&mut page);
    page.press("e").expect("a key");
    let all = number(&mut page, "Number(document.body.dataset.ready)");
    assert!(slice < all, "{slice} of {all}");
    assert_eq!(shown(&mut page), all);
    page.click("[data-kind=poll]").expect("a filter");
    let without_polls = shown(&mut page);
    assert!(slice < without_polls && without_polls < all);
    page.click(".clear").expect("no filter");
    assert_eq!(shown(&mut page), all);
    let choose = "(() => { const select = document.querySelector('#filter-host'); \
                  select.value = 'ann'; select.dispatchEvent(new Event('change')); return 0; })()";
    page.evaluate(choose).expect("a filter");
    let of_ann = shown(&mut page);
    assert!(0 < of_ann && of_ann < all);
    page.click(".clear").expect("no filter");

    // The locks after an event, and the history.
    let acquires = "(() => { const rows = [...document.querySelectorAll('.row.lock')]; \
                    rows.find((row) => row.innerText.includes('acquires')).click(); return 0; })()";
    page.evaluate(acquires).expect("a step towards a lock");
    page.click("#tab-locks").expect("a tab");
    assert!(text_of(&mut page, ".lock-state").contains("Mutex#"));
    let holder = text_of(&mut page, ".holders");
    assert!(["ann", "ben"].contains(&holder.as_str()), "{holder}");
    page.click("#tab-history").expect("a tab");
    assert!(count(&mut page, ".entry") >= 4, "two calls and two returns");
    is_clean(&mut page);
}

#[test]
fn passing_run_stands_beside_with_the_first_difference_marked() {
    let file = page_of("compared", lost_update);
    let mut page = open(&file, "compared");
    page.press("c").expect("a key");
    assert_eq!(count(&mut page, ".pane"), 2);
    assert_eq!(text_of(&mut page, ".pane.failing .title"), "fails");
    assert_eq!(text_of(&mut page, ".pane.passing .title"), "passes");
    assert_eq!(count(&mut page, ".pane.failing .row.difference"), 1);
    assert_eq!(count(&mut page, ".pane.passing .row.difference"), 1);
    assert_eq!(count(&mut page, ".pane.passing .row.failure"), 0);
    let at = |pane: &str| {
        format!("document.querySelector('.pane.{pane} .row.difference').getBoundingClientRect().y")
    };
    let places = page.evaluate(&format!("{} - {}", at("failing"), at("passing")));
    assert_eq!(places.expect("places"), 0, "side by side");
    // What stands above the difference is the same in both.
    let above = |pane: &str| {
        format!(
            "[...document.querySelectorAll('.pane.{pane} .row')].map((row) => row.innerText)\
             .slice(0, 1).join('|')"
        )
    };
    assert_eq!(
        text(&mut page, &above("failing")),
        text(&mut page, &above("passing"))
    );
    page.press("c").expect("a key");
    assert_eq!(count(&mut page, ".pane"), 1);
    is_clean(&mut page);
}

const SCRIPT: &str = "<script>alert(1)</script>";
const END: &str = "</script><img src=x onerror=alert(2)>";
const UNSEEN: &str = "pay\u{202e}load\u{200b}";

async fn hostile(world: World) {
    let (ann, ben) = (world.actor(SCRIPT), world.actor("ben"));
    world.name_task(SCRIPT);
    ben.subscribed(END);
    let sent = ann.send(END, UNSEEN, |id| async move { Ok::<_, String>(id) });
    ben.received(END, sent.await.expect("accepted"));
    world.note("payload", format!("{SCRIPT} {END} {UNSEEN} {{{{data}}}}"));
    panic!("{SCRIPT} {END} {UNSEEN}");
}

#[test]
fn hostile_names_and_payloads_are_inert() {
    let file = page_of("hostile", hostile);
    let mut page = open(&file, "hostile");
    page.press("e").expect("a key");
    assert!(text_of(&mut page, ".broken").contains(SCRIPT));
    assert!(text_of(&mut page, ".rows").contains(END));
    let names = text(&mut page, "document.querySelector('.names').textContent");
    assert!(names.contains("<script>"), "{names}");
    assert_eq!(count(&mut page, "img"), 0);
    assert_eq!(count(&mut page, "script"), 2);
    let unseen = text(
        &mut page,
        "[...document.querySelectorAll('.broken .unseen')]\
                                  .map((code) => code.innerText).join()",
    );
    assert_eq!(unseen, "U+202E,U+200B");
    pictures(&mut page, "hostile");
    let raw = text_of(&mut page, "body");
    assert!(!raw.contains(['\u{202e}', '\u{200b}']));
    // The policy, not luck: a script that is not the page's own does not run.
    let injected = page.evaluate(
        "(() => { const script = document.createElement('script'); \
         script.textContent = 'document.body.dataset.broken = 1'; document.body.append(script); \
         return document.body.dataset.broken === undefined; })()",
    );
    assert_eq!(injected.expect("an answer"), true);
    assert_eq!(page.requests().expect("requests"), Vec::<String>::new());
}

/// Messages to and fro between two hosts, until that many have passed.
async fn conversation(world: World, messages: u64) -> Result<(), String> {
    let (to_server, mut at_server) = mpsc::channel(4);
    let (to_client, mut at_client) = mpsc::channel(4);
    let server = world.actor("server");
    world.spawn_on(world.host("server"), async move {
        world.name_task("server");
        server.subscribed("requests");
        while let Some(id) = at_server.recv().await {
            server.received("requests", id);
            time::sleep(Duration::from_micros(300)).await;
            if to_client.send(()).await.is_err() {
                return;
            }
        }
    });
    let client = world.actor("client");
    let lock = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&lock);
    let talk = world.spawn_on(world.host("client"), async move {
        world.name_task("client");
        for _ in 0..messages {
            let to_server = to_server.clone();
            let hand_over = |id: Arc<str>| async move { to_server.send(id).await };
            let sent = client.send("requests", "request", hand_over);
            sent.await.map_err(|error| error.to_string())?;
            at_client.recv().await;
            *counter.lock().await += 1;
        }
        Ok::<_, String>(())
    });
    let watch = spawn(async move {
        while *lock.lock().await < messages {
            time::sleep(Duration::from_millis(1)).await;
        }
    });
    talk.await.map_err(|error| error.to_string())??;
    watch.await.map_err(|error| error.to_string())?;
    Err("the conversation is over".to_owned())
}

/// Scrolls through a page in steps, a frame each. Returns the times between frames, sorted, in
/// microseconds.
const FRAMES: &str = "(async () => { \
    const scroller = document.querySelector('.scroller'); \
    const frame = () => new Promise(requestAnimationFrame); \
    const times = []; \
    const end = scroller.scrollHeight; \
    let last = await frame(); \
    for (let step = 0; step < 120; step += 1) { \
        scroller.scrollTop = end * step / 120; \
        const now = await frame(); \
        times.push(Math.round((now - last) * 1000)); \
        last = now; \
    } \
    return times.sort((a, b) => a - b); })()";

#[expect(
    clippy::print_stderr,
    reason = "a measurement, which no test may assert"
)]
fn measure(page: &mut Page, events: u64) {
    let frames = page.evaluate(FRAMES).expect("frames");
    let at = |place: usize| frames[place].as_f64().unwrap_or_default() / 1000.0;
    let begin = page.evaluate("performance.getEntriesByType('navigation')[0].duration");
    let begin = begin.expect("a time").as_f64().unwrap_or_default();
    eprintln!(
        "{events} events: loaded in {begin:.0} ms; frames while scrolling: median {:.1} ms, \
         95 in 100 within {:.1} ms, longest {:.1} ms",
        at(60),
        at(114),
        at(119)
    );
}

/// Opens the page of a long run, and works with it.
fn long_run(name: &'static str, messages: u64, least: u64) {
    let file = page_of(name, move |world| conversation(world, messages));
    let mut page = open(&file, name);
    let events = number(&mut page, "Number(document.body.dataset.ready)");
    assert!(events >= least, "{events}");
    page.press("e").expect("a key");
    assert_eq!(shown(&mut page), events);
    let bottom = text_of(&mut page, ".rows .row");
    page.evaluate("document.querySelector('.scroller').scrollTop = 0")
        .expect("the top");
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))",
    )
    .expect("a frame");
    let top = text_of(&mut page, ".rows .row");
    assert_ne!(bottom, top, "other rows are drawn");
    measure(&mut page, events);
    pictures(&mut page, name);
    let drawn = count(&mut page, ".row");
    assert!(0 < drawn && drawn <= DRAWN_MAX, "{drawn} rows");
    page.press("v").expect("a key");
    assert_eq!(count(&mut page, ".row.selected.failure"), 1);
    page.press("/").expect("a key");
    page.press("4").expect("a key");
    page.press("2").expect("a key");
    let found = shown(&mut page);
    assert!(0 < found && found < events, "{found}");
    is_clean(&mut page);
}

#[test]
fn page_of_5_000_events_draws_what_is_in_sight() {
    long_run("of_5_000_events", 470, 5_000);
}

#[test]
fn page_of_50_000_events_draws_what_is_in_sight() {
    long_run("of_50_000_events", 4_700, 50_000);
}

/// Writes what is in sight in both themes to `pictures` in `CARGO_TARGET_TMPDIR`, to be looked at.
/// Returns the background in each.
pub(crate) fn pictures(page: &mut Page, name: &str) -> [String; 2] {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&directory).expect("a directory");
    [(Theme::Light, "light"), (Theme::Dark, "dark")].map(|(theme, word)| {
        page.prefer(theme).expect("a theme");
        let picture = page.screenshot().expect("a picture");
        assert!(picture.len() > 10_000, "{} bytes", picture.len());
        let file = directory.join(format!("{name}-{word}.png"));
        std::fs::write(file, picture).expect("it is written");
        text(
            page,
            "getComputedStyle(document.documentElement).backgroundColor",
        )
    })
}

#[test]
fn both_themes_have_their_colours() {
    let file = page_of("themes", lost_update);
    let mut page = open(&file, "themes");
    let [light, dark] = pictures(&mut page, "panic");
    assert_ne!(light, dark);
    page.press("e").expect("a key");
    pictures(&mut page, "panic-everything");
    is_clean(&mut page);
}
