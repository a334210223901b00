package event

// A Topic is one stream of records of the bus.
type Topic struct {
	Name       string
	Partitions int32
	Config     map[string]string // by Kafka's names of topic settings
}

// The topics of the platform.
var (
	// TopicActivity holds every [Activity], by [Activity.Key], and keeps it: read
	// models are made again from its first record. Its partitions are how many
	// consumers of one group can share it; their number must not change, since the
	// order of a site's records and the offsets in the stores depend on it.
	TopicActivity = Topic{Name: "activity", Partitions: 8, Config: map[string]string{
		"retention.ms": "-1", "retention.bytes": "-1",
	}}

	// TopicConfiguration holds every [Change], by [ChangeKey]. It is compacted: the
	// last record of each document stays, so who reads it from the beginning has
	// the whole configuration.
	TopicConfiguration = Topic{Name: "configuration", Partitions: 1, Config: map[string]string{
		"cleanup.policy": "compact",
	}}
)

// Topics are all of them.
var Topics = []Topic{TopicActivity, TopicConfiguration}
