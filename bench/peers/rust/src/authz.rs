//! One ALLOW policy: by principal, method and path.

use crate::plugin;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use serde::Deserialize;
use std::rc::Rc;

#[derive(Default, Deserialize)]
struct Policy {
    name: String,
    not_principal: String,
    method: String,
    path_prefix: String,
    #[serde(skip)]
    allowed: u32,
    #[serde(skip)]
    denied: u32,
}

#[derive(Default)]
pub struct Root {
    policy: Rc<Policy>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let Some(policy) = plugin::parse::<Policy>(self.get_plugin_configuration()) else {
            return false;
        };
        self.policy = Rc::new(Policy {
            allowed: plugin::counter("rust_authz_allowed_total"),
            denied: plugin::counter("rust_authz_denied_total"),
            ..policy
        });
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Authz { policy: self.policy.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Authz {
    policy: Rc<Policy>,
}

impl Authz {
    fn allows(&self) -> bool {
        let method = self.get_http_request_header_bytes(":method").unwrap_or_default();
        if method != self.policy.method.as_bytes() {
            return false;
        }
        let target = self.get_http_request_header_bytes(":path").unwrap_or_default();
        let path = target.split(|&byte| byte == b'?' || byte == b'#').next().unwrap_or_default();
        if !path.starts_with(self.policy.path_prefix.as_bytes()) {
            return false;
        }
        let san = self.get_property(vec!["connection", "uri_san_peer_certificate"]).unwrap_or_default();
        let principal = san.strip_prefix(b"spiffe://").unwrap_or(&san);
        principal != self.policy.not_principal.as_bytes()
    }
}

impl Context for Authz {}

impl HttpContext for Authz {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let allowed = self.allows();
        let verdict = if allowed {
            format!("verdict=allowed policy={}", self.policy.name)
        } else {
            "verdict=denied policy=none".to_owned()
        };
        self.set_property(vec!["meshscript.authz"], Some(verdict.as_bytes()));
        if allowed {
            plugin::increment(self.policy.allowed);
            return Action::Continue;
        }
        plugin::increment(self.policy.denied);
        self.send_http_response(403, vec![("content-type", "text/plain")], Some(b"RBAC: access denied"));
        Action::Pause
    }
}
