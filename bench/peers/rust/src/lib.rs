//! One module with a root for each filter, chosen by the plugin's root id. Each plugin runs in a VM of its own.

mod authz;
mod empty;
mod fault_injection;
mod metrics;
mod plugin;
mod ratelimit;
mod tracing;

use proxy_wasm::traits::RootContext;
use proxy_wasm::types::LogLevel;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_root_context(|_| root(&plugin::root_id()));
}}

fn root(id: &str) -> Box<dyn RootContext> {
    match id {
        "authz" => Box::<authz::Root>::default(),
        "fault-injection" => Box::<fault_injection::Root>::default(),
        "metrics" => Box::<metrics::Root>::default(),
        "ratelimit" => Box::<ratelimit::Root>::default(),
        "tracing" => Box::<tracing::Root>::default(),
        _ => Box::new(empty::Root),
    }
}
