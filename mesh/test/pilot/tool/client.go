package main

import (
	"strings"

	"istio.io/istio/pkg/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	metadata "k8s.io/client-go/metadata/fake"
	clienttest "k8s.io/client-go/testing"
	"sigs.k8s.io/gateway-api/pkg/consts"
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
		versioned(client.Metadata().(*metadata.FakeMetadataClient))
		return client
	}
}

// versioned gives CRDs the annotation without which Pilot leaves routes of gRPC and TLS unread.
func versioned(client *metadata.FakeMetadataClient) {
	annotate := func(action clienttest.Action) (bool, runtime.Object, error) {
		if made, ok := action.(clienttest.CreateAction); ok {
			if crd, ok := made.GetObject().(*metav1.PartialObjectMetadata); ok {
				crd.Annotations = map[string]string{consts.BundleVersionAnnotation: consts.BundleVersion}
			}
		}
		return false, nil, nil
	}
	client.PrependReactor("create", "customresourcedefinitions", annotate)
	client.PrependReactor("update", "customresourcedefinitions", annotate)
}
