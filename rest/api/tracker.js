// Reports a view of the page that runs it. The address and the form of a view
// are known here, so a page of the site needs no change when they do.
(function (page) {
  var view = {site: "{{.ID}}", path: page.location.pathname, referrer: page.document.referrer};
  if ({{.Counted}}) page.navigator.sendBeacon("/views", JSON.stringify(view));
})(this);
