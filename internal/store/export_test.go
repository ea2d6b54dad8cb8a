package store

import "time"

// HavePatience gives a busy machine time for connections and decisions. It must
// be called before r is used.
func (r *Redis) HavePatience() {
	r.limit = 30 * time.Second
	r.option.Dialer.Timeout = r.limit
}
