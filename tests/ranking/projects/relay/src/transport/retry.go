package transport

// ReconnectPolicy says how often and how fast a lost connection is opened again.
type ReconnectPolicy struct {
	Limit int
}

// NextDelay gives the pause before the next attempt.
func (p ReconnectPolicy) NextDelay(attempt int) int {
	return attempt * attempt
}
