//! A real browser, driven through a pair of pipes (the DevTools protocol, without a port).

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Behind this a test hangs.
const BOUND: Duration = Duration::from_secs(120);

/// What every player of the page is at, for the report of a test that failed.
const VIDEOS: &str = "[...document.querySelectorAll('video')].map((v) => ({ time: v.currentTime, paused: v.paused, \
    seeking: v.seeking, ready: v.readyState, error: v.error?.message, source: v.currentSrc }))";

/// One browser with one page. Ends with its test.
pub(crate) struct Browser {
    process: Child,
    to: File,
    from: Receiver<Value>,
    session: String,
    next_id: u64,
    events: VecDeque<Value>,
    /// Errors of the page: exceptions, failed loads, what was written to the console as an error.
    pub(crate) errors: Vec<String>,
    /// All addresses that were asked for.
    pub(crate) requests: Vec<String>,
    folder: tempfile::TempDir,
}

/// The name of a browser that is installed.
fn installed() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.into_iter().find(|name| {
        let mut asked = Command::new(name);
        asked.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        asked.status().is_ok_and(|status| status.success())
    })
}

impl Browser {
    /// None where no browser is installed.
    pub(crate) fn start() -> Option<Self> {
        let name = installed()?;
        let folder = tempfile::tempdir().unwrap();
        let (into, out) = (folder.path().join("in"), folder.path().join("out"));
        assert!(Command::new("mkfifo").args([&into, &out]).status().unwrap().success());
        // The browser reads commands from its file 3 and writes answers to its file 4.
        let run = "browser=$1 in=$2 out=$3; shift 3; exec \"$browser\" \"$@\" 3<\"$in\" 4>\"$out\"";
        let mut command = Command::new("sh");
        command.args(["-c", run, "sh", name]).args([&into, &out]);
        command.args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
        ]);
        command.args(["--no-first-run", "--disable-background-networking", "--disable-sync"]);
        command.args(["--disable-component-update", "--disable-default-apps", "--mute-audio"]);
        command.args([
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
        ]);
        command.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
        command.arg("about:blank");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let to = File::options().write(true).open(into).unwrap();
        let answers = BufReader::new(File::open(out).unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || {
            for message in answers.split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { break };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self {
            process,
            to,
            from,
            session: String::new(),
            next_id: 0,
            events: VecDeque::new(),
            errors: Vec::new(),
            requests: Vec::new(),
            folder,
        };
        browser.open_page();
        Some(browser)
    }

    fn open_page(&mut self) {
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", attach);
        self.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
        let downloads = self.downloads().display().to_string();
        std::fs::create_dir_all(&downloads).unwrap();
        let allow = json!({ "behavior": "allow", "downloadPath": downloads });
        self.call("Browser.setDownloadBehavior", allow);
    }

    /// Where saved files lie.
    pub(crate) fn downloads(&self) -> std::path::PathBuf {
        self.folder.path().join("downloads")
    }

    /// A command of the protocol and its result.
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() && !method.starts_with("Browser.") {
            message["sessionId"] = json!(self.session);
        }
        self.to.write_all(message.to_string().as_bytes()).unwrap();
        self.to.write_all(&[0]).unwrap();
        loop {
            let message = self.from.recv_timeout(BOUND);
            let message = message.unwrap_or_else(|_| panic!("no answer to {method}"));
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.note(message);
        }
    }

    fn note(&mut self, event: Value) {
        let about = &event["params"];
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                self.errors.push(about["exceptionDetails"].to_string());
            }
            Some("Runtime.consoleAPICalled") if about["type"] == "error" => {
                self.errors.push(about["args"].to_string());
            }
            Some("Log.entryAdded") if about["entry"]["level"] == "error" => {
                self.errors.push(about["entry"].to_string());
            }
            Some("Network.requestWillBeSent") => {
                self.requests.push(about["request"]["url"].as_str().unwrap().to_owned());
            }
            _ => {}
        }
        self.events.push_back(event);
        self.events.truncate(1000);
    }

    /// Opens an address and waits until the page says that it is ready.
    pub(crate) fn open(&mut self, address: &str) {
        self.call("Page.navigate", json!({ "url": address }));
        self.wait_for("document.documentElement.dataset.ready === 'true'");
    }

    /// The value of an expression in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let result = self.call("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    pub(crate) fn number(&mut self, expression: &str) -> f64 {
        let value = self.value(expression);
        value.as_f64().unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    pub(crate) fn text(&mut self, expression: &str) -> String {
        self.value(expression)
            .as_str()
            .unwrap_or_else(|| panic!("{expression}: no text"))
            .to_owned()
    }

    /// Waits until an expression is true. A page that is being exchanged has no value meanwhile.
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let began = Instant::now();
        let careful = format!(
            "(() => {{ try {{ return Boolean({expression}) }} catch {{ return false }} }})()"
        );
        while self.value(&careful) != true {
            if began.elapsed() > BOUND {
                let page = self.value("document.body.innerText");
                let videos = self.value(VIDEOS);
                panic!(
                    "never true: {expression}\nerrors: {:?}\nvideos: {videos}\npage: {page}",
                    self.errors
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses and releases a key where the focus is; `modifiers`: 1 alt, 2 control, 8 shift.
    pub(crate) fn press(&mut self, key: &str, modifiers: u8) {
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            "Escape" => 27,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            // By their ASCII these would be the keys to delete and to print.
            "," => 188,
            "." => 190,
            "/" | "?" => 191,
            letter => u32::from(letter.to_uppercase().bytes().next().unwrap()),
        };
        let text = match key {
            "Enter" => "\r",
            key if key.chars().count() == 1 => key,
            _ => "",
        };
        let mut down = json!({
            "type": if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "key": key,
            "modifiers": modifiers, "windowsVirtualKeyCode": code,
        });
        if !text.is_empty() {
            down["text"] = json!(text);
        }
        if key == " " {
            down["code"] = json!("Space");
        }
        self.call("Input.dispatchKeyEvent", down);
        let up = json!({ "type": "keyUp", "key": key, "modifiers": modifiers, "windowsVirtualKeyCode": code });
        self.call("Input.dispatchKeyEvent", up);
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Clicks into an element, at this share of its width.
    pub(crate) fn click_at(&mut self, selector: &str, share: f64) {
        let (x, y) = self.place_of(selector, share);
        for (kind, buttons) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)] {
            let event = json!({
                "type": kind, "x": x, "y": y, "button": if kind == "mouseMoved" { "none" } else { "left" },
                "buttons": buttons, "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// The point of an element at a share of its width, once the element stays where it is for two
    /// pictures of the screen and nothing lies over that point: a page that is still being laid out
    /// would get the click somewhere else.
    fn place_of(&mut self, selector: &str, share: f64) -> (f64, f64) {
        let look = format!(
            "(async () => {{ const e = document.querySelector({selector:?}); if (!e) return 'is not in the page'; \
             e.scrollIntoView({{block: 'nearest'}}); \
             const picture = () => new Promise((then) => requestAnimationFrame(then)); \
             const place = () => {{ const r = e.getBoundingClientRect(); \
               return [r.left + r.width * {share}, r.top + r.height / 2] }}; \
             const before = place(); await picture(); await picture(); const now = place(); \
             if (before[0] !== now[0] || before[1] !== now[1]) return 'moves'; \
             const top = document.elementFromPoint(now[0], now[1]); \
             if (!top || !(e === top || e.contains(top) || top.contains(e))) \
               return 'lies under ' + (top ? top.outerHTML.slice(0, 200) : 'nothing'); \
             return now }})()"
        );
        let began = Instant::now();
        loop {
            let place = self.value(&look);
            if let (Some(x), Some(y)) = (place[0].as_f64(), place[1].as_f64()) {
                return (x, y);
            }
            assert!(began.elapsed() < BOUND, "{selector} cannot be clicked, it {place}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn click(&mut self, selector: &str) {
        self.click_at(selector, 0.5);
    }

    /// The size of the window in points, and light or dark.
    pub(crate) fn look(&mut self, width: u32, height: u32, scheme: &str) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// What is seen, as PNG.
    pub(crate) fn screenshot(&mut self, path: &Path) {
        use base64::Engine;
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap());
        std::fs::write(path, bytes.unwrap()).unwrap();
    }

    /// Nothing went wrong, and nobody else was asked.
    pub(crate) fn assert_clean(&mut self, host: &str) {
        assert!(self.errors.is_empty(), "{:#?}", self.errors);
        let own = format!("http://{host}/");
        let mut others = self.requests.iter().filter(|address| {
            !address.starts_with(&own) && !address.starts_with("blob:") && *address != "about:blank"
        });
        assert_eq!(others.next(), None);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A browser, or the test did not run.
macro_rules! browser_or_return {
    () => {
        match crate::browser::Browser::start() {
            Some(browser) => browser,
            None => return crate::not_run::not_run("no chromium is installed"),
        }
    };
}

pub(crate) use browser_or_return;
