package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const domain = "cluster.local"

// populate adds what Kubernetes itself would have made of the resources and the workloads.
func (d *Documents) populate(workloads []Workload) {
	services := d.services()
	allocate(services)
	d.Objects = append(d.Objects, nodes(workloads)...)
	for _, workload := range workloads {
		d.Objects = append(d.Objects, workload.pod())
	}
	for _, service := range services {
		d.Objects = append(d.Objects, endpointSlices(service, workloads)...)
	}
	d.namespaces()
}

func (d *Documents) services() []*corev1.Service {
	var services []*corev1.Service
	for _, object := range d.Objects {
		if service, ok := object.(*corev1.Service); ok {
			services = append(services, service)
		}
	}
	return services
}

// allocate gives Services what the API server would: ports their defaults, and an address, 10.96.0.1 for the first one without, and so on.
func allocate(services []*corev1.Service) {
	given := 0
	for _, service := range services {
		spec := &service.Spec
		for i := range spec.Ports {
			port := &spec.Ports[i]
			if port.Protocol == "" {
				port.Protocol = corev1.ProtocolTCP
			}
			if port.TargetPort == (intstr.IntOrString{}) {
				port.TargetPort = intstr.FromInt32(port.Port)
			}
		}
		if spec.Type == "" {
			spec.Type = corev1.ServiceTypeClusterIP
		}
		if spec.Type != corev1.ServiceTypeExternalName && spec.ClusterIP == "" {
			given++
			spec.ClusterIP = fmt.Sprintf("10.96.%d.%d", given/256, given%256)
		}
		if spec.ClusterIP != "" && len(spec.ClusterIPs) == 0 {
			spec.ClusterIPs = []string{spec.ClusterIP}
		}
	}
}

// namespaces makes those that are only mentioned, and gives all of them the label that Kubernetes does.
func (d *Documents) namespaces() {
	known := map[string]bool{}
	for _, object := range d.Objects {
		if namespace, ok := object.(*corev1.Namespace); ok {
			known[namespace.Name] = true
			if namespace.Labels == nil {
				namespace.Labels = map[string]string{}
			}
			namespace.Labels[corev1.LabelMetadataName] = namespace.Name
		}
	}
	mention := func(name string) {
		if name == "" || known[name] {
			return
		}
		known[name] = true
		d.Objects = append(d.Objects, &corev1.Namespace{
			ObjectMeta: metav1.ObjectMeta{
				Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}, CreationTimestamp: metav1.NewTime(created),
			},
		})
	}
	mention("default")
	mention("istio-system")
	for _, one := range d.Configs {
		mention(one.Namespace)
	}
	for _, object := range append([]runtime.Object{}, d.Objects...) {
		mention(object.(metav1.Object).GetNamespace())
	}
}
