package api

import (
	"bytes"
	"net/http"
)

// operations is the generated interface, one method an operation.
type operations struct{ *API }

// try answers with a problem if there was an error.
func (o operations) try(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		o.fail(w, r, err)
	}
}

func (o operations) GetRoot(w http.ResponseWriter, r *http.Request, _ GetRootParams) {
	o.try(w, r, root(w, r))
}

func (o operations) GetDescription(w http.ResponseWriter, r *http.Request, _ GetDescriptionParams) {
	o.try(w, r, text(w, r, "application/yaml", description, cacheStatic))
}

func (o operations) GetHealth(w http.ResponseWriter, r *http.Request) {
	o.try(w, r, health(w, r))
}

func (o operations) GetReady(w http.ResponseWriter, r *http.Request) {
	o.try(w, r, o.ready(w, r))
}

func (o operations) GetTracker(w http.ResponseWriter, r *http.Request, id SiteID, _ GetTrackerParams) {
	o.try(w, r, o.sendTracker(w, r, id))
}

func (o operations) sendTracker(w http.ResponseWriter, r *http.Request, id string) error {
	doc, err := o.store.Get(r.Context(), sites.kind, id)
	if err != nil {
		return err
	}
	view, err := sites.view(doc)
	if err != nil {
		return err
	}
	var script bytes.Buffer
	err = tracker.Execute(&script, struct {
		ID      string
		Counted bool
	}{doc.ID, view.(Site).Status == Active})
	if err != nil {
		return err
	}
	return text(w, r, "text/javascript", script.Bytes(), cacheItem)
}

func (o operations) ListAccounts(w http.ResponseWriter, r *http.Request, _ ListAccountsParams) {
	o.try(w, r, o.list(w, r, accounts, ""))
}

func (o operations) CreateAccount(w http.ResponseWriter, r *http.Request, params CreateAccountParams) {
	o.try(w, r, o.create(w, r, accounts, "", params.IdempotencyKey))
}

func (o operations) GetAccount(w http.ResponseWriter, r *http.Request, id AccountID, _ GetAccountParams) {
	o.try(w, r, o.get(w, r, accounts, id))
}

func (o operations) ReplaceAccount(w http.ResponseWriter, r *http.Request, id AccountID, params ReplaceAccountParams) {
	o.try(w, r, o.replace(w, r, accounts, id, params.IfMatch))
}

func (o operations) PatchAccount(w http.ResponseWriter, r *http.Request, id AccountID, params PatchAccountParams) {
	o.try(w, r, o.patch(w, r, accounts, id, params.IfMatch))
}

func (o operations) DeleteAccount(w http.ResponseWriter, r *http.Request, id AccountID, params DeleteAccountParams) {
	o.try(w, r, o.remove(w, r, accounts, id, params.IfMatch))
}

func (o operations) ListUsers(w http.ResponseWriter, r *http.Request, parent AccountID, _ ListUsersParams) {
	o.try(w, r, o.list(w, r, users, parent))
}

func (o operations) CreateUser(w http.ResponseWriter, r *http.Request, parent AccountID, params CreateUserParams) {
	o.try(w, r, o.create(w, r, users, parent, params.IdempotencyKey))
}

func (o operations) GetUser(w http.ResponseWriter, r *http.Request, id UserID, _ GetUserParams) {
	o.try(w, r, o.get(w, r, users, id))
}

func (o operations) ReplaceUser(w http.ResponseWriter, r *http.Request, id UserID, params ReplaceUserParams) {
	o.try(w, r, o.replace(w, r, users, id, params.IfMatch))
}

func (o operations) PatchUser(w http.ResponseWriter, r *http.Request, id UserID, params PatchUserParams) {
	o.try(w, r, o.patch(w, r, users, id, params.IfMatch))
}

func (o operations) DeleteUser(w http.ResponseWriter, r *http.Request, id UserID, params DeleteUserParams) {
	o.try(w, r, o.remove(w, r, users, id, params.IfMatch))
}

func (o operations) ListSites(w http.ResponseWriter, r *http.Request, parent AccountID, _ ListSitesParams) {
	o.try(w, r, o.list(w, r, sites, parent))
}

func (o operations) CreateSite(w http.ResponseWriter, r *http.Request, parent AccountID, params CreateSiteParams) {
	o.try(w, r, o.create(w, r, sites, parent, params.IdempotencyKey))
}

func (o operations) GetSite(w http.ResponseWriter, r *http.Request, id SiteID, _ GetSiteParams) {
	o.try(w, r, o.get(w, r, sites, id))
}

func (o operations) ReplaceSite(w http.ResponseWriter, r *http.Request, id SiteID, params ReplaceSiteParams) {
	o.try(w, r, o.replace(w, r, sites, id, params.IfMatch))
}

func (o operations) PatchSite(w http.ResponseWriter, r *http.Request, id SiteID, params PatchSiteParams) {
	o.try(w, r, o.patch(w, r, sites, id, params.IfMatch))
}

func (o operations) DeleteSite(w http.ResponseWriter, r *http.Request, id SiteID, params DeleteSiteParams) {
	o.try(w, r, o.remove(w, r, sites, id, params.IfMatch))
}

func (o operations) ListCampaigns(w http.ResponseWriter, r *http.Request, parent SiteID, _ ListCampaignsParams) {
	o.try(w, r, o.list(w, r, campaigns, parent))
}

func (o operations) CreateCampaign(w http.ResponseWriter, r *http.Request, parent SiteID, params CreateCampaignParams) {
	o.try(w, r, o.create(w, r, campaigns, parent, params.IdempotencyKey))
}

func (o operations) GetCampaign(w http.ResponseWriter, r *http.Request, id CampaignID, _ GetCampaignParams) {
	o.try(w, r, o.get(w, r, campaigns, id))
}

func (o operations) ReplaceCampaign(w http.ResponseWriter, r *http.Request, id CampaignID, params ReplaceCampaignParams) {
	o.try(w, r, o.replace(w, r, campaigns, id, params.IfMatch))
}

func (o operations) PatchCampaign(w http.ResponseWriter, r *http.Request, id CampaignID, params PatchCampaignParams) {
	o.try(w, r, o.patch(w, r, campaigns, id, params.IfMatch))
}

func (o operations) DeleteCampaign(w http.ResponseWriter, r *http.Request, id CampaignID, params DeleteCampaignParams) {
	o.try(w, r, o.remove(w, r, campaigns, id, params.IfMatch))
}
