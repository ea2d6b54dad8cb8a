//go:build race

package e2e

// raced reports whether these tests, and therefore the binary, run under the
// race detector.
const raced = true
