//go:build race

package e2e

// raced says that these tests run under the race detector, and so does the
// binary then.
const raced = true
