// Asks Istio's own control plane what it would send to a proxy: a JSON request on each line of stdin, its answer on a line of stdout.
// One process serves thousands of requests, because starting it costs more than answering. Its argument is the path of
// mesh/schemas/gateway-api.json, which requests with resources of the Gateway API need.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	out := quiet()
	if len(os.Args) > 1 {
		if err := loadSchemas(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			answer(out, line)
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func answer(out io.Writer, line []byte) {
	var request Request
	var reply Answer
	if err := json.Unmarshal(line, &request); err != nil {
		reply.Error = fmt.Sprintf("request: %v", err)
	} else {
		reply = ask(request)
	}
	text, err := json.Marshal(reply)
	if err != nil {
		text, _ = json.Marshal(Answer{Error: err.Error()})
	}
	if _, err := out.Write(append(text, '\n')); err != nil {
		os.Exit(1)
	}
}
