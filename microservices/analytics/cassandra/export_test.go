package cassandra

// Around makes Apply call around with every write.
func (s *Store) Around(around func(write func() error) error) { s.around = around }

// Cache sets how many counts of a partition of the bus are remembered.
func (s *Store) Cache(n int) { s.cached = n }

// Cached returns how many are.
func (s *Store) Cached(partition int32) (n int) {
	for _, slice := range s.partitions[partition].slices {
		n += len(slice.counts)
	}
	return n
}
