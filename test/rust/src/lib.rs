//! Does a little of everything that a filter does, by path, so that two hosts can be compared.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MetricType, Status};
use std::rc::Rc;
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| Box::new(Root { settings: Rc::new(Settings::default()), ticks: 0 }));
}}

#[derive(Default)]
struct Settings {
    greeting: String,
    requests: u32,
    open: u32,
    sizes: u32,
}

struct Root {
    settings: Rc<Settings>,
    ticks: u32,
}

fn log(text: &str) {
    hostcalls::log(LogLevel::Info, text).unwrap();
}

/// Deeper than any limit of an engine's stack trace.
#[inline(never)]
fn descend(depth: u32) -> u32 {
    if depth == 0 {
        panic!("at the bottom");
    }
    std::hint::black_box(descend(depth - 1)) + 1
}

fn text(bytes: Option<Vec<u8>>) -> String {
    bytes.map_or("none".into(), |b| String::from_utf8_lossy(&b).into_owned())
}

impl Context for Root {}

impl RootContext for Root {
    fn on_vm_start(&mut self, _: usize) -> bool {
        log(&format!("vm start: {}", text(self.get_vm_configuration())));
        true
    }

    /// The configuration is the greeting; `refuse` is refused.
    fn on_configure(&mut self, _: usize) -> bool {
        let greeting = text(self.get_plugin_configuration());
        if greeting == "refuse" {
            log("refused");
            return false;
        }
        let define = |kind, name| hostcalls::define_metric(kind, name).unwrap();
        self.settings = Rc::new(Settings {
            greeting,
            requests: define(MetricType::Counter, "rust_requests"),
            open: define(MetricType::Gauge, "rust_open"),
            sizes: define(MetricType::Histogram, "rust_sizes"),
        });
        self.set_tick_period(Duration::from_millis(20));
        true
    }

    fn on_tick(&mut self) {
        self.ticks += 1;
        log(&format!("tick {}", self.ticks));
        if self.ticks == 2 {
            self.set_tick_period(Duration::ZERO);
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { settings: self.settings.clone(), path: String::new() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream {
    settings: Rc<Settings>,
    path: String,
}

impl Stream {
    /// Counts in what all workers share, by compare and swap.
    fn count(&self, key: &str) -> u64 {
        loop {
            let (value, cas) = self.get_shared_data(key);
            let next = value.and_then(|v| String::from_utf8(v).ok()?.parse::<u64>().ok()).unwrap_or(0) + 1;
            match self.set_shared_data(key, Some(next.to_string().as_bytes()), cas) {
                Err(Status::CasMismatch) => continue,
                other => {
                    other.unwrap();
                    return next;
                }
            }
        }
    }

    fn call(&self, cluster: &str) -> Result<u32, Status> {
        let headers = vec![(":method", "POST"), (":path", "/side"), (":authority", "side.test"), ("x-rust", "call")];
        self.dispatch_http_call(cluster, headers, Some(b"question"), vec![], Duration::from_secs(1))
    }

    fn properties(&self) {
        let paths: [&[&str]; 12] = [
            &["request", "path"],
            &["request", "method"],
            &["request", "host"],
            &["request", "protocol"],
            &["request", "headers", "x-in"],
            &["request", "size"],
            &["plugin_name"],
            &["plugin_root_id"],
            &["plugin_vm_id"],
            &["cluster_name"],
            &["listener_direction"],
            &["no", "such"],
        ];
        for path in paths {
            log(&format!("{}: {:?}", path.join("."), hostcalls::get_property(path.to_vec())));
        }
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, headers: usize, size: usize, trailers: usize) {
        let status = self.get_http_call_response_header(":status").unwrap_or("none".into());
        let body = text(self.get_http_call_response_body(0, size));
        log(&format!("answer: {} {} {} {} {}", status, body, headers > 0, size, trailers));
        self.set_http_request_header("x-answer", Some(&format!("{} {}", status, body)));
        self.resume_http_request();
    }

    fn on_done(&mut self) -> bool {
        log(&format!("done {}", self.path));
        true
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, count: usize, end: bool) -> Action {
        self.path = self.get_http_request_header(":path").unwrap_or_default();
        log(&format!("request {} {} {}", self.path, count > 0, end));
        hostcalls::increment_metric(self.settings.requests, 1).unwrap();
        hostcalls::increment_metric(self.settings.open, 1).unwrap();
        hostcalls::record_metric(self.settings.sizes, 7).unwrap();
        self.set_http_request_header("x-greeting", Some(&self.settings.greeting));
        self.set_http_request_header("x-count", Some(&self.count("count").to_string()));
        self.add_http_request_header("x-twice", "1");
        self.add_http_request_header("x-twice", "2");
        self.set_http_request_header("x-remove", None);
        match self.path.split('?').next().unwrap_or("") {
            "/reply" => {
                self.send_http_response(418, vec![("x-reply", "a"), ("x-reply", "b")], Some(b"no coffee"));
                Action::Pause
            }
            "/call" | "/silent" | "/gone" => {
                let name = if self.path == "/call" { "side" } else { &self.path[1..] };
                match self.call(name) {
                    Ok(_) => Action::Pause,
                    Err(status) => {
                        self.set_http_request_header("x-answer", Some(&format!("{:?}", status)));
                        Action::Continue
                    }
                }
            }
            "/properties" => {
                self.properties();
                Action::Continue
            }
            "/body" => {
                self.set_http_request_header("content-length", None);
                Action::Continue
            }
            "/panic" => {
                log(&descend(150).to_string());
                Action::Continue
            }
            _ => Action::Continue,
        }
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if self.path != "/body" {
            return Action::Continue;
        }
        if !end {
            return Action::Pause;
        }
        let body = text(self.get_http_request_body(0, size));
        self.set_http_request_body(0, size, format!("{}, {}", body.to_uppercase(), size).as_bytes());
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, count: usize) -> Action {
        log(&format!("trailers {}", count));
        self.add_http_request_trailer("x-trailer", "rust");
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        let status = self.get_http_response_header(":status").unwrap_or("none".into());
        log(&format!("response {} {}", status, end));
        self.set_http_response_header("content-length", None);
        self.set_http_response_header("x-rust", Some(&self.settings.greeting));
        self.set_http_response_header("server", Some("rust"));
        let names: Vec<String> = self.get_http_response_headers().into_iter().map(|(name, _)| name).collect();
        self.add_http_response_header("x-names", &names.join(" "));
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        if !end {
            return Action::Pause;
        }
        let body = text(self.get_http_response_body(0, size));
        self.set_http_response_body(0, size, format!("<{}>", body).as_bytes());
        Action::Continue
    }

    fn on_log(&mut self) {
        let code = hostcalls::get_property(vec!["response", "code"]);
        log(&format!("log {} {:?}", self.path, code));
        hostcalls::increment_metric(self.settings.open, -1).unwrap();
    }
}
