package main

import (
	"strings"

	"istio.io/api/label"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func (w Workload) hasSidecar() bool { return w.Sidecar == nil || *w.Sidecar }

// podLabels adds those that the injector adds.
func (w Workload) podLabels() map[string]string {
	labels := map[string]string{}
	for name, value := range w.Labels {
		labels[name] = value
	}
	if !w.hasSidecar() {
		return labels
	}
	first := func(fallback string, names ...string) string {
		for _, name := range names {
			if value := w.Labels[name]; value != "" {
				return value
			}
		}
		return fallback
	}
	labels[label.SecurityTlsMode.Name] = first("istio", label.SecurityTlsMode.Name)
	name, revision := label.ServiceCanonicalName.Name, label.ServiceCanonicalRevision.Name
	labels[name] = first(w.Name, name, "app.kubernetes.io/name", "app")
	labels[revision] = first("latest", revision, "app.kubernetes.io/version", "version")
	return labels
}

func (w Workload) nodeName() string {
	if w.Locality == "" {
		return ""
	}
	return "node-" + strings.ReplaceAll(w.Locality, "/", "-")
}

func (w Workload) pod() *corev1.Pod {
	var ports []corev1.ContainerPort
	for _, port := range w.Ports {
		ports = append(ports, corev1.ContainerPort{Name: port.Name, ContainerPort: port.Port, Protocol: corev1.ProtocolTCP})
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: w.Name, Namespace: w.Namespace, Labels: w.podLabels(), CreationTimestamp: metav1.NewTime(created),
		},
		Spec: corev1.PodSpec{
			ServiceAccountName: w.ServiceAccount,
			NodeName:           w.nodeName(),
			Containers:         []corev1.Container{{Name: "app", Ports: ports}},
		},
		Status: corev1.PodStatus{
			Phase:      corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
			PodIP:      w.IP,
			PodIPs:     []corev1.PodIP{{IP: w.IP}},
		},
	}
}

// nodes are where Pilot reads a pod's locality: one for each locality.
func nodes(workloads []Workload) []runtime.Object {
	var objects []runtime.Object
	made := map[string]bool{"": true}
	for _, workload := range workloads {
		name := workload.nodeName()
		if made[name] {
			continue
		}
		made[name] = true
		labels := map[string]string{}
		parts := strings.SplitN(workload.Locality, "/", 3)
		for i, key := range []string{corev1.LabelTopologyRegion, corev1.LabelTopologyZone, label.TopologySubzone.Name} {
			if i < len(parts) && parts[i] != "" {
				labels[key] = parts[i]
			}
		}
		objects = append(objects, &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, CreationTimestamp: metav1.NewTime(created)},
		})
	}
	return objects
}
