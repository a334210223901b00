package broker

// Clean does at once what the broker does every hour: it compacts, and drops what is
// too old.
func (b *Broker) Clean() { b.cluster.Compact() }
