//! An abort for a share of the requests with a header of some value.

use crate::plugin;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use serde::Deserialize;
use std::rc::Rc;

#[derive(Default, Deserialize)]
struct Fault {
    name: String,
    header: String,
    exact: String,
    percentage: f64,
    status: u32,
    #[serde(skip)]
    aborted: u32,
}

#[derive(Default)]
pub struct Root {
    fault: Rc<Fault>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let Some(fault) = plugin::parse::<Fault>(self.get_plugin_configuration()) else {
            return false;
        };
        self.fault = Rc::new(Fault { aborted: plugin::counter("rust_fault_aborted_total"), ..fault });
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(FaultInjection { fault: self.fault.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct FaultInjection {
    fault: Rc<Fault>,
}

impl Context for FaultInjection {}

impl HttpContext for FaultInjection {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let fault = &self.fault;
        let value = self.get_http_request_header_bytes(&fault.header);
        if value.is_none_or(|value| value != fault.exact.as_bytes()) || fastrand::f64() * 100.0 >= fault.percentage {
            return Action::Continue;
        }
        let note = format!("fault={} abort={}", fault.name, fault.status);
        self.set_property(vec!["meshscript.fault-injection"], Some(note.as_bytes()));
        plugin::increment(fault.aborted);
        self.send_http_response(fault.status, vec![("content-type", "text/plain")], Some(b"fault filter abort"));
        Action::Pause
    }
}
