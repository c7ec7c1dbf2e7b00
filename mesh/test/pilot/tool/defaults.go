package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Schema is what is looked at of a CRD's schema: where its defaults are.
type Schema struct {
	Default    any                `json:"default"`
	Properties map[string]*Schema `json:"properties"`
	Items      *Schema            `json:"items"`
	Additional json.RawMessage    `json:"additionalProperties"`
}

// Schemas are those of mesh/schemas/gateway-api.json. An API server gives resources the defaults of their CRDs, and Pilot relies on it: a
// match without a path ends the whole process. Istio's own CRDs have none.
type Schemas struct {
	Kinds []struct {
		Group string `json:"group"`
		Kind  string `json:"kind"`
		Forms []struct {
			Versions []string `json:"versions"`
			Spec     *Schema  `json:"spec"`
		} `json:"forms"`
	} `json:"kinds"`
}

const gatewayAPI = "gateway.networking.k8s.io"

var schemas Schemas

func loadSchemas(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &schemas)
}

// withDefaults is a resource of the Gateway API as an API server gives it to who asks for a version.
func withDefaults(gvk schema.GroupVersionKind, js []byte, version string) ([]byte, error) {
	for _, kind := range schemas.Kinds {
		for _, form := range kind.Forms {
			if kind.Group != gvk.Group || kind.Kind != gvk.Kind || !slices.Contains(form.Versions, gvk.Version) {
				continue
			}
			var resource map[string]any
			if err := json.Unmarshal(js, &resource); err != nil {
				return nil, err
			}
			if resource["spec"] == nil {
				resource["spec"] = map[string]any{}
			}
			form.Spec.fill(resource["spec"])
			resource["apiVersion"] = gatewayAPI + "/" + version
			return json.Marshal(resource)
		}
	}
	return nil, fmt.Errorf("no schema of %s is known: give the program the path of gateway-api.json", gvk)
}

// fill goes from the outside to the inside, because defaults can have defaults in them.
func (s *Schema) fill(value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, property := range s.Properties {
			if value[name] == nil && property.Default != nil {
				value[name] = copied(property.Default)
			}
			if value[name] != nil {
				property.fill(value[name])
			}
		}
		var additional Schema
		// `true` is no schema.
		if json.Unmarshal(s.Additional, &additional) == nil {
			for name := range value {
				if _, known := s.Properties[name]; !known {
					additional.fill(value[name])
				}
			}
		}
	case []any:
		if s.Items != nil {
			for _, item := range value {
				s.Items.fill(item)
			}
		}
	}
}

// copied keeps a resource from writing into the schema.
func copied(value any) any {
	text, _ := json.Marshal(value)
	var copy any
	_ = json.Unmarshal(text, &copy)
	return copy
}
