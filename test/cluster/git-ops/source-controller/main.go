// Runs Flux's reconciler of Git repositories, and serves what it has fetched. Flux's own main program also runs those of Helm
// charts, OCI images and buckets, whose libraries would take most of the time of the build. `.ci/install-real-parts` puts this
// file in its place, in the module github.com/fluxcd/source-controller.
package main

import (
	"flag"
	"log"

	"github.com/fluxcd/pkg/artifact/config"
	"github.com/fluxcd/pkg/artifact/digest"
	"github.com/fluxcd/pkg/artifact/server"
	"github.com/fluxcd/pkg/artifact/storage"
	"github.com/fluxcd/pkg/runtime/controller"
	"github.com/fluxcd/pkg/runtime/events"
	"github.com/fluxcd/pkg/runtime/features"
	"github.com/fluxcd/pkg/runtime/logger"
	"github.com/fluxcd/pkg/runtime/metrics"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	sources "github.com/fluxcd/source-controller/internal/controller"
	sourcefeatures "github.com/fluxcd/source-controller/internal/features"
)

const name = "source-controller"

func main() {
	var artifacts config.Options
	artifacts.BindFlags(pflag.CommandLine)
	// --kubeconfig
	pflag.CommandLine.AddGoFlagSet(flag.CommandLine)
	pflag.Parse()
	logger.SetLogger(logger.NewLogger(logger.Options{LogEncoding: "json", LogLevel: "info"}))
	check((&features.FeatureGates{}).SupportedFeatures(sourcefeatures.FeatureGates()))

	types := runtime.NewScheme()
	check(scheme.AddToScheme(types))
	check(sourcev1.AddToScheme(types))
	manager, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
		Scheme:  types,
		Metrics: metricsserver.Options{BindAddress: "0"},
	})
	check(err)
	recorder, err := events.NewRecorder(manager, ctrl.Log, "", name)
	check(err)
	digest.Canonical, err = digest.AlgorithmForName(artifacts.ArtifactDigestAlgo)
	check(err)
	store, err := storage.New(&artifacts)
	check(err)
	check((&sources.GitRepositoryReconciler{
		Client:         manager.GetClient(),
		EventRecorder:  recorder,
		Metrics:        controller.NewMetrics(manager, metrics.MustMakeRecorder(), sourcev1.SourceFinalizer),
		Storage:        store,
		ControllerName: name,
	}).SetupWithManager(manager))

	ended := ctrl.SetupSignalHandler()
	go func() { check(server.Start(ended, &artifacts)) }()
	check(manager.Start(ended))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
