package main

import (
	"strings"

	"istio.io/istio/pkg/kube"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
)

// clientWith is a Kubernetes that has these objects. Its own ones go past the fake client's Create, which makes a table of all kinds for
// every object: that was half of the time of a request. Gateway API's cannot, because there is no such table and a guess of their
// resources' names is wrong.
func clientWith(t *failer) func(objects ...runtime.Object) kube.Client {
	return func(objects ...runtime.Object) kube.Client {
		var others, own []runtime.Object
		for _, object := range objects {
			if strings.HasPrefix(object.GetObjectKind().GroupVersionKind().Group, "gateway.networking.") {
				others = append(others, object)
			} else {
				own = append(own, object)
			}
		}
		// No version of Kubernetes that Istio supports lacks anything that it asks for.
		client := kube.NewFakeClientWithVersion("35", others...)
		tracker := client.Kube().(*fake.Clientset).Tracker()
		for _, object := range own {
			if err := tracker.Add(object); err != nil {
				t.Fatal(err)
			}
		}
		return client
	}
}
