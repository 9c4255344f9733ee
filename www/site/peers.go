package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// The benchmark page compares tabgrad with other libraries. They are no part of a site: the server takes them from where
// npm put them for www/bench, under peersPath, and the index there names the ones that it has.
const (
	peersPath  = "bench/peers/"
	peersIndex = peersPath + "index.json"
)

// peersPolicy is for the scripts of the benchmark's own workers, in which the other libraries run: these start workers of
// their own from blobs, and evaluate text. The page itself keeps the strict policy.
const peersPolicy = "default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval' 'unsafe-eval'; worker-src 'self' blob:; " +
	"connect-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// peerPackages are the npm packages by the folder under peersPath in which their dist is served.
var peerPackages = map[string]string{
	"tfjs":      "@tensorflow/tfjs",
	"tfjs-wasm": "@tensorflow/tfjs-backend-wasm",
	"jax-js":    "@jax-js/jax",
}

// PeersIn is where npm puts the benchmark's other libraries in the repository with the given root, for [Options].
func PeersIn(root string) string {
	return filepath.Join(root, "www", "bench", "node_modules")
}

// PeerVersions tells the version of each package that is installed in a node_modules folder, by its folder's name in the
// site. Nothing installed is not an error.
func PeerVersions(nodeModules string) (map[string]string, error) {
	versions := map[string]string{}
	if nodeModules == "" {
		return versions, nil
	}
	for folder, name := range peerPackages {
		text, err := os.ReadFile(filepath.Join(nodeModules, filepath.FromSlash(name), "package.json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var manifest struct{ Version string }
		if err := json.Unmarshal(text, &manifest); err != nil {
			return nil, fmt.Errorf("%s: package.json: %w", name, err)
		}
		versions[folder] = manifest.Version
	}
	return versions, nil
}

func peersIndexFile(nodeModules string) ([]byte, error) {
	versions, err := PeerVersions(nodeModules)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(versions)
	return append(text, '\n'), err
}

// readPeer reads a file of a package's dist by its name under peersPath. Of all else that npm installed nothing is served.
func readPeer(nodeModules, name string) ([]byte, time.Time, error) {
	folder, file, _ := strings.Cut(name, "/")
	pkg, known := peerPackages[folder]
	if !known {
		return nil, time.Time{}, fs.ErrNotExist
	}
	return readIn(nodeModules, path.Join(pkg, "dist", file))
}
