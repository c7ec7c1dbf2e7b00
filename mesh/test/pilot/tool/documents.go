package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
	"istio.io/istio/pkg/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	syaml "sigs.k8s.io/yaml"
)

// Everything was made at the same moment unless it says otherwise: Pilot orders resources by age first, and answers must not depend on
// when they are asked for.
var created = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// Documents are the resources of a request, as Pilot takes them: Istio's own from its configuration store, the others, Gateway API's
// among them, from Kubernetes.
type Documents struct {
	Configs  []config.Config
	Objects  []runtime.Object
	Warnings []string
}

func parse(text string) (*Documents, error) {
	documents := &Documents{}
	reader := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := reader.Read()
		if err == io.EOF {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		if err := documents.add(document); err != nil {
			return nil, err
		}
	}
}

func (d *Documents) add(document []byte) error {
	js, err := syaml.YAMLToJSON(document)
	if err != nil {
		return err
	}
	if bytes.Equal(js, []byte("null")) {
		return nil
	}
	var kind crd.IstioKind
	if err := syaml.Unmarshal(js, &kind); err != nil {
		return err
	}
	gvk := kind.GroupVersionKind()
	schema, known := collections.All.FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&gvk))
	if gvk.Group == gatewayAPI {
		// An API server gives each who asks the version that they read.
		schema, known = collections.All.FindByGroupKind(resource.FromKubernetesGVK(&gvk))
	}
	if !known {
		if strings.HasSuffix(gvk.Group, "istio.io") {
			return fmt.Errorf("%s: Istio has no such kind", title(&kind))
		}
		// Pilot watches only the kinds that it knows.
		return nil
	}
	if strings.HasSuffix(gvk.Group, "istio.io") {
		err = d.addConfig(schema, &kind)
	} else {
		if gvk.Group == gatewayAPI {
			js, err = withDefaults(gvk, js, schema.Version())
		}
		if err == nil {
			err = d.addObject(schema, js)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", title(&kind), err)
	}
	return nil
}

func (d *Documents) addConfig(schema resource.Schema, kind *crd.IstioKind) error {
	if kind.Namespace == "" && !schema.IsClusterScoped() {
		kind.Namespace = "default"
	}
	// The domain is what a short host name is completed with.
	one, err := crd.ConvertObject(schema, kind, domain)
	if err != nil {
		return err
	}
	if one.CreationTimestamp.IsZero() {
		one.CreationTimestamp = created
	}
	// What the admission webhook asks.
	warning, err := schema.ValidateConfig(*one)
	if err != nil {
		return err
	}
	if warning != nil {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%s: %v", title(kind), warning))
	}
	d.Configs = append(d.Configs, *one)
	return nil
}

func (d *Documents) addObject(schema resource.Schema, js []byte) error {
	object, _, err := kube.IstioCodec.UniversalDeserializer().Decode(js, nil, nil)
	if err != nil {
		return err
	}
	meta, ok := object.(metav1.Object)
	if !ok {
		return fmt.Errorf("it has no metadata")
	}
	if meta.GetName() == "" {
		return fmt.Errorf("metadata.name is required")
	}
	if meta.GetNamespace() == "" && !schema.IsClusterScoped() {
		meta.SetNamespace("default")
	}
	if meta.GetCreationTimestamp().Time.IsZero() {
		meta.SetCreationTimestamp(metav1.NewTime(created))
	}
	d.Objects = append(d.Objects, object)
	return nil
}

func title(kind *crd.IstioKind) string {
	return fmt.Sprintf("%s %s", kind.Kind, kind.Name)
}
