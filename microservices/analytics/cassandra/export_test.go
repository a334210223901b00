package cassandra

// Around makes Apply call around with every write.
func (s *Store) Around(around func(write func() error) error) { s.around = around }
