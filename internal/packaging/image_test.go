package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The image is built on an empty base, since the real one is in a registry, and
// with buildah, which needs no daemon.
func TestTheImageLeadsToAServer(t *testing.T) {
	t.Parallel()
	release := dist(t)
	if _, err := exec.LookPath("buildah"); err != nil || os.Getuid() != 0 {
		t.Skip("needs buildah, and root")
	}
	store := t.TempDir()
	buildah := func(args ...string) *exec.Cmd {
		return exec.Command("buildah", append([]string{"--storage-driver", "vfs", "--root", store + "/images", "--runroot", store + "/run"}, args...)...)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		program, err := binary(release, "linux_"+arch)
		if err != nil {
			t.Fatal(err)
		}
		context := t.TempDir() // as goreleaser lays it out
		if err := write(context, map[string]file{"linux/" + arch + "/" + name: {program, 0o755}}); err != nil {
			t.Fatal(err)
		}
		out, err := buildah("bud", "--isolation", "chroot", "--format", "docker", "--platform", "linux/"+arch, "--target", "release",
			"--build-arg", "BASE=scratch", "--tag", arch, "--file", filepath.Join("..", "..", "Dockerfile"), context).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if out, err = buildah("inspect", "--type", "image", arch).Output(); err != nil {
			t.Fatal(err)
		}
		var image struct{ Docker imageConfig }
		if err := json.Unmarshal(out, &image); err != nil {
			t.Fatal(err)
		}
		label := image.Docker.Config.Labels["io.modelcontextprotocol.server.name"]
		image.Docker.Config.Labels = nil
		want := imageConfig{Architecture: arch}
		want.Config.User, want.Config.Entrypoint = "65532:65532", []string{"/instaview-mcp"}
		want.Config.Healthcheck.Test = []string{"NONE"}
		if diff := cmp.Diff(want, image.Docker); diff != "" || label != (origin{repository: exampleRepository}).registryName() {
			t.Errorf("label %q and %s", label, diff)
		}
	}
	container, err := buildah("from", "--name", "running", runtime.GOARCH).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, container)
	}
	wantDemo(t, buildah("run", "--isolation", "chroot", "running", "--", "/instaview-mcp", "--demo"))
}

type imageConfig struct {
	Architecture string
	Config       struct {
		User        string
		Entrypoint  []string
		Labels      map[string]string
		Healthcheck struct{ Test []string }
	}
}
