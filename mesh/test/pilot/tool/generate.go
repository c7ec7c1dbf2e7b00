package main

import (
	"bytes"
	"encoding/json"
	"sort"

	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	// Registers the filters that may be in an Any.
	_ "istio.io/istio/pkg/config/xds"
)

// generate asks for everything in the order in which Envoy asks: clusters, their endpoints, listeners, their routes.
func generate(server *xds.FakeDiscoveryServer, proxy *model.Proxy) (*Config, error) {
	push := &model.PushRequest{Push: server.PushContext(), Forced: true}
	clusters, _ := server.ConfigGen.BuildClusters(proxy, push)
	listeners := server.Listeners(proxy)
	routes, _ := server.ConfigGen.BuildHTTPRoutes(proxy, push, routeNames(listeners))

	config := &Config{}
	var err error
	if config.Clusters, err = fromResources(clusters); err != nil {
		return nil, err
	}
	if config.Routes, err = fromResources(routes); err != nil {
		return nil, err
	}
	named := map[string]proto.Message{}
	for _, one := range listeners {
		named[one.Name] = one
	}
	if config.Listeners, err = sorted(named); err != nil {
		return nil, err
	}
	named = map[string]proto.Message{}
	for _, one := range server.Endpoints(proxy) {
		named[one.ClusterName] = one
	}
	config.Endpoints, err = sorted(named)
	return config, err
}

// routeNames are those that the listeners' connection managers ask for, each once.
func routeNames(listeners []*listener.Listener) []string {
	found := map[string]bool{}
	for _, one := range listeners {
		for _, chain := range append(one.FilterChains, one.DefaultFilterChain) {
			for _, filter := range chain.GetFilters() {
				manager := &hcm.HttpConnectionManager{}
				if filter.GetTypedConfig().MessageIs(manager) && filter.GetTypedConfig().UnmarshalTo(manager) == nil {
					if name := manager.GetRds().GetRouteConfigName(); name != "" {
						found[name] = true
					}
				}
			}
		}
	}
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func fromResources(resources []*discovery.Resource) ([]json.RawMessage, error) {
	named := map[string]proto.Message{}
	for _, one := range resources {
		message, err := one.Resource.UnmarshalNew()
		if err != nil {
			return nil, err
		}
		named[one.Name] = message
	}
	return sorted(named)
}

func sorted(named map[string]proto.Message) ([]json.RawMessage, error) {
	names := make([]string, 0, len(named))
	for name := range named {
		names = append(names, name)
	}
	sort.Strings(names)
	texts := make([]json.RawMessage, 0, len(names))
	for _, name := range names {
		text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(named[name])
		if err != nil {
			return nil, err
		}
		// protojson puts spaces in at random, so that nobody relies on its text.
		var compact bytes.Buffer
		if err := json.Compact(&compact, text); err != nil {
			return nil, err
		}
		texts = append(texts, compact.Bytes())
	}
	return texts, nil
}
