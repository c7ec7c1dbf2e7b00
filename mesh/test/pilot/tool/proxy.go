package main

import (
	"encoding/json"
	"fmt"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
	"istio.io/api/label"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/networking/util"
	labelutil "istio.io/istio/pilot/pkg/serviceregistry/util/label"
	"istio.io/istio/pilot/test/xds"
	pm "istio.io/istio/pkg/model"
	"istio.io/istio/pkg/spiffe"
)

// As istio.io/istio's VERSION, of which there is no constant.
const istioVersion = "1.31.0"

// metadata is what the agent of a pod that was injected with default settings says of itself.
func (w Workload) metadata(trustDomain string, more map[string]any) (*model.NodeMetadata, error) {
	type containerPort struct {
		Name          string `json:"name,omitempty"`
		ContainerPort int32  `json:"containerPort"`
		Protocol      string `json:"protocol"`
	}
	ports := []containerPort{}
	for _, port := range w.Ports {
		ports = append(ports, containerPort{port.Name, port.Port, "TCP"})
	}
	podPorts, err := json.Marshal(ports)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{
		"APP_CONTAINERS":        "app",
		"CLUSTER_ID":            "Kubernetes",
		"ENVOY_PROMETHEUS_PORT": 15090,
		"ENVOY_STATUS_PORT":     15021,
		"INSTANCE_IPS":          w.IP,
		"INTERCEPTION_MODE":     "REDIRECT",
		"ISTIO_VERSION":         istioVersion,
		"LABELS":                w.podLabels(),
		"MESH_ID":               trustDomain,
		"NAME":                  w.Name,
		"NAMESPACE":             w.Namespace,
		"NODE_NAME":             w.nodeName(),
		"OWNER":                 fmt.Sprintf("kubernetes://apis/apps/v1/namespaces/%s/deployments/%s", w.Namespace, w.Name),
		"POD_PORTS":             string(podPorts),
		"SERVICE_ACCOUNT":       w.ServiceAccount,
		"WORKLOAD_NAME":         w.Name,
	}
	for name, value := range more {
		fields[name] = value
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	message := &structpb.Struct{}
	if err := protojson.Unmarshal(text, message); err != nil {
		return nil, err
	}
	return model.ParseMetadata(message)
}

// connect makes the proxy that Pilot knows after a connection, in the steps of its discovery server's initializeProxy().
func connect(server *xds.FakeDiscoveryServer, workload Workload, ref ProxyRef) (*model.Proxy, error) {
	env, push := server.Env(), server.PushContext()
	if ref.Type != string(model.SidecarProxy) && ref.Type != string(model.Router) {
		return nil, fmt.Errorf("proxy %q: type is sidecar or router, and not %q", ref.ID, ref.Type)
	}
	trustDomain := env.Mesh().GetTrustDomain()
	metadata, err := workload.metadata(trustDomain, ref.Metadata)
	if err != nil {
		return nil, fmt.Errorf("proxy %q: metadata: %w", ref.ID, err)
	}
	id := fmt.Sprintf("%s~%s~%s.%s~%s.svc.%s", ref.Type, workload.IP, workload.Name, workload.Namespace, workload.Namespace, domain)
	proxy, err := model.ParseServiceNodeWithMetadata(id, metadata)
	if err != nil {
		return nil, fmt.Errorf("proxy %q: %w", ref.ID, err)
	}
	proxy.ConfigNamespace = model.GetProxyConfigNamespace(proxy)
	proxy.VerifiedIdentity = &spiffe.Identity{
		TrustDomain: trustDomain, Namespace: workload.Namespace, ServiceAccount: workload.ServiceAccount,
	}
	proxy.XdsNode = &core.Node{Id: id}
	proxy.SetWorkloadLabels(env)
	setTopology(proxy)
	proxy.SetServiceTargets(env.ServiceDiscovery)
	proxy.SetSidecarScope(push)
	if proxy.Type == model.Router {
		proxy.SetGatewaysForProxy(push)
	}
	proxy.LastPushContext = push
	proxy.DiscoverIPMode()
	return proxy, nil
}

// setTopology is setTopologyLabels() of Pilot, which it does not export.
func setTopology(proxy *model.Proxy) {
	region, zone, subzone := proxy.Labels[labelutil.LabelTopologyRegion], proxy.Labels[labelutil.LabelTopologyZone], proxy.Labels[label.TopologySubzone.Name]
	proxy.Locality = &core.Locality{Region: region, Zone: zone, SubZone: subzone}
	if region == "" && zone == "" && subzone == "" {
		if chosen := pm.GetLocalityLabel(proxy.Labels); chosen != "" {
			proxy.Locality = util.ConvertLocality(chosen)
		}
	}
	locality := util.LocalityToString(proxy.Locality)
	proxy.Labels = labelutil.AugmentLabels(proxy.Labels, proxy.Metadata.ClusterID, locality, proxy.GetNodeName(), proxy.Metadata.Network)
}
