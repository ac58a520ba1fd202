package ledger

// OutrightFrom lets tests try small batches outright; it answers what puts it back.
func OutrightFrom(n int) (back func()) {
	was := outrightFrom
	outrightFrom = n
	return func() { outrightFrom = was }
}
