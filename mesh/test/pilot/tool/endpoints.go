package main

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// endpointSlices are what Kubernetes' controller makes of a Service with a selector: a slice for each set of ports that its pods have,
// which is one unless a target port is a name. Without a selector the request brings its own.
func endpointSlices(service *corev1.Service, workloads []Workload) []runtime.Object {
	if len(service.Spec.Selector) == 0 || service.Spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	selector := labels.SelectorFromSet(service.Spec.Selector)
	slices := map[string]*discoveryv1.EndpointSlice{}
	var objects []runtime.Object
	for _, workload := range workloads {
		if workload.Namespace != service.Namespace || !selector.Matches(labels.Set(workload.podLabels())) {
			continue
		}
		ports, key := workload.targets(service)
		slice := slices[key]
		if slice == nil {
			slice = &discoveryv1.EndpointSlice{
				ObjectMeta: metav1.ObjectMeta{
					Name:              fmt.Sprintf("%s-%d", service.Name, len(slices)+1),
					Namespace:         service.Namespace,
					Labels:            map[string]string{discoveryv1.LabelServiceName: service.Name},
					CreationTimestamp: metav1.NewTime(created),
				},
				AddressType: addressType(workload.IP),
				Ports:       ports,
			}
			slices[key] = slice
			objects = append(objects, slice)
		}
		slice.Endpoints = append(slice.Endpoints, workload.endpoint())
	}
	return objects
}

func addressType(ip string) discoveryv1.AddressType {
	if strings.Contains(ip, ":") {
		return discoveryv1.AddressTypeIPv6
	}
	return discoveryv1.AddressTypeIPv4
}

// targets are the workload's ports behind the Service's, and a text that is the same for the same ports.
func (w Workload) targets(service *corev1.Service) ([]discoveryv1.EndpointPort, string) {
	ports := []discoveryv1.EndpointPort{}
	key := string(addressType(w.IP))
	for _, port := range service.Spec.Ports {
		number := port.TargetPort.IntVal
		if port.TargetPort.Type == intstr.String {
			number = w.named(port.TargetPort.StrVal)
		}
		// Kubernetes leaves a port out that the pod has no container port for.
		if number == 0 {
			continue
		}
		ports = append(ports, discoveryv1.EndpointPort{
			Name: &port.Name, Port: &number, Protocol: &port.Protocol, AppProtocol: port.AppProtocol,
		})
		key += fmt.Sprintf(" %s:%d", port.Name, number)
	}
	return ports, key
}

func (w Workload) named(name string) int32 {
	for _, port := range w.Ports {
		if port.Name == name {
			return port.Port
		}
	}
	return 0
}

func (w Workload) endpoint() discoveryv1.Endpoint {
	ready := true
	endpoint := discoveryv1.Endpoint{
		Addresses:  []string{w.IP},
		Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &ready},
		TargetRef:  &corev1.ObjectReference{Kind: "Pod", Name: w.Name, Namespace: w.Namespace},
	}
	if name := w.nodeName(); name != "" {
		endpoint.NodeName = &name
		if parts := strings.Split(w.Locality, "/"); len(parts) > 1 {
			endpoint.Zone = &parts[1]
		}
	}
	return endpoint
}
