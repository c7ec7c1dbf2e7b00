//! Istio's four metrics of HTTP with their 25 labels, as the server's side reports them.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, MetricType};
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::plugin;

#[derive(Default, Deserialize)]
struct Workload {
    name: String,
    namespace: String,
    app: String,
    version: String,
    cluster: String,
    service: String,
}

/// The labels that differ from request to request.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    code: i64,
    flags: i64,
    peer: Vec<u8>,
    grpc: bool,
}

#[derive(Clone, Copy)]
struct Series {
    requests: u32,
    duration: u32,
    received: u32,
    sent: u32,
}

#[derive(Default)]
struct Recorder {
    workload: Workload,
    series: RefCell<HashMap<Key, Series>>,
}

impl Recorder {
    fn series(&self, key: Key) -> Series {
        *self.series.borrow_mut().entry(key).or_insert_with_key(|key| self.define(key))
    }

    fn define(&self, key: &Key) -> Series {
        let labels = self.labels(key);
        let define = |kind, name: &str| hostcalls::define_metric(kind, &format!("{labels}{name}")).unwrap_or_default();
        Series {
            requests: define(MetricType::Counter, "istio_requests_total"),
            duration: define(MetricType::Histogram, "istio_request_duration_milliseconds"),
            received: define(MetricType::Histogram, "istio_request_bytes"),
            sent: define(MetricType::Histogram, "istio_response_bytes"),
        }
    }

    fn labels(&self, key: &Key) -> String {
        let own = &self.workload;
        let peer = String::from_utf8_lossy(&key.peer);
        let or = |value: &str, other: &str| if value.is_empty() { other.to_owned() } else { value.to_owned() };
        let protocol = if key.grpc { "grpc" } else { "http" };
        let service_name = own.service.split('.').next().unwrap_or_default();
        let code = key.code.to_string();
        let flags = if key.flags == 0 { "-".to_owned() } else { key.flags.to_string() };
        let labels = [
            ("reporter", "destination"),
            ("source_workload", "unknown"),
            ("source_canonical_service", "unknown"),
            ("source_canonical_revision", "latest"),
            ("source_workload_namespace", "unknown"),
            ("source_principal", &or(&peer, "unknown")),
            ("source_app", "unknown"),
            ("source_version", "unknown"),
            ("source_cluster", "unknown"),
            ("destination_workload", &own.name),
            ("destination_workload_namespace", &own.namespace),
            ("destination_principal", "unknown"),
            ("destination_app", &own.app),
            ("destination_version", &own.version),
            ("destination_service", &own.service),
            ("destination_canonical_service", &own.app),
            ("destination_canonical_revision", &own.version),
            ("destination_service_name", service_name),
            ("destination_service_namespace", &own.namespace),
            ("destination_cluster", &own.cluster),
            ("request_protocol", protocol),
            ("response_code", &code),
            ("grpc_response_status", ""),
            ("response_flags", &flags),
            ("connection_security_policy", if key.peer.is_empty() { "none" } else { "mutual_tls" }),
        ];
        labels.iter().map(|(name, value)| format!("{name}=.={value};.;")).collect()
    }
}

#[derive(Default)]
pub struct Root {
    recorder: Rc<Recorder>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let Some(workload) = plugin::parse(self.get_plugin_configuration()) else {
            return false;
        };
        self.recorder = Rc::new(Recorder { workload, series: RefCell::default() });
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Metrics { recorder: self.recorder.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Metrics {
    recorder: Rc<Recorder>,
}

impl Metrics {
    fn integer(&self, path: [&str; 2]) -> i64 {
        let bytes = self.get_property(path.to_vec()).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, i64::from_le_bytes)
    }
}

impl Context for Metrics {}

impl HttpContext for Metrics {
    fn on_log(&mut self) {
        let content_type = self.get_http_request_header_bytes("content-type").unwrap_or_default();
        let series = self.recorder.series(Key {
            code: self.integer(["response", "code"]),
            flags: self.integer(["response", "flags"]),
            peer: self.get_property(vec!["connection", "uri_san_peer_certificate"]).unwrap_or_default(),
            grpc: content_type.starts_with(b"application/grpc"),
        });
        let milliseconds = self.integer(["request", "duration"]) / 1_000_000;
        let _ = hostcalls::increment_metric(series.requests, 1);
        let _ = hostcalls::record_metric(series.duration, milliseconds as u64);
        let _ = hostcalls::record_metric(series.received, self.integer(["request", "total_size"]) as u64);
        let _ = hostcalls::record_metric(series.sent, self.integer(["response", "total_size"]) as u64);
    }
}
