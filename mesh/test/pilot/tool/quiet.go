package main

import (
	"flag"
	"io"
	"os"

	"istio.io/istio/pkg/log"
	"k8s.io/klog/v2"
)

// quiet keeps stdout for answers alone: Istio logs there by default. What it logs is about its start, which happens at every request;
// PILOT_LOG=info shows it on stderr.
func quiet() io.Writer {
	answers := os.Stdout
	os.Stdout = os.Stderr
	level := log.NoneLevel
	if chosen := os.Getenv("PILOT_LOG"); chosen != "" {
		level = log.StringToLevel(chosen)
	}
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	options.SetDefaultOutputLevel(log.OverrideScopeName, level)
	_ = log.Configure(options)
	if level == log.NoneLevel {
		flags := flag.NewFlagSet("klog", flag.ContinueOnError)
		klog.InitFlags(flags)
		_ = flags.Set("logtostderr", "false")
		klog.SetOutput(io.Discard)
	}
	return answers
}
