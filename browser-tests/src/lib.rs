//! A headless Chromium for tests of pages: it opens one file, records every error and every
//! request, evaluates expressions, presses keys, clicks.

mod connection;

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use self::connection::Connection;

/// The browser, unless `CHROMIUM` names another one. `.ci/browser` installs it.
const CHROMIUM: &str = "/usr/bin/chromium";

/// The flags that a browser without a display and without a network needs.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
];

/// The line of standard error that names the socket.
const LISTENING: &str = "DevTools listening on ";

/// A page in a browser of its own.
#[derive(Debug)]
pub struct Page {
    connection: Connection,
    session: String,
    url: String,
    browser: Child,
    profile: PathBuf,
    /// Read to the end, or the browser would stop at a full pipe.
    _output: BufReader<ChildStderr>,
}

/// The colours of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Page {
    /// Opens a file in a new browser, at 1280 × 800, and waits until it is loaded. `profile` is
    /// a directory for the browser's files, which is removed before and after.
    ///
    /// # Errors
    ///
    /// If there is no browser, or it does not answer.
    pub fn open(file: &Path, profile: &Path) -> io::Result<Self> {
        if profile.exists() {
            std::fs::remove_dir_all(profile)?;
        }
        let (browser, output, socket) = start(profile)?;
        let mut page = Self {
            connection: Connection::to(&socket)?,
            session: String::new(),
            url: format!("file://{}", std::path::absolute(file)?.display()),
            browser,
            profile: profile.to_owned(),
            _output: output,
        };
        page.attach()?;
        let url = page.url.clone();
        page.call("Page.navigate", json!({ "url": url }))?;
        page.connection.wait_for("Page.loadEventFired")?;
        Ok(page)
    }

    fn attach(&mut self) -> io::Result<()> {
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }))?;
        let target = &target["targetId"];
        let attach = json!({ "targetId": target, "flatten": true });
        let session = self.call("Target.attachToTarget", attach)?;
        session["sessionId"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut self.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), json!({}))?;
        }
        let metrics =
            json!({ "width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics)?;
        Ok(())
    }

    fn call(&mut self, method: &str, parameters: Value) -> io::Result<Value> {
        self.connection.call(&self.session, method, parameters)
    }

    /// Evaluates an expression, which may be a promise.
    ///
    /// # Errors
    ///
    /// If the browser does not answer, or the expression throws.
    pub fn evaluate(&mut self, expression: &str) -> io::Result<Value> {
        let parameters = json!({
            "expression": expression,
            "awaitPromise": true,
            "returnByValue": true,
        });
        let answer = self.call("Runtime.evaluate", parameters)?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(io::Error::other(format!("{expression}: {details}"))),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Presses and releases a key, by the character that it types.
    ///
    /// # Errors
    ///
    /// If the browser does not answer.
    pub fn press(&mut self, key: &str) -> io::Result<()> {
        for kind in ["keyDown", "keyUp"] {
            let parameters = json!({ "type": kind, "key": key, "text": key });
            self.call("Input.dispatchKeyEvent", parameters)?;
        }
        Ok(())
    }

    /// Clicks in the middle of the first element that a selector finds.
    ///
    /// # Errors
    ///
    /// If the browser does not answer, or there is no such element in sight.
    pub fn click(&mut self, selector: &str) -> io::Result<()> {
        let middle = self.evaluate(&format!(
            "(() => {{ const element = document.querySelector({selector:?}); \
             element.scrollIntoView({{ block: 'nearest' }}); \
             const box = element.getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ))?;
        for kind in ["mousePressed", "mouseReleased"] {
            let parameters = json!({
                "type": kind, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", parameters)?;
        }
        Ok(())
    }

    /// Sets the colours that the user is said to prefer.
    ///
    /// # Errors
    ///
    /// If the browser does not answer.
    pub fn prefer(&mut self, theme: Theme) -> io::Result<()> {
        let value = match theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )?;
        Ok(())
    }

    /// Returns what is in sight, as a PNG.
    ///
    /// # Errors
    ///
    /// If the browser does not answer.
    pub fn screenshot(&mut self) -> io::Result<Vec<u8>> {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" }))?;
        let data = answer["data"].as_str().unwrap_or_default();
        STANDARD.decode(data).map_err(io::Error::other)
    }

    /// Returns the errors of the page so far: of its scripts, of its policy, of what it loads.
    ///
    /// # Errors
    ///
    /// If the browser does not answer.
    pub fn errors(&mut self) -> io::Result<Vec<Value>> {
        // What was reported before this answer has arrived with it.
        self.evaluate("0")?;
        let is_error = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Log.entryAdded" | "Runtime.consoleAPICalled") => true,
            Some(method) => method == "Page.javascriptDialogOpening",
            None => false,
        };
        Ok(self
            .connection
            .events()
            .iter()
            .filter(is_error)
            .cloned()
            .collect())
    }

    /// Returns the addresses that the page requested, but for its own.
    ///
    /// # Errors
    ///
    /// If the browser does not answer.
    pub fn requests(&mut self) -> io::Result<Vec<String>> {
        self.evaluate("0")?;
        let events = self.connection.events().iter();
        let requests = events.filter(|event| event["method"] == "Network.requestWillBeSent");
        let urls = requests.filter_map(|event| event["params"]["request"]["url"].as_str());
        Ok(urls
            .filter(|url| *url != self.url)
            .map(str::to_owned)
            .collect())
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // It may have ended by itself; its files are of no use to anyone.
        let _ = self.browser.kill();
        let _ = self.browser.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// Starts a browser. Returns it, its output, and the address of its socket.
fn start(profile: &Path) -> io::Result<(Child, BufReader<ChildStderr>, String)> {
    let program = std::env::var_os("CHROMIUM").unwrap_or_else(|| CHROMIUM.into());
    let mut browser = Command::new(&program)
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{program:?}: {error}")))?;
    let output = browser.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut output = BufReader::new(output);
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        if let Some(socket) = line.trim().strip_prefix(LISTENING) {
            let socket = socket.to_owned();
            return Ok((browser, output, socket));
        }
        line.clear();
    }
    let status = browser.wait()?;
    Err(io::Error::other(format!("the browser ended: {status}")))
}
