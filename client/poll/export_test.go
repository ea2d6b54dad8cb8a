package poll

import "time"

// What the tests of several replicas share with those of one Poller.
var (
	NewService  = newService
	Awake       = awake
	RunDuration = duration
)

// Service is an API as documented.
type Service = service

// Begin starts a run in the service.
func (s *service) Begin(id string, takes time.Duration) (ends time.Time) { return s.start(id, takes) }

// Counted returns the most arrivals in any 60 s, the requests refused, and all
// requests.
func (s *service) Counted() (most, refused, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most, s.refused, s.requests
}
