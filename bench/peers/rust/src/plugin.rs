//! What every plugin asks for when it is configured.

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;
use serde::de::DeserializeOwned;

pub fn root_id() -> String {
    let bytes = hostcalls::get_property(vec!["plugin_root_id"]).unwrap_or_default();
    String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
}

/// A configuration as JSON; one that does not fit is logged and refused.
pub fn parse<T: DeserializeOwned>(bytes: Option<Vec<u8>>) -> Option<T> {
    serde_json::from_slice(&bytes.unwrap_or_else(|| b"{}".to_vec()))
        .map_err(|error| log::error!("configuration: {error}"))
        .ok()
}

pub fn counter(name: &str) -> u32 {
    hostcalls::define_metric(MetricType::Counter, name).unwrap_or_default()
}

/// Counting must not fail a request.
pub fn increment(counter: u32) {
    let _ = hostcalls::increment_metric(counter, 1);
}
