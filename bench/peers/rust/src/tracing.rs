//! W3C Trace Context: checks what comes, continues or starts the trace with a span id of ours.

use crate::plugin;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

const FLAGS: u8 = 0b11;
const MOST_MEMBERS: usize = 32;

#[derive(Clone, Copy, Default)]
struct Counters {
    started: u32,
    continued: u32,
    restarted: u32,
}

#[derive(Default)]
pub struct Root {
    counters: Counters,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        self.counters = Counters {
            started: plugin::counter("rust_tracing_started_total"),
            continued: plugin::counter("rust_tracing_continued_total"),
            restarted: plugin::counter("rust_tracing_restarted_total"),
        };
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Tracing { counters: self.counters }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceContext {
    /// Lower-case digits only; neither id may be zero; versions above 00 may have more behind.
    fn parse(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        if text.len() < 55 || text[2] != b'-' || text[35] != b'-' || text[52] != b'-' {
            return None;
        }
        let version = hex(&text[..2])?;
        if version == 0xff || (version == 0 && text.len() != 55) || (text.len() > 55 && text[55] != b'-') {
            return None;
        }
        let (trace, span, flags) = (hex(&text[3..35])?, hex(&text[36..52])? as u64, hex(&text[53..55])? as u8);
        (trace != 0 && span != 0).then_some(Self { trace, span, flags: flags & FLAGS })
    }

    fn start() -> Self {
        Self { trace: fastrand::u128(1..), span: 0, flags: FLAGS }
    }

    fn header(&self, span: u64) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace, span, self.flags)
    }
}

fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |sum, digit| match digit {
        b'0'..=b'9' => Some(sum << 4 | u128::from(digit - b'0')),
        b'a'..=b'f' => Some(sum << 4 | u128::from(digit - b'a' + 10)),
        _ => None,
    })
}

fn is_tracestate(text: &[u8]) -> bool {
    let members = text.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty());
    let mut count = 0;
    for member in members {
        count += 1;
        let Some(at) = member.iter().position(|&byte| byte == b'=') else { return false };
        let (key, value) = (&member[..at], &member[at + 1..]);
        let is_key = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
        let is_value = |byte: &u8| matches!(byte, 0x20..=0x7e) && *byte != b',' && *byte != b'=';
        if key.is_empty() || key.len() > 256 || !key.iter().all(is_key) {
            return false;
        }
        if value.is_empty() || value.len() > 256 || !value.iter().all(is_value) {
            return false;
        }
    }
    count <= MOST_MEMBERS
}

struct Tracing {
    counters: Counters,
}

impl Context for Tracing {}

impl HttpContext for Tracing {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        // Of a header that comes twice the host gives the values joined by a comma: no traceparent.
        let came = self.get_http_request_header_bytes("traceparent");
        let found = came.as_deref().and_then(TraceContext::parse);
        let state = self.get_http_request_header_bytes("tracestate");
        if state.is_some_and(|state| found.is_none() || !is_tracestate(&state)) {
            self.set_http_request_header("tracestate", None);
        }
        let (action, counter) = match (&found, came) {
            (Some(_), _) => ("continue", self.counters.continued),
            (None, Some(_)) => ("restart", self.counters.restarted),
            (None, None) => ("start", self.counters.started),
        };
        let context = found.unwrap_or_else(TraceContext::start);
        let header = context.header(fastrand::u64(1..));
        self.set_http_request_header("traceparent", Some(&header));
        let note = match context.span {
            0 => format!("action={action} traceparent={header} parent=-"),
            parent => format!("action={action} traceparent={header} parent={parent:016x}"),
        };
        self.set_property(vec!["meshscript.tracing"], Some(note.as_bytes()));
        plugin::increment(counter);
        Action::Continue
    }
}
