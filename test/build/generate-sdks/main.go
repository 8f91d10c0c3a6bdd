// Writes the SDKs for Python, Go and Node.js of a package's schema, as `pulumi package gen-sdk` does: the command itself
// leaves that to language hosts, of which the ones that can are in no registry.
//
// Run: generate-sdks <schema.json> <folder>
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

type generator func(*schema.Package) (map[string][]byte, error)

// Each language changes the package that it is given, so each gets its own.
var generators = map[string]generator{
	"go": func(p *schema.Package) (map[string][]byte, error) { return gogen.GeneratePackage("pulumi", p, nil) },
	"nodejs": func(p *schema.Package) (map[string][]byte, error) {
		return nodejs.GeneratePackage("pulumi", p, nil, nil, true, noLoader{})
	},
	"python": func(p *schema.Package) (map[string][]byte, error) {
		return python.GeneratePackage("pulumi", p, nil, noLoader{})
	},
}

// The schema refers to no other package, so there is none to load.
type noLoader struct{ schema.ReferenceLoader }

func main() {
	text, err := os.ReadFile(os.Args[1])
	check(err)
	for language, generate := range generators {
		var spec schema.PackageSpec
		check(json.Unmarshal(text, &spec))
		bound, problems, err := schema.BindSpec(spec, noLoader{}, schema.ValidationOptions{})
		check(err)
		if problems.HasErrors() {
			check(problems)
		}
		bound.SupportPack = true // as the command does for a package from a folder
		files, err := generate(bound)
		check(err)
		for name, content := range files {
			file := filepath.Join(os.Args[2], language, filepath.FromSlash(name))
			check(os.MkdirAll(filepath.Dir(file), 0o755))
			check(os.WriteFile(file, content, 0o644))
		}
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
