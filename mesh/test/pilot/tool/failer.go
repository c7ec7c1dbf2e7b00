package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// failer is what Istio's test harness reports to. Its own test.Wrap does not do: a failure while cleaning up would wait for itself for
// ever, and a panic would end the process.
type failer struct {
	mu       sync.Mutex
	err      error
	cleanups []func()
}

// attempt runs work and then whatever it left to be cleaned up, each so that neither a failure nor a panic gets out.
func attempt(work func(t *failer)) error {
	t := &failer{}
	t.guarded(func() { work(t) })
	for {
		t.mu.Lock()
		last := len(t.cleanups) - 1
		if last < 0 {
			t.mu.Unlock()
			return t.err
		}
		one := t.cleanups[last]
		t.cleanups = t.cleanups[:last]
		t.mu.Unlock()
		t.guarded(one)
	}
}

// guarded runs work in a goroutine of its own, which Fatal can end.
func (t *failer) guarded(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if reason := recover(); reason != nil {
				if os.Getenv("PILOT_LOG") != "" {
					debug.PrintStack()
				}
				t.fail(fmt.Errorf("panic: %v", reason))
			}
		}()
		work()
	}()
	<-done
}

// fail keeps the first reason: the others follow from it.
func (t *failer) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
	}
}

func (t *failer) Fatal(args ...any) {
	t.fail(errors.New(fmt.Sprint(args...)))
	runtime.Goexit()
}

func (t *failer) Fatalf(format string, args ...any) { t.Fatal(fmt.Sprintf(format, args...)) }
func (t *failer) Fail()                             { t.Fatal("failed") }
func (t *failer) FailNow()                          { t.Fatal("failed") }
func (t *failer) Skip(args ...any)                  { t.Fatal(args...) }
func (t *failer) Log(...any)                        {}
func (t *failer) Logf(string, ...any)               {}
func (t *failer) Helper()                           {}

func (t *failer) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

func (t *failer) TempDir() string {
	folder, err := os.MkdirTemp("", "pilot")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}
