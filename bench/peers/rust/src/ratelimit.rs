//! A bucket for each user, exact over all workers: one time per bucket (GCRA), in shared data, by compare and swap.

use crate::plugin;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, Status};
use serde::Deserialize;
use std::rc::Rc;
use std::time::UNIX_EPOCH;

const SECOND: u64 = 1_000_000_000;
const ATTEMPTS: usize = 100;

#[derive(Default, Deserialize)]
struct Limit {
    name: String,
    header: String,
    requests: u64,
    per_seconds: u64,
    #[serde(skip)]
    policy: String,
    #[serde(skip)]
    admitted: u32,
    #[serde(skip)]
    refused: u32,
}

/// What one request found.
enum Verdict {
    Admitted { remaining: u64, full_in: u64 },
    Refused { wait: u64 },
}

#[derive(Default)]
pub struct Root {
    limit: Rc<Limit>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let Some(limit) = plugin::parse::<Limit>(self.get_plugin_configuration()) else {
            return false;
        };
        self.limit = Rc::new(Limit {
            policy: format!("\"{}\";q={};w={}", limit.name, limit.requests, limit.per_seconds),
            admitted: plugin::counter("rust_ratelimit_admitted_total"),
            refused: plugin::counter("rust_ratelimit_refused_total"),
            ..limit
        });
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(RateLimit { limit: self.limit.clone(), told: None }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct RateLimit {
    limit: Rc<Limit>,
    told: Option<String>,
}

impl RateLimit {
    fn take(&self, user: &str) -> Verdict {
        let limit = &self.limit;
        let key = format!("ratelimit/{}/{}", limit.name, user);
        let now = self.get_current_time().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64);
        let burst = limit.per_seconds * SECOND;
        let step = burst / limit.requests;
        for _ in 0..ATTEMPTS {
            let (stored, cas) = self.get_shared_data(&key);
            let full_at = stored.and_then(|bytes| bytes.try_into().ok()).map_or(now, u64::from_le_bytes).max(now);
            let used = full_at - now + step;
            if used > burst {
                return Verdict::Refused { wait: used - burst };
            }
            // A number that no entry has: then it is only written where there is none yet.
            match self.set_shared_data(&key, Some(&(now + used).to_le_bytes()), cas.or(Some(u32::MAX))) {
                Err(Status::CasMismatch) => continue,
                _ => return Verdict::Admitted { remaining: (burst - used) / step, full_in: used.div_ceil(SECOND) },
            }
        }
        Verdict::Refused { wait: SECOND }
    }

    fn refuse(&self, wait: u64) {
        let limit = &self.limit;
        let seconds = wait.div_ceil(SECOND);
        self.send_http_response(
            429,
            vec![
                ("content-type", "text/plain"),
                ("retry-after", &seconds.to_string()),
                ("ratelimit-policy", &limit.policy),
                ("ratelimit", &format!("\"{}\";r=0;t={seconds}", limit.name)),
            ],
            Some(b"Too many requests"),
        );
    }
}

impl Context for RateLimit {}

impl HttpContext for RateLimit {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let limit = self.limit.clone();
        let user = self.get_http_request_header_bytes(&limit.header).unwrap_or_default();
        match self.take(&String::from_utf8_lossy(&user)) {
            Verdict::Admitted { remaining, full_in } => {
                plugin::increment(limit.admitted);
                self.set_property(vec!["meshscript.ratelimit"], Some(b"verdict=admitted"));
                self.told = Some(format!("\"{}\";r={remaining};t={full_in}", limit.name));
                Action::Continue
            }
            Verdict::Refused { wait } => {
                plugin::increment(limit.refused);
                let verdict = format!("verdict=refused limit={}", limit.name);
                self.set_property(vec!["meshscript.ratelimit"], Some(verdict.as_bytes()));
                self.refuse(wait);
                Action::Pause
            }
        }
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        if let Some(told) = &self.told {
            self.add_http_response_header("ratelimit-policy", &self.limit.policy);
            self.add_http_response_header("ratelimit", told);
        }
        Action::Continue
    }
}
