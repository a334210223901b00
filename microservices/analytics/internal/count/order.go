package count

import (
	"cmp"
	"slices"

	"gonotes/microservices/analytics"
)

// TopPages returns the first limit pages in the order of [analytics.Store].
func TopPages(pages []analytics.Page, limit int) []analytics.Page {
	slices.SortFunc(pages, func(a, b analytics.Page) int {
		return cmp.Or(cmp.Compare(b.Views, a.Views), cmp.Compare(b.Likes, a.Likes), cmp.Compare(a.Path, b.Path))
	})
	return pages[:min(limit, len(pages))]
}

// TopReferrers returns the first limit referrers in the order of [analytics.Store].
func TopReferrers(referrers []analytics.Referrer, limit int) []analytics.Referrer {
	slices.SortFunc(referrers, func(a, b analytics.Referrer) int {
		return cmp.Or(cmp.Compare(b.Views, a.Views), cmp.Compare(a.Host, b.Host))
	})
	return referrers[:min(limit, len(referrers))]
}
