package main

import (
	"fmt"

	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/kube/krt"
)

// ask starts a Pilot for the request alone, so that nothing is left of the one before.
func ask(request Request) Answer {
	var answer Answer
	err := attempt(func(t *failer) {
		if err := request.complete(); err != nil {
			t.Fatal(err)
		}
		documents, err := parse(request.YAML)
		if err != nil {
			t.Fatal(err)
		}
		documents.populate(request.Workloads)
		meshConfig, err := mesh.ApplyMeshConfigDefaults(request.MeshConfig)
		if err != nil {
			t.Fatal(fmt.Errorf("meshConfig: %w", err))
		}
		// It remembers every collection that was ever made, and with them every Pilot.
		krt.GlobalDebugHandler = new(krt.DebugHandler)
		server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
			Configs: documents.Configs, KubernetesObjects: documents.Objects, MeshConfig: meshConfig, KubeClientBuilder: clientWith(t),
		})
		answer.Warnings = documents.Warnings
		answer.Proxies = map[string]*Config{}
		for _, ref := range request.Proxies {
			workload, err := request.workload(ref.ID)
			if err != nil {
				t.Fatal(err)
			}
			proxy, err := connect(server, workload, ref)
			if err != nil {
				t.Fatal(err)
			}
			if answer.Proxies[ref.ID], err = generate(server, proxy); err != nil {
				t.Fatal(err)
			}
		}
	})
	if err != nil {
		return Answer{Error: err.Error()}
	}
	return answer
}
