package main

import (
	"encoding/json"
	"fmt"
)

// Request is one question: a whole cluster, and the proxies in it whose configuration is wanted.
type Request struct {
	YAML       string     `json:"yaml"`
	MeshConfig string     `json:"meshConfig"`
	Workloads  []Workload `json:"workloads"`
	Proxies    []ProxyRef `json:"proxies"`
}

// Workload is a pod that is ready, with a sidecar unless it says otherwise.
type Workload struct {
	Name           string            `json:"name"`
	Namespace      string            `json:"namespace"`
	IP             string            `json:"ip"`
	Labels         map[string]string `json:"labels"`
	ServiceAccount string            `json:"serviceAccount"`
	Ports          []Port            `json:"ports"`
	// region/zone/subzone of the node that it runs on
	Locality string `json:"locality"`
	Sidecar  *bool  `json:"sidecar"`
}

// Port of a container: a number, or a name and a number where a Service's targetPort is a name.
type Port struct {
	Name string `json:"name"`
	Port int32  `json:"port"`
}

func (p *Port) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &p.Port); err == nil {
		return nil
	}
	type plain Port
	return json.Unmarshal(data, (*plain)(p))
}

// ProxyRef names a workload by its name, or by `name.namespace` where the name alone is not enough.
type ProxyRef struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	// What the proxy says of itself beyond what an injected one says: ISTIO_META_* without the prefix
	Metadata map[string]any `json:"metadata"`
}

// Answer has either the proxies or the error.
type Answer struct {
	Proxies  map[string]*Config `json:"proxies,omitempty"`
	Warnings []string           `json:"warnings,omitempty"`
	Error    string             `json:"error,omitempty"`
}

// Config is what a proxy gets; each list is sorted by name.
type Config struct {
	Clusters  []json.RawMessage `json:"clusters"`
	Listeners []json.RawMessage `json:"listeners"`
	Routes    []json.RawMessage `json:"routes"`
	Endpoints []json.RawMessage `json:"endpoints"`
}

func (r Request) workload(id string) (Workload, error) {
	for _, one := range r.Workloads {
		if one.Name == id || one.Name+"."+one.Namespace == id {
			return one, nil
		}
	}
	return Workload{}, fmt.Errorf("proxy %q: there is no such workload", id)
}

// complete gives workloads what Kubernetes gives to pods that do not say it.
func (r *Request) complete() error {
	for i := range r.Workloads {
		one := &r.Workloads[i]
		if one.Name == "" || one.IP == "" {
			return fmt.Errorf("workload %d: name and ip are required", i)
		}
		if one.Namespace == "" {
			one.Namespace = "default"
		}
		if one.ServiceAccount == "" {
			one.ServiceAccount = "default"
		}
	}
	return nil
}
