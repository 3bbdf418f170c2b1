use std::io::SeekFrom;
use std::path::{Path, PathBuf};

use tokio::fs::{self, DirBuilder, File, OpenOptions};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

/// Does random operations in an empty directory. Returns what each has given.
pub(super) async fn program(root: PathBuf, seed: u64) -> Vec<String> {
    let mut numbers = Numbers(seed);
    let mut open: Vec<Option<File>> = (0..OPEN_MAX).map(|_| None).collect();
    let mut lines = Vec::new();
    for _ in 0..LENGTH {
        let line = match numbers.below(3) {
            0 => on_path(&root, &mut numbers).await,
            1 => on_directory(&root, &mut numbers).await,
            _ => on_file(&root, &mut numbers, &mut open).await,
        };
        lines.push(line);
    }
    lines.push(all_below(&root).await);
    lines
}

async fn on_path(root: &Path, numbers: &mut Numbers) -> String {
    let (name, other) = (numbers.name(), numbers.name());
    let (path, to) = (root.join(name), root.join(other));
    let text = "text".repeat(numbers.below(4) as usize);
    match numbers.below(10) {
        0 => format!(
            "write {name} {text}: {}",
            shown(fs::write(&path, &text).await, |()| "ok".into())
        ),
        1 => format!(
            "read {name}: {}",
            shown(fs::read_to_string(&path).await, |text| text)
        ),
        2 => format!(
            "remove_file {name}: {}",
            shown(fs::remove_file(&path).await, |()| "ok".into())
        ),
        3 | 4 => format!(
            "rename {name} {other}: {}",
            shown(fs::rename(&path, &to).await, |()| "ok".into())
        ),
        5 => format!(
            "copy {name} {other}: {}",
            shown(fs::copy(&path, &to).await, |n| n.to_string())
        ),
        6 => format!(
            "metadata {name}: {}",
            shown(fs::metadata(&path).await, |facts| {
                let len = if facts.is_dir() { 0 } else { facts.len() };
                format!("{} {} {len}", facts.is_dir(), facts.file_type().is_file())
            })
        ),
        7 => format!(
            "try_exists {name}: {}",
            shown(fs::try_exists(&path).await, |is| is.to_string())
        ),
        8 => format!(
            "canonicalize {name}: {}",
            shown(fs::canonicalize(&path).await, |path| {
                path.strip_prefix(root)
                    .map_or("above".into(), |path| path.display().to_string())
            })
        ),
        _ => format!(
            "read_link {name}: {}",
            shown(fs::read_link(&path).await, |path| path
                .display()
                .to_string())
        ),
    }
}

async fn on_directory(root: &Path, numbers: &mut Numbers) -> String {
    let name = numbers.name();
    let path = root.join(name);
    match numbers.below(8) {
        0..=2 => format!(
            "create_dir {name}: {}",
            shown(fs::create_dir(&path).await, |()| "ok".into())
        ),
        3 => format!(
            "create_dir_all {name}: {}",
            shown(fs::create_dir_all(&path).await, |()| "ok".into())
        ),
        4 => {
            let mut builder = DirBuilder::new();
            builder.recursive(numbers.is());
            format!(
                "builder {name}: {}",
                shown(builder.create(&path).await, |()| "ok".into())
            )
        }
        5 => format!(
            "remove_dir {name}: {}",
            shown(fs::remove_dir(&path).await, |()| "ok".into())
        ),
        // Not `d/..`, which is the root of the program.
        6 if !name.ends_with('.') && numbers.below(3) == 0 => {
            format!(
                "remove_dir_all {name}: {}",
                shown(fs::remove_dir_all(&path).await, |()| "ok".into())
            )
        }
        _ => format!("read_dir {name}: {}", names(&path).await),
    }
}

async fn names(path: &Path) -> String {
    let mut entries = match fs::read_dir(path).await {
        Ok(entries) => entries,
        Err(failed) => return error(&failed),
    };
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await.expect("an entry") {
        let is_dir = entry.file_type().await.expect("a type").is_dir();
        names.push(format!("{:?} {is_dir}", entry.file_name()));
    }
    names.sort();
    names.join(", ")
}

