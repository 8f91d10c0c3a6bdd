// Reads a Grafana dashboard with the schema that Grafana publishes for Go, and prints each problem on a line.
// A field that the schema does not have, and one that it demands and is missing, are problems. Exit code 1 when there are any.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	plugins.RegisterDefaultPlugins() // panels and queries of Grafana's own plugins are checked too
	text, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = check(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(text []byte) error {
	var parsed dashboard.Dashboard
	// Where all is well it returns a list of errors that is empty, and not nil as an error.
	if err := parsed.UnmarshalJSONStrict(text); err != nil && err.Error() != "" {
		return err
	}
	return parsed.Validate()
}