async fn on_file(root: &Path, numbers: &mut Numbers, open: &mut [Option<File>]) -> String {
    let index = numbers.below(OPEN_MAX) as usize;
    let Some(file) = &mut open[index] else {
        return open_file(root, numbers, &mut open[index]).await;
    };
    let text = "0123456789abcdef";
    let text = &text[..1 + numbers.below(15) as usize];
    match numbers.below(11) {
        0 => {
            let mut buf = vec![0; numbers.below(12) as usize];
            format!(
                "{index} read: {}",
                shown(file.read(&mut buf).await, |n| format!("{:?}", &buf[..n]))
            )
        }
        1 | 2 => {
            let written = file.write_all(text.as_bytes()).await;
            let flushed = file.flush().await;
            format!(
                "{index} write {text}: {} {}",
                shown(written, |()| "ok".into()),
                shown(flushed, |()| "ok".into())
            )
        }
        3 => {
            let written = file.write_all(text.as_bytes()).await;
            let synced = file.sync_all().await;
            format!(
                "{index} write, sync: {} {}",
                shown(written, |()| "ok".into()),
                shown(synced, |()| "ok".into())
            )
        }
        4 => {
            let to = match numbers.below(3) {
                0 => SeekFrom::Start(numbers.below(20)),
                1 => SeekFrom::End(numbers.below(10) as i64 - 6),
                _ => SeekFrom::Current(numbers.below(10) as i64 - 6),
            };
            let is_file = file.metadata().await.is_ok_and(|facts| facts.is_file());
            if !is_file {
                return format!("{index} is a directory");
            }
            format!(
                "{index} seek {to:?}: {}",
                shown(file.seek(to).await, |at| at.to_string())
            )
        }
        5 => {
            let len = numbers.below(24);
            format!(
                "{index} set_len {len}: {}",
                shown(file.set_len(len).await, |()| "ok".into())
            )
        }
        6 => format!(
            "{index} metadata: {}",
            shown(file.metadata().await, |facts| {
                let len = if facts.is_dir() { 0 } else { facts.len() };
                format!("{} {len}", facts.is_dir())
            })
        ),
        7 => format!(
            "{index} sync_data: {}",
            shown(file.sync_data().await, |()| "ok".into())
        ),
        8 => {
            let clone = file.try_clone().await.expect("a clone");
            let other = (index + 1) % open.len();
            open[other] = Some(clone);
            format!("{index} cloned as {other}")
        }
        9 => {
            let flushed = file.flush().await;
            open[index] = None;
            format!("{index} close: {}", shown(flushed, |()| "ok".into()))
        }
        _ => {
            let mut all = String::new();
            format!(
                "{index} read_to_string: {}",
                shown(file.read_to_string(&mut all).await, |n| format!(
                    "{n} {all:?}"
                ))
            )
        }
    }
}

async fn open_file(root: &Path, numbers: &mut Numbers, slot: &mut Option<File>) -> String {
    let name = numbers.name();
    let path = root.join(name);
    let mut options = OpenOptions::new();
    options.read(numbers.is()).write(numbers.is());
    options
        .append(numbers.below(4) == 0)
        .truncate(numbers.below(4) == 0);
    options
        .create(numbers.is())
        .create_new(numbers.below(6) == 0);
    let opened = match numbers.below(4) {
        0 => File::open(&path).await,
        1 => File::create(&path).await,
        _ => options.open(&path).await,
    };
    let line = match &opened {
        Ok(_) => "ok".to_owned(),
        Err(failed) => error(failed),
    };
    *slot = opened.ok();
    format!("open {name}: {line}")
}

/// Returns every path below a directory, with the contents of files.
async fn all_below(root: &Path) -> String {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        let mut entries = fs::read_dir(&directory).await.expect("a directory");
        while let Some(entry) = entries.next_entry().await.expect("an entry") {
            let path = entry.path();
            let inside = path
                .strip_prefix(root)
                .expect("below the root")
                .display()
                .to_string();
            if entry.metadata().await.expect("it is there").is_dir() {
                found.push(format!("{inside}/"));
                open.push(path);
            } else {
                found.push(format!(
                    "{inside} {:?}",
                    fs::read(&path).await.expect("a file")
                ));
            }
        }
    }
    found.sort();
    found.join("\n")
}
